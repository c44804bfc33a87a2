"""From an address to an open body: redirects hop by hop, sessions, turns, and cancelling."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import httpx

from wizard.progress import CancelToken
from wizard.transfer import magic
from wizard.transfer.addresses import host, origin, reveal, shown
from wizard.transfer.errors import (
    AccessDenied,
    InsecureConnection,
    SessionExpired,
    Unreachable,
)
from wizard.transfer.interrupt import interruptible
from wizard.transfer.limits import Limits
from wizard.transfer.pacing import Gate
from wizard.transfer.refusals import broken, refused
from wizard.transfer.request import Address, FetchRequest, Refusal

_MOST_HOPS = 10
_PAGE = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class Answer:
    """An open response with its first bytes; whoever gets it closes it."""

    client: httpx.Client
    response: httpx.Response
    rest: Iterator[bytes]
    """The body after ``first``."""
    first: bytes
    page: bool
    """Whether it is a web page or an error instead of the file; then ``first`` is all we read."""

    @property
    def status(self) -> int:
        """HTTP status."""
        return self.response.status_code

    @property
    def headers(self) -> Mapping[str, str]:
        """Headers; names in any case."""
        return self.response.headers

    def close(self) -> None:
        """Close the connection, or return it to the pool when the body was read to its end."""
        self.response.close()


class Opener:
    """Opens one address of one request, as often as needed."""

    def __init__(
        self, request: FetchRequest, address: Address, open_client: httpx.Client, gate: Gate
    ) -> None:
        self._request = request
        self._address = address
        self._open_client = open_client
        self._gate = gate

    @property
    def address(self) -> Address:
        """The address as the request names it, before any redirect."""
        return self._address

    @contextlib.contextmanager
    def body(
        self, headers: Mapping[str, str], limits: Limits, token: CancelToken
    ) -> Iterator[Answer]:
        """Open the address and hold its connection for the block.

        Yields 200, 206 and 416 only. Raises the ``TransferError`` that tells why it is not the
        file, or ``Cancelled``.
        """
        refreshed = False
        while True:
            with contextlib.ExitStack() as stack:
                answer, url = self._follow(headers, limits, token, stack)
                try:
                    self._accept(answer, url)
                except SessionExpired as error:
                    self._log_in_again(answer, error, token, allowed=not refreshed)
                    refreshed = True
                    continue
                yield answer
                return

    def _accept(self, answer: Answer, url: str) -> None:
        if not answer.page:
            return
        headers = dict(answer.headers)
        refusal = Refusal(answer.status, self._shown(url), headers, answer.first)
        asked = self._request if self._owns(url) else _without_session(self._request)
        raise refused(refusal, asked, self._address)

    def _shown(self, url: str) -> str:
        return shown(self._address) if url == reveal(self._address) else shown(url)

    def _log_in_again(
        self, answer: Answer, error: SessionExpired, token: CancelToken, *, allowed: bool
    ) -> None:
        session = self._request.session
        if session is None or not allowed:
            raise AccessDenied(
                "the login does not hold", where=error.where, hint=error.hint
            ) from error
        answer.close()
        interruptible(lambda: session.refresh(answer.client), token)

    def _owns(self, url: str) -> bool:
        session = self._request.session
        return session is not None and origin(url) in session.origins

    def _follow(
        self,
        headers: Mapping[str, str],
        limits: Limits,
        token: CancelToken,
        stack: contextlib.ExitStack,
    ) -> tuple[Answer, str]:
        url = reveal(self._address)
        for _ in range(_MOST_HOPS):
            with contextlib.ExitStack() as hop:
                hop.enter_context(self._gate.connection(host(url), token))
                answer = self._hop(url, headers, limits, token)
                hop.callback(answer.close)
                if answer.status not in _REDIRECTS:
                    stack.enter_context(hop.pop_all())
                    return answer, url
                url = self._next(url, answer)
        raise AccessDenied("redirected in circles", where=shown(self._address))

    def _next(self, url: str, answer: Answer) -> str:
        try:
            following = httpx.URL(url).join(answer.headers.get("location", ""))
        except httpx.InvalidURL:
            raise Unreachable("redirected to nowhere", where=self._shown(url)) from None
        if url.startswith("https:") and following.scheme != "https" and not self._request.hashes:
            raise InsecureConnection(
                "redirected from https to plain http, and no hash is known to prove the file",
                where=self._shown(url),
                hint="Give the file's hash or a direct https address in a site file.",
            )
        return str(following)

    def _hop(
        self, url: str, headers: Mapping[str, str], limits: Limits, token: CancelToken
    ) -> Answer:
        try:
            return interruptible(lambda: self._send(url, headers, limits), token, Answer.close)
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            address = self._address if url == reveal(self._address) else url
            raise broken(error, address) from None

    def _send(self, url: str, headers: Mapping[str, str], limits: Limits) -> Answer:
        session = self._request.session
        ours = session is not None and self._owns(url)
        client = session.client() if session is not None and ours else self._open_client
        timeout = httpx.Timeout(limits.reply, connect=limits.connect)
        request = client.build_request("GET", url, headers=dict(headers), timeout=timeout)
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            return self._first(client, response)
        except BaseException:
            response.close()
            raise

    def _first(self, client: httpx.Client, response: httpx.Response) -> Answer:
        """Read the first bytes here, in the thread that cancelling can leave behind."""
        encoded = response.headers.get("content-encoding", "identity") != "identity"
        decode = encoded and not magic.is_gzip_name(self._request.name)
        rest = response.iter_bytes() if decode else response.iter_raw()
        if response.status_code in _REDIRECTS:
            return Answer(client, response, rest, b"", page=False)
        first = next(rest, b"")
        page = response.status_code not in {200, 206, 416} or self._is_page(response, first)
        while page and len(first) < _PAGE and (more := next(rest, b"")):
            first += more
        return Answer(client, response, rest, first[:_PAGE] if page else first, page=page)

    def _is_page(self, response: httpx.Response, first: bytes) -> bool:
        name = self._request.name
        if response.status_code == 416 or magic.may_be_page(name):
            return False
        if "content-range" in response.headers and not _from_start(response):
            return False
        kind = magic.expected(name)
        if kind is not None and kind.fits(first):
            return False
        says_page = response.headers.get("content-type", "").lower().startswith("text/html")
        return says_page or magic.looks_like_page(first)


def _from_start(response: httpx.Response) -> bool:
    return response.headers["content-range"].lower().startswith("bytes 0-")


def _without_session(request: FetchRequest) -> FetchRequest:
    return FetchRequest(name=request.name, urls=request.urls, page=request.page)
