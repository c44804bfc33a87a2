"""Google Drive: from a share link to an address that gives the file.

Large files answer with a page that warns of viruses and holds a form with a token; popular ones
with a page saying that the day's quota is used up (fact sheet pain_points row 18).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import httpx

from wizard.transfer.errors import QuotaUsedUp, WrongContent
from wizard.transfer.http import pages
from wizard.transfer.http.addresses import shown
from wizard.transfer.http.client import read_at_most
from wizard.transfer.http.refusals import broken

HOSTS = frozenset({"drive.google.com", "docs.google.com", "drive.usercontent.google.com"})
DOWNLOAD = "https://drive.usercontent.google.com/download"

_SHARED = re.compile(r"/(?:file/)?d/([\w-]+)")
_CONFIRM = frozenset({"download-form", "downloadForm"})
_MOST = 64 << 10


def file_id(address: str) -> str:
    """Return the id of the file a Drive address names; empty for any other address."""
    parts = urlsplit(address)
    if parts.hostname not in HOSTS:
        return ""
    shared = _SHARED.search(parts.path)
    return shared.group(1) if shared else parse_qs(parts.query).get("id", [""])[0]


def resolve(name: str, open_client: Callable[[], httpx.Client], *, download: str = DOWNLOAD) -> str:
    """Return the address that gives the file with the id ``name``.

    Raises ``WrongContent`` for the quota page and every other page without a form, or another
    ``TransferError`` when Drive does not answer.
    """
    address = direct(name, download)
    with open_client() as client:
        page = _page(client, address)
    if page is None:
        return address
    form = _find_form(page)
    if form is None:
        raise _not_the_file(page, address)
    action, fields = form
    return f"{urljoin(address, action).partition('?')[0]}?{urlencode(fields)}"


def direct(name: str, download: str = DOWNLOAD) -> str:
    """Return the address that gives a small file, or says what else is wanted."""
    return f"{download}?{urlencode({'id': name, 'export': 'download'})}"


def _page(client: httpx.Client, address: str) -> str | None:
    """Return the web page an address answers with, None when it answers with the file."""
    try:
        with client.stream("GET", address, follow_redirects=True) as answer:
            if not answer.headers.get("content-type", "").startswith("text/html"):
                return None
            return read_at_most(answer, _MOST).decode("utf-8", errors="replace")
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise broken(error, address) from None


def _not_the_file(page: str, address: str) -> WrongContent:
    said = page.encode()[:_MOST]
    kind = pages.page_kind(said)
    error = QuotaUsedUp if kind == "quota" else WrongContent
    return error(
        f"Google Drive answered with {pages.PAGE_NAMES[kind]}",
        where=shown(address),
        hint=pages.PAGE_HINTS[kind],
        page=kind,
        title=pages.html_title(said),
    )


def _find_form(page: str) -> tuple[str, dict[str, str]] | None:
    reader = _FormReader()
    reader.feed(page)
    reader.close()
    return (reader.action, reader.fields) if reader.fields else None


class _FormReader(HTMLParser):
    """Collects action and hidden fields of the confirmation form."""

    def __init__(self) -> None:
        super().__init__()
        self.action = ""
        self.fields: dict[str, str] = {}
        self._inside = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._inside = values.get("id") in _CONFIRM
            self.action = values.get("action", "") if self._inside else self.action
        elif tag == "input" and self._inside and values.get("type") == "hidden":
            self.fields[values.get("name", "")] = values.get("value", "")
