"""Web pages that come in place of a file: what they are, and their title."""

from __future__ import annotations

import html
import re

from wizard.transfer.errors import PageKind

_TITLE = re.compile(r"<title[^>]*>(.*?)</title", re.IGNORECASE | re.DOTALL)
_HEADING = re.compile(r"<h1[^>]*>(.*?)</h1", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"<(script|style|head)\b.*?</\1\s*>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<[^>]*>")
_SPACE = re.compile(r"\s+")
_LONGEST_TITLE = 80

_PASSWORD = re.compile(r"""type\s*=\s*["']?password""", re.IGNORECASE)
# In this order: the first that fits names the page.
_SIGNS: tuple[tuple[PageKind, re.Pattern[str]], ...] = (
    ("quota", re.compile(r"quota|too many users have (viewed|downloaded)|download limit")),
    (
        "blocked",
        re.compile(r"firewall|blocked by|blocked due|web filter|captive portal|access policy"),
    ),
    (
        "expired",
        re.compile(r"request has expired|link (has|is) expired|expired ?token|url expired"),
    ),
    (
        "licence",
        re.compile(r"licen[cs]e agreement|terms of (use|service|access)|(accept|agree to) the"),
    ),
    ("login", re.compile(r"\b(log|sign) ?-?in\b|password")),
    (
        "gone",
        re.compile(r"not found|no longer (available|exists)|\b404\b|moved|domain .{0,20}for sale"),
    ),
)

NAMES: dict[PageKind, str] = {
    "login": "a login page",
    "licence": "a licence page",
    "quota": "a quota page",
    "gone": "a page saying the file is gone",
    "blocked": "a page of a firewall or filter",
    "expired": "a page saying the link has expired",
    "other": "a web page",
}
HINTS: dict[PageKind, str] = {
    "login": "Log in to the site again (segwizard credentials set), then run again.",
    "licence": "Open the page in a browser, accept its terms, then run again.",
    "quota": "Too many downloads of this file today; try again in 24 hours or use the inbox.",
    "gone": "Use another mirror, or put the file in the inbox (segwizard import FILE).",
    "blocked": "This network blocks the host: fetch the file elsewhere and import it.",
    "expired": "Get a fresh link and paste it (segwizard link).",
    "other": "Open the address in a browser to see what it wants, or import the file by hand.",
}


def text_of(page: bytes) -> str:
    """Return a page as text, whatever its encoding."""
    return page.decode("utf-8", errors="replace")


def title_of(page: bytes) -> str:
    """Return the title of a page, or its first heading, on one line; empty when it has none."""
    text = text_of(page)
    for pattern in (_TITLE, _HEADING):
        found = pattern.search(text)
        if found and (title := _plain(found[1])):
            return title[:_LONGEST_TITLE]
    return ""


def kind_of(page: bytes) -> PageKind:
    """Tell what a page is by what it shows."""
    text = text_of(page)
    if _PASSWORD.search(text):
        return "login"
    seen = f"{title_of(page)} {_plain(_HIDDEN.sub(' ', text))}".lower()
    for kind, sign in _SIGNS:
        if sign.search(seen):
            return kind
    return "other"


def _plain(markup: str) -> str:
    bare = html.unescape(_TAG.sub(" ", markup))
    visible = "".join(letter if letter.isprintable() else " " for letter in bare)
    return _SPACE.sub(" ", visible).strip()
