"""What every login session is: a client made when first used, renewed, and forgotten on demand."""

from __future__ import annotations

import ipaddress
import threading
from abc import ABC, abstractmethod
from urllib.parse import quote, urlsplit

import httpx

from wizard.credentials.vault import Vault
from wizard.errors import TransferError
from wizard.recipes.model import Archive, Site
from wizard.transfer.errors import AccessDenied, InsecureConnection, ServerBusy
from wizard.transfer.http.addresses import origin, shown
from wizard.transfer.http.client import read_at_most
from wizard.transfer.http.refusals import broken
from wizard.transfer.request import Refusal
from wizard.transfer.retry_policy import RetryPolicy


class LoginMissing(AccessDenied):
    """No user name and password are at hand for the site."""


class SiteSession(ABC):
    """A ``Session`` on one site; what it holds lives in memory and is gone after ``forget``."""

    def __init__(self, site: Site, vault: Vault, policy: RetryPolicy | None = None) -> None:
        self.site = site
        self._vault = vault
        self._policy = policy or RetryPolicy()
        self._client: httpx.Client | None = None
        self._used: list[httpx.Client] = []
        self._lock = threading.Lock()
        vault.on_clear(self.forget)

    @property
    def origins(self) -> frozenset[str]:
        """Origins of the site's own addresses."""
        addresses = (self.site.login_url, self.site.file_url, self.site.md5_url)
        return frozenset(origin(address) for address in addresses if address)

    def client(self) -> httpx.Client:
        """Return the client that carries the login; raises a ``TransferError`` by class."""
        with self._lock:
            if self._client is None:
                self._client = self._open()
            return self._client

    def refresh(self, used: httpx.Client) -> None:
        """Log in again unless somebody did since ``used`` was handed out."""
        with self._lock:
            if self._client is used:
                # Other threads may still read from the old client; it is closed at the end.
                self._used.append(used)
                self._client = None
                self._client = self._open()

    def forget(self) -> None:
        """Drop cookies, tokens and connections; the next use starts anew."""
        with self._lock:
            for client in (*self._used, *filter(None, [self._client])):
                client.cookies.clear()
                client.headers.pop("Authorization", None)
                client.close()
            self._used.clear()
            self._client = None

    def close(self) -> None:
        """End the session."""
        self.forget()

    @abstractmethod
    def classify(self, refusal: Refusal) -> TransferError | None:
        """Say what a refusal from the site means; None leaves it to the general rules."""

    @abstractmethod
    def _open(self) -> httpx.Client:
        """Log in and return the client; raises a ``TransferError`` by class."""


def fill(template: str, archive: Archive, package: str = "") -> str:
    """Fill ``{package}`` and ``{name}`` of a site's address."""
    package = package or archive.access.package
    return template.replace("{package}", quote(package)).replace("{name}", quote(archive.name))


def require_private(address: str) -> None:
    """Refuse to send a secret over plain http, except to this very machine."""
    parts = urlsplit(address)
    if parts.scheme == "https" or _is_loopback(parts.hostname or ""):
        return
    raise InsecureConnection(
        "a login is never sent over plain http",
        where=shown(address),
        hint="use the site's https:// address in the recipe or site file",
    )


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


_LARGEST = 1 << 20
"""Bytes of a page, list or hash that are read; all of them are far smaller."""


_FRAMING = frozenset({"content-encoding", "content-length", "transfer-encoding"})
"""What describes a body on the line, not the one that was read."""


def exchange(
    client: httpx.Client,
    method: str,
    address: str,
    *,
    data: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Exchange one small message; network faults become ``TransferError`` without any secret."""
    try:
        request = client.build_request(method, address, data=data, headers=headers)
        answer = client.send(request, stream=True)
        try:
            content = read_at_most(answer, _LARGEST)
        finally:
            answer.close()
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise broken(error, address) from None
    if answer.status_code == 429 or answer.status_code >= 500:
        raise ServerBusy(f"the site answered {answer.status_code}", where=shown(address))
    kept = {name: text for name, text in answer.headers.items() if name not in _FRAMING}
    return httpx.Response(answer.status_code, headers=kept, content=content, request=request)
