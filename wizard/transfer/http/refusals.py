"""From an error status, a web page or a broken connection to the error a person can act on."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
import time

import httpx

from wizard import environment
from wizard.credentials.secret import Secret
from wizard.errors import EnvironmentFault, TransferError, reason_of
from wizard.harmless import harmless_line
from wizard.proxies import Proxy
from wizard.transfer.errors import (
    AccessDenied,
    DeadLink,
    InsecureConnection,
    LicenceNotAccepted,
    LinkExpired,
    LinkRefused,
    NameNotResolved,
    PageKind,
    QuotaUsedUp,
    ServerBusy,
    Unreachable,
    WrongContent,
)
from wizard.transfer.http import pages
from wizard.transfer.http.addresses import reveal, shown
from wizard.transfer.http.response_head import retry_after
from wizard.transfer.links.signatures import expiry, signed_fields
from wizard.transfer.request import Address, FetchRequest, Refusal

_FIXES = (
    "Three fixes: set SSL_CERT_FILE to your organisation's certificate bundle if its proxy opens "
    "TLS; set HTTPS_PROXY (or NO_PROXY) as your network asks; or fetch the file on another "
    "machine and run segwizard import FILE. Also check this machine's clock."
)
_CODE = re.compile(r"<Code>\s*([A-Za-z]{3,60})\s*</Code>")
_EXPIRED = re.compile(
    r"request has expired|ExpiredToken|link (?:has|is) expired|url (?:has )?expired|"
    r"signature (?:has )?expired|expired ?token|token (?:has|is) expired|past its expiry|"
    r"signed expiry time .{0,80}has to be",
    re.IGNORECASE | re.DOTALL,
)
_NOT_YET = re.compile(
    r"not (?:yet valid|valid yet)|NotYetValid|RequestTimeTooSkewed|"
    r"signature not valid in the specified time frame|signed in the future",
    re.IGNORECASE,
)
_UNSIGNED = re.compile(
    r"SignatureDoesNotMatch|InvalidSignature|signature did ?n[o']t match|MalformedPolicy|"
    r"InvalidAccessKeyId|AuthorizationQueryParametersError|MalformedSecurityHeader|"
    r"MissingSecurityHeader|InvalidArgument|AuthenticationFailed|Missing ?Key",
    re.IGNORECASE,
)
_MOST_WORDS = 160
_FRESH = "Get a fresh link and paste it (segwizard link); the bytes so far are kept."


def refused(refusal: Refusal, request: FetchRequest, address: Address) -> TransferError:
    """Say what an answer that is not the file means."""
    session = request.session
    if session is not None and (error := session.classify(refusal)) is not None:
        return error
    kind = pages.page_kind(refusal.page)
    if isinstance(address, Secret) and _is_about_link(refusal.status, kind):
        return _link_trouble(refusal, request, address)
    if refusal.status < 300:
        return _page(refusal, request, kind)
    return _status(refusal, request, kind)


def _is_about_link(status: int, kind: PageKind) -> bool:
    return status in {400, 401, 403, 410} or (kind == "expired" and status != 404)


def _link_trouble(refusal: Refusal, request: FetchRequest, address: Secret) -> TransferError:
    """Say why a pasted or mailed link does not open, as far as the answer or the link tells."""
    said = pages.text_of(refusal.page)
    where, fresh = _where(refusal), _ask(request, _FRESH)
    if _EXPIRED.search(said):
        return LinkExpired("the link has expired", where=where, hint=fresh)
    if _NOT_YET.search(said):
        hint = "Try again later; if it should be valid by now, check this machine's clock."
        return LinkRefused("the link is not valid yet", where=where, hint=hint)
    if _UNSIGNED.search(said):
        reason = _code(said)
        message = f"the server does not accept the link's signature{reason}"
        hint = f"A part of it was lost or changed on the way: copy the whole link again. {fresh}"
        return LinkRefused(message, where=where, hint=hint)
    end = expiry(signed_fields(reveal(address)))
    if end is not None and end > time.time():
        message = f"the server refuses the link (HTTP {refusal.status}{_code(said)})"
        return LinkRefused(message, where=where, hint=fresh)
    if end is not None:
        return LinkExpired("the link has expired", where=where, hint=fresh)
    message = f"the link opens no more (HTTP {refusal.status}{_code(said)}); it may have expired"
    return LinkExpired(message, where=where, hint=fresh)


def _code(said: str) -> str:
    """Return the error code that object stores write, ready to be put behind a sentence."""
    found = _CODE.search(said)
    return f" ({found[1]})" if found else ""


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
        hint = _ask(request, pages.PAGE_HINTS["licence"])
        return LicenceNotAccepted("the site wants its licence accepted", where=where, hint=hint)
    if kind == "quota":
        return _page(refusal, request, kind)
    reason = f", with {_named(kind, refusal.page)}" if refusal.page else ""
    hint = _ask(request, _page_hint(request, kind))
    return AccessDenied(
        f"the server refuses access (HTTP {status}{reason})", where=where, hint=hint
    )


def _page(refusal: Refusal, request: FetchRequest, kind: PageKind) -> WrongContent:
    error = QuotaUsedUp if kind == "quota" else WrongContent
    return error(
        f"{_named(kind, refusal.page)} came instead of {request.name}",
        where=_where(refusal),
        hint=_ask(request, _page_hint(request, kind)),
        page=kind,
        title=pages.html_title(refusal.page),
    )


def _page_hint(request: FetchRequest, kind: PageKind) -> str:
    """Advise what can be done here: a login is only asked for where the file needs one."""
    if kind == "login" and request.session is None:
        return (
            "This file is fetched without a login here. Its link may have run out or may open in "
            "a browser alone: get a fresh one (segwizard link), or put the file in the inbox "
            "(segwizard import FILE)."
        )
    return pages.PAGE_HINTS[kind]


def _named(kind: PageKind, page: bytes) -> str:
    title = pages.html_title(page)
    return f"{pages.PAGE_NAMES[kind]} ({title})" if title else pages.PAGE_NAMES[kind]


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
    proxy = _proxy(address)
    if isinstance(error, httpx.ProxyError) or (proxy and isinstance(error, httpx.ConnectError)):
        return _proxy_trouble(error, causes, proxy, where)
    if isinstance(error, httpx.UnsupportedProtocol | httpx.InvalidURL):
        message = f"this is not an address to fetch from ({words_of(error)})"
        hint = "Addresses start with http:// or https://."
        return TransferError(message, where=where, hint=hint)
    return Unreachable(
        _fault(error, causes), where=where, hint="Check the network; run again later."
    )


def _proxy(address: Address) -> Proxy | None:
    with contextlib.suppress(EnvironmentFault):
        return environment.proxies().proxy_for(reveal(address))
    return None


def _proxy_trouble(
    error: Exception, causes: list[BaseException], proxy: Proxy | None, where: str
) -> TransferError:
    """Name the proxy and its variable: a person may not know that there is one."""
    name = f"the proxy {proxy.address} ({proxy.variable})" if proxy else "the proxy"
    if isinstance(error, httpx.ProxyError):
        return InsecureConnection(f"{name} refuses: {error}", where=where, hint=_FIXES)
    message = f"{name} cannot be reached: {_fault(error, causes)}"
    hint = f"Set {proxy.variable if proxy else 'HTTPS_PROXY'} as your network asks, or unset it."
    return Unreachable(message, where=where, hint=hint)


def _fault(error: Exception, causes: list[BaseException]) -> str:
    if isinstance(error, httpx.ConnectTimeout | httpx.PoolTimeout):
        return "no connection in time"
    if isinstance(error, httpx.TimeoutException | TimeoutError):
        return "no answer in time"
    if any(isinstance(cause, ConnectionRefusedError) for cause in causes):
        return "the connection was refused"
    if any(isinstance(cause, ssl.SSLError) for cause in causes):
        return "TLS could not be set up"
    return f"the connection broke ({words_of(error)})"


def words_of(error: BaseException) -> str:
    """Return what an error of the network says, as the end of a sentence in brackets.

    What follows a colon in a breach of the protocol are the server's own bytes: those are left out.
    """
    if isinstance(error, httpx.ProtocolError) and not is_about_location(error):
        said = str(error).partition(":")[0]
    else:
        said = reason_of(error) if isinstance(error, OSError) else str(error)
    return harmless_line(said.rstrip(". ") or type(error).__name__, longest=_MOST_WORDS)


def is_about_location(error: BaseException) -> bool:
    """Tell whether httpx could not read where a redirect leads, which it tries unasked."""
    return isinstance(error, httpx.ProtocolError) and "location header" in str(error)


def _chain(error: BaseException) -> list[BaseException]:
    found: list[BaseException] = []
    current: BaseException | None = error
    while current is not None and current not in found:
        found.append(current)
        current = current.__cause__ or current.__context__
    return found
