"""Web pages that come in place of a file: what they are, and their title."""

from __future__ import annotations

import html
import re

from wizard.transfer.errors import PageKind

# Pages come from anybody: no pattern may look for the same end again and again.
_TITLE = re.compile(
    r"<title[^<>]{0,500}>([^<]{0,2000}(?:<[^<]{0,200}){0,5}?)</title", re.IGNORECASE
)
_HEADING = re.compile(r"<h1[^<>]{0,500}>([^<]{0,2000}(?:<[^<]{0,200}){0,5}?)</h1", re.IGNORECASE)
_HIDDEN = re.compile(r"<(script|style|head\b|!--)", re.IGNORECASE)
_TAG = re.compile(r"<[^<>]*>")
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

PAGE_NAMES: dict[PageKind, str] = {
    "login": "a login page",
    "licence": "a licence page",
    "quota": "a quota page",
    "gone": "a page saying the file is gone",
    "blocked": "a page of a firewall or filter",
    "expired": "a page saying the link has expired",
    "other": "a web page",
}
PAGE_HINTS: dict[PageKind, str] = {
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


def html_title(page: bytes) -> str:
    """Return the title of a page, or its first heading, on one line; empty when it has none."""
    text = text_of(page)
    for pattern in (_TITLE, _HEADING):
        found = pattern.search(text)
        if found and (title := _plain(found[1])):
            return title[:_LONGEST_TITLE]
    return ""


def page_kind(page: bytes) -> PageKind:
    """Tell what a page is by what it shows."""
    text = text_of(page)
    if _PASSWORD.search(text):
        return "login"
    seen = f"{html_title(page)} {_plain(shown_part(text))}".lower()
    for kind, sign in _SIGNS:
        if sign.search(seen):
            return kind
    return "other"


def shown_part(text: str) -> str:
    """Return a page without scripts, styles, head and comments, each end looked for once."""
    low, parts, position = text.lower(), list[str](), 0
    while found := _HIDDEN.search(text, position):
        parts.append(text[position : found.start()])
        name = found[1].lower()
        end = low.find("-->" if name == "!--" else f"</{name}", found.end())
        if end < 0:
            return " ".join(parts)
        position = end
    return " ".join([*parts, text[position:]])


def _plain(markup: str) -> str:
    bare = html.unescape(_TAG.sub(" ", markup))
    visible = "".join(letter if letter.isprintable() else " " for letter in bare)
    return _SPACE.sub(" ", visible).strip()
