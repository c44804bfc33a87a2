"""From an address to an open body: redirects hop by hop, sessions, turns, and cancelling."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

import httpx

from wizard.progress import CancelToken
from wizard.transfer import magic
from wizard.transfer.errors import (
    AccessDenied,
    InsecureConnection,
    SessionExpired,
)
from wizard.transfer.http.addresses import host, origin, reveal, shown
from wizard.transfer.http.refusals import broken, is_about_location, refused, words_of
from wizard.transfer.interrupt import run_interruptible
from wizard.transfer.request import Address, FetchRequest, Refusal
from wizard.transfer.retry_policy import ConnectionLimiter, RetryPolicy

_MOST_HOPS = 10
_PAGE = 64 * 1024
_REDIRECTS = frozenset({301, 302, 303, 307, 308})


@dataclass(slots=True)
class Response:
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
        self,
        request: FetchRequest,
        address: Address,
        open_client: httpx.Client,
        limiter: ConnectionLimiter,
    ) -> None:
        self._request = request
        self._address = address
        self._open_client = open_client
        self._limiter = limiter

    @property
    def address(self) -> Address:
        """The address as the request names it, before any redirect."""
        return self._address

    @contextlib.contextmanager
    def body(
        self, headers: Mapping[str, str], policy: RetryPolicy, token: CancelToken
    ) -> Iterator[Response]:
        """Open the address and hold its connection for the block.

        Yields 200, 206 and 416 only. Raises the ``TransferError`` that tells why it is not the
        file, or ``Cancelled``.
        """
        refreshed = False
        while True:
            with contextlib.ExitStack() as stack:
                answer, url = self._follow(headers, policy, token, stack)
                try:
                    self._accept(answer, url)
                except SessionExpired as error:
                    self._log_in_again(answer, error, token, allowed=not refreshed)
                    refreshed = True
                    continue
                yield answer
                return

    def _accept(self, answer: Response, url: str) -> None:
        if not answer.page:
            return
        headers = dict(answer.headers)
        refusal = Refusal(answer.status, self._shown(url), headers, answer.first)
        asked = self._request if self._owns(url) else _without_session(self._request)
        raise refused(refusal, asked, self._address)

    def _shown(self, url: str) -> str:
        return shown(self._address) if url == reveal(self._address) else shown(url)

    def _log_in_again(
        self, answer: Response, error: SessionExpired, token: CancelToken, *, allowed: bool
    ) -> None:
        session = self._request.session
        if session is None or not allowed:
            raise AccessDenied(
                "the login does not hold", where=error.where, hint=error.hint
            ) from error
        answer.close()
        run_interruptible(lambda: session.refresh(answer.client), token)

    def _owns(self, url: str) -> bool:
        session = self._request.session
        return session is not None and origin(url) in session.origins

    def _follow(
        self,
        headers: Mapping[str, str],
        policy: RetryPolicy,
        token: CancelToken,
        stack: contextlib.ExitStack,
    ) -> tuple[Response, str]:
        url = reveal(self._address)
        for _ in range(_MOST_HOPS):
            with contextlib.ExitStack() as hop:
                hop.enter_context(self._limiter.connection(host(url), token))
                answer = self._hop(url, headers, policy, token)
                hop.callback(answer.close)
                if answer.status not in _REDIRECTS:
                    stack.enter_context(hop.pop_all())
                    return answer, url
                url = self._next(url, answer)
        raise AccessDenied("redirected in circles", where=shown(self._address), hint=self._hint())

    def _hint(self) -> str:
        page = f" Page: {self._request.page}" if self._request.page else ""
        return (
            "Open the address in a browser: it may want a login, a cookie or another address. Use "
            f"another mirror, or import the file by hand (segwizard import FILE).{page}"
        )

    def _next(self, url: str, answer: Response) -> str:
        target = answer.headers.get("location", "").strip()
        following = _joined(url, target)
        if following is None:
            said = "to what is no address" if target else "without saying where to"
            raise self._misdirected(f"(HTTP {answer.status}) {said}", url)
        if url.startswith("https:") and following.scheme != "https" and not self._request.hashes:
            raise InsecureConnection(
                "redirected from https to plain http, and no hash is known to prove the file",
                where=self._shown(url),
                hint="Give the file's hash or a direct https address in a site file.",
            )
        return str(following)

    def _hop(
        self, url: str, headers: Mapping[str, str], policy: RetryPolicy, token: CancelToken
    ) -> Response:
        try:
            client = run_interruptible(lambda: self._client(url), token)
            # Each read has its own limit; a head that drips would never meet it.
            return run_interruptible(
                lambda: self._send(client, url, headers, policy),
                token,
                Response.close,
                policy.connect + policy.head,
            )
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError) as error:
            if is_about_location(error) or _is_no_location(error, url):
                said = f"to what is no address ({words_of(error)})"
                raise self._misdirected(said, url) from None
            address = self._address if url == reveal(self._address) else url
            raise broken(error, address) from None

    def _misdirected(self, said: str, url: str) -> AccessDenied:
        where, hint = self._shown(url), self._hint()
        return AccessDenied(f"the server redirects {said}", where=where, hint=hint)

    def _client(self, url: str) -> httpx.Client:
        session = self._request.session
        return session.client() if session is not None and self._owns(url) else self._open_client

    def _send(
        self, client: httpx.Client, url: str, headers: Mapping[str, str], policy: RetryPolicy
    ) -> Response:
        timeout = httpx.Timeout(policy.head, connect=policy.connect)
        request = client.build_request("GET", url, headers=dict(headers), timeout=timeout)
        response = client.send(request, stream=True, follow_redirects=False)
        try:
            return self._first(client, response)
        except BaseException:
            response.close()
            raise

    def _first(self, client: httpx.Client, response: httpx.Response) -> Response:
        """Read the first bytes here, in the thread that cancelling can leave behind."""
        encoded = response.headers.get("content-encoding", "identity") != "identity"
        decode = encoded and not magic.is_gzip_name(self._request.name)
        rest = response.iter_bytes() if decode else response.iter_raw()
        if response.status_code in _REDIRECTS:
            return Response(client, response, rest, b"", page=False)
        first = next(rest, b"")
        page = response.status_code not in {200, 206, 416} or self._is_page(response, first)
        while page and len(first) < _PAGE and (more := next(rest, b"")):
            first += more
        return Response(client, response, rest, first[:_PAGE] if page else first, page=page)

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


def _is_no_location(error: Exception, url: str) -> bool:
    """Tell an address that httpx could not make of a redirect from our own being none."""
    if not isinstance(error, httpx.InvalidURL):
        return False
    try:
        return bool(httpx.URL(url).host)
    except httpx.InvalidURL:
        return False


def _joined(url: str, target: str) -> httpx.URL | None:
    """Return where a redirect leads, None when that is no address to fetch from."""
    try:
        parts = urlsplit(target)
        _ = parts.port
        whole = parts.scheme in ("http", "https") and bool(parts.hostname)
        partial = not parts.scheme and bool(target)
        return httpx.URL(url).join(target) if whole or partial else None
    except (httpx.InvalidURL, ValueError):
        return None


def _from_start(response: httpx.Response) -> bool:
    return response.headers["content-range"].lower().startswith("bytes 0-")


def _without_session(request: FetchRequest) -> FetchRequest:
    return FetchRequest(name=request.name, urls=request.urls, page=request.page)
