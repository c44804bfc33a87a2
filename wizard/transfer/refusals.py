"""From an error status, a web page or a broken connection to the error a person can act on."""

from __future__ import annotations

import socket
import ssl

import httpx

from wizard.credentials.secret import Secret
from wizard.errors import TransferError
from wizard.transfer import pages
from wizard.transfer.addresses import shown
from wizard.transfer.errors import (
    AccessDenied,
    DeadLink,
    InsecureConnection,
    LicenceNotAccepted,
    LinkExpired,
    NameNotResolved,
    PageKind,
    QuotaUsedUp,
    ServerBusy,
    Unreachable,
    WrongContent,
)
from wizard.transfer.replies import retry_after
from wizard.transfer.request import Address, FetchRequest, Refusal

_FIXES = (
    "Three fixes: set SSL_CERT_FILE to your organisation's certificate bundle if its proxy opens "
    "TLS; set HTTPS_PROXY (or NO_PROXY) as your network asks; or fetch the file on another "
    "machine and run segwizard import FILE. Also check this machine's clock."
)
_FRESH = "Get a fresh link and paste it (segwizard link); the bytes so far are kept."


def refused(refusal: Refusal, request: FetchRequest, address: Address) -> TransferError:
    """Say what an answer that is not the file means."""
    session = request.session
    if session is not None and (error := session.classify(refusal)) is not None:
        return error
    kind = pages.kind_of(refusal.page)
    if isinstance(address, Secret) and _expired(refusal.status, kind):
        return LinkExpired(
            "the link has expired", where=_where(refusal), hint=_ask(request, _FRESH)
        )
    if refusal.status < 300:
        return _page(refusal, request, kind)
    return _status(refusal, request, kind)


def _expired(status: int, kind: PageKind) -> bool:
    return status in {401, 403, 410} or (kind == "expired" and status != 404)


def _status(refusal: Refusal, request: FetchRequest, kind: PageKind) -> TransferError:
    status, where = refusal.status, _where(refusal)
    if status in {404, 410}:
        hint = _ask(request, "Add another address in a site file, or import the file by hand.")
        return DeadLink(f"the link is dead (HTTP {status})", where=where, hint=hint)
    if status in {408, 425, 429} or status >= 500:
        return ServerBusy(
            f"the server is busy or broken (HTTP {status})",
            where=where,
            hint="Try again later; what is there is kept.",
            after=retry_after(refusal.headers),
        )
    if status == 407:
        return InsecureConnection("the proxy wants a login (HTTP 407)", where=where, hint=_FIXES)
    if kind == "licence":
        hint = _ask(request, pages.HINTS["licence"])
        return LicenceNotAccepted("the site wants its licence accepted", where=where, hint=hint)
    if kind == "quota":
        return _page(refusal, request, kind)
    reason = f", with {_named(kind, refusal.page)}" if refusal.page else ""
    hint = _ask(request, pages.HINTS[kind])
    return AccessDenied(
        f"the server refuses access (HTTP {status}{reason})", where=where, hint=hint
    )


def _page(refusal: Refusal, request: FetchRequest, kind: PageKind) -> WrongContent:
    error = QuotaUsedUp if kind == "quota" else WrongContent
    return error(
        f"{_named(kind, refusal.page)} came instead of {request.name}",
        where=_where(refusal),
        hint=_ask(request, pages.HINTS[kind]),
        page=kind,
        title=pages.title_of(refusal.page),
    )


def _named(kind: PageKind, page: bytes) -> str:
    title = pages.title_of(page)
    return f"{pages.NAMES[kind]} ({title})" if title else pages.NAMES[kind]


def _ask(request: FetchRequest, hint: str) -> str:
    return f"{hint} Page: {request.page}" if request.page else hint


def _where(refusal: Refusal) -> str:
    return refusal.url


def broken(error: Exception, address: Address) -> TransferError:
    """Say what a failed connection means; the error itself may hold the full address."""
    where = shown(address)
    causes = list(_chain(error))
    if any(isinstance(cause, socket.gaierror) for cause in causes):
        hint = "Check the network and the address; a proxy may be needed (HTTPS_PROXY)."
        return NameNotResolved("no such host name", where=where, hint=hint)
    for cause in causes:
        if isinstance(cause, ssl.SSLCertVerificationError):
            message = f"the server's certificate is not trusted: {cause.verify_message}"
            return InsecureConnection(message, where=where, hint=_FIXES)
    if isinstance(error, httpx.ProxyError):
        return InsecureConnection("the proxy refuses the connection", where=where, hint=_FIXES)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        hint = "Addresses start with http:// or https://."
        return TransferError("this is not an address to fetch from", where=where, hint=hint)
    return Unreachable(
        _fault(error, causes), where=where, hint="Check the network; run again later."
    )


def _fault(error: Exception, causes: list[BaseException]) -> str:
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "no connection in time"
    if isinstance(error, httpx.TimeoutException):
        return "no answer in time"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "the connection was refused"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "TLS could not be set up"
    return "the connection broke"


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found
