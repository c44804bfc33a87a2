"""Whether an address still hands out its file, by asking for the head of it and nothing more."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal
from urllib.parse import urlsplit

import httpx

from wizard.errors import TransferError
from wizard.transfer.http import pages
from wizard.transfer.http.addresses import host, shown
from wizard.transfer.http.client import make_client
from wizard.transfer.http.refusals import broken
from wizard.transfer.http.response_head import read_head
from wizard.transfer.links import drive
from wizard.transfer.retry_policy import RetryPolicy

AddressState = Literal[
    "alive", "moved", "other size", "login page", "login", "page", "gone", "busy", "unreachable"
]
"""``login``: the host asks who we are; ``page``: a web page where the file should be."""

HANDS_OUT: frozenset[AddressState] = frozenset(("alive", "moved"))
"""States in which the file can be had."""

_NO_HEAD = frozenset({400, 401, 403, 404, 405, 406, 409, 501})
"""Hosts that do not know HEAD, or sign addresses for GET alone, answer so."""
_BUSY = frozenset({408, 425, 429, 500, 502, 503, 504, 509})
_FOR_GOOD = frozenset({301, 308})
_HOPS = 8
_HOSTS_AT_ONCE = 8
_MOST = 64 << 10


@dataclass(frozen=True, slots=True)
class AddressQuestion:
    """An address and the size its file should have, where that is known."""

    url: str
    size: int | None = None
    gated: bool = False
    """Whether the host is expected to ask who we are."""


@dataclass(frozen=True, slots=True)
class AddressAnswer:
    """What an address said."""

    url: str
    state: AddressState
    detail: str = ""
    size: int | None = None
    """Bytes of the file, where the host says."""
    moved_to: str = ""


OpenClient = Callable[[str], httpx.Client | None]
"""Gives the client that carries a login for an origin, None for anybody's."""


def check_addresses(
    questions: Iterable[AddressQuestion],
    *,
    policy: RetryPolicy | None = None,
    logged_in: OpenClient = lambda url: None,
    told: Callable[[AddressAnswer], None] = lambda answer: None,
) -> tuple[AddressAnswer, ...]:
    """Ask every address once, several hosts at a time and each host one question at a time.

    ``logged_in`` gives clients that carry a login, by default none; they are used for the first
    request alone, never where a redirect leads. ``told`` is called from several threads.
    """
    by_host: dict[str, list[AddressQuestion]] = defaultdict(list)
    for each in dict.fromkeys(questions):
        by_host[_host(each.url)].append(each)

    def ask_host(own: Sequence[AddressQuestion]) -> list[AddressAnswer]:
        answers = []
        with make_client(policy) as client:
            for each in own:
                answers.append(check_address(each, client, logged_in(each.url)))
                told(answers[-1])
        return answers

    with ThreadPoolExecutor(_HOSTS_AT_ONCE, thread_name_prefix="segwizard-ask") as pool:
        return tuple(answer for found in pool.map(ask_host, by_host.values()) for answer in found)


def check_address(
    question: AddressQuestion, client: httpx.Client, carrier: httpx.Client | None = None
) -> AddressAnswer:
    """Ask one address; what goes wrong is an answer, too."""
    try:
        if name := drive.file_id(question.url):
            return _drive(question, name, client)
        return _asked(question, client, carrier)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        return AddressAnswer(question.url, "unreachable", broken(error, question.url).message)
    except TransferError as error:
        return AddressAnswer(question.url, "page", error.message)


def _drive(question: AddressQuestion, name: str, client: httpx.Client) -> AddressAnswer:
    """Drive answers with the file, or with a form that leads to it, or with why not."""
    answer = client.get(drive.direct(name), headers={"Range": "bytes=0-0"}, follow_redirects=True)
    if answer.status_code in (404, 410):
        return AddressAnswer(question.url, "gone", "Drive knows no such file")
    if answer.headers.get("content-type", "").startswith("text/html"):
        page = answer.content[:_MOST]
        if b"download-form" in page or b"downloadForm" in page:
            return AddressAnswer(question.url, "alive", "behind Drive's warning of large files")
        return _page(question.url, page)
    return _file(question, answer, "")


def _asked(
    question: AddressQuestion, client: httpx.Client, carrier: httpx.Client | None
) -> AddressAnswer:
    url, moved = question.url, ""
    for hop in range(_HOPS):
        asking = carrier if carrier is not None and not hop else client
        answer = asking.head(url)
        if answer.status_code in _NO_HEAD or (answer.is_success and _is_page(answer)):
            answer = _first_byte(asking, url)
        if not answer.has_redirect_location:
            return _judged(question, answer, moved)
        url = str(answer.url.join(answer.headers["location"]))
        if answer.status_code in _FOR_GOOD and _elsewhere(question.url, url):
            moved = url
        if any(sign in urlsplit(url).path.lower() for sign in ("login", "signin")):
            return AddressAnswer(question.url, "login page", f"leads to {shown(url)}")
    return AddressAnswer(question.url, "page", "leads in a circle")


def _first_byte(client: httpx.Client, url: str) -> httpx.Response:
    """Ask for one byte, and read a page no further than needed to tell what it is."""
    with client.stream("GET", url, headers={"Range": "bytes=0-0"}) as answer:
        held = bytearray()
        if _is_page(answer) or answer.status_code >= 400:
            for block in answer.iter_raw():
                held += block
                if len(held) >= _MOST:
                    break
        return httpx.Response(
            answer.status_code,
            headers=answer.headers,
            content=bytes(held),
            request=answer.request,
        )


def _judged(question: AddressQuestion, answer: httpx.Response, moved: str) -> AddressAnswer:
    status, url = answer.status_code, question.url
    if status in _BUSY:
        return AddressAnswer(url, "busy", f"answers {status}")
    if status in (401, 403, 407) and (question.gated or status != 403):
        return AddressAnswer(url, "login", "asks who we are")
    if status >= 400:
        return AddressAnswer(url, "gone", f"answers {status}")
    if _is_page(answer) and not url.lower().endswith((".html", ".htm")):
        page = answer.content[:_MOST]
        return _page(url, page)
    return _file(question, answer, moved)


def _page(url: str, page: bytes) -> AddressAnswer:
    if not page:
        return AddressAnswer(url, "page", "a web page comes in place of the file")
    kind = pages.page_kind(page)
    title = pages.html_title(page)
    detail = f"{pages.PAGE_NAMES[kind]}{f', “{title}”' if title else ''}"
    if kind == "login":
        return AddressAnswer(url, "login page", detail)
    return AddressAnswer(url, "gone" if kind == "gone" else "page", detail)


def _file(question: AddressQuestion, answer: httpx.Response, moved: str) -> AddressAnswer:
    raw_gzip = question.url.endswith(("gz", "tgz"))
    head = read_head(answer.status_code, answer.headers, raw_gzip=raw_gzip)
    size = head.total if head else None
    if question.size is not None and size is not None and size != question.size:
        detail = f"{size:,} bytes there, {question.size:,} are known"
        return AddressAnswer(question.url, "other size", detail, size, moved)
    if moved:
        return AddressAnswer(question.url, "moved", f"to {shown(moved)}", size, moved)
    return AddressAnswer(question.url, "alive", size=size)


def _is_page(answer: httpx.Response) -> bool:
    return str(answer.headers.get("content-type", "")).lower().startswith("text/html")


def _elsewhere(first: str, second: str) -> bool:
    """Whether two addresses differ in more than http and https."""
    return first.partition("://")[2] != second.partition("://")[2]


def _host(url: str) -> str:
    try:
        return host(url)
    except TransferError:
        return url
