"""Form logins: the two protocols of sites that hand out archives to registered people.

Cityscapes: POST ``username``, ``password`` and ``submit=Login``; a redirect means success (fact
sheet partdistillation section 5). ``csrf-form``: the same after fetching the page's hidden token
and cookie, with a Referer (fact sheet mseg section 2). Cookies stay in memory.
"""

from __future__ import annotations

import ipaddress
import threading
from dataclasses import dataclass
from urllib.parse import quote, urljoin, urlsplit

import httpx
import msgspec

from wizard.credentials.vault import Vault
from wizard.errors import TransferError
from wizard.recipes.model import Archive, Site
from wizard.transfer.addresses import origin, shown
from wizard.transfer.client import make_client
from wizard.transfer.errors import (
    AccessDenied,
    ApprovalMissing,
    InsecureConnection,
    LicenceNotAccepted,
    LoginRefused,
    ServerBusy,
    SessionExpired,
)
from wizard.transfer.forms import find_login_form
from wizard.transfer.limits import Limits
from wizard.transfer.refusals import broken
from wizard.transfer.request import Refusal

_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 5
_LICENCE_WORDS = ("accept the licen", "accept the terms", "agree to the", "terms of use must")
_APPROVAL_WORDS = (
    "not approved",
    "not been approved",
    "pending approval",
    "awaiting approval",
    "request access",
    "don't have access",
    "do not have access",
    "no permission",
    "not granted",
)


class LoginMissing(AccessDenied):
    """No user name and password are at hand for the site."""


@dataclass(frozen=True, slots=True)
class Package:
    """A file a site offers to this account."""

    name: str
    id: str
    size: str = ""
    """In the site's words, for example ``241MB``."""


class FormLogin:
    """A ``Session`` behind a login form; logs in when first used and again when it expires."""

    def __init__(self, site: Site, vault: Vault, limits: Limits | None = None) -> None:
        self.site = site
        self._vault = vault
        self._limits = limits or Limits()
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
        """Return the client that is logged in; raises a ``TransferError`` by class."""
        with self._lock:
            if self._client is None:
                self._client = self._log_in()
            return self._client

    def refresh(self, used: httpx.Client) -> None:
        """Log in again unless somebody did since ``used`` was handed out."""
        with self._lock:
            if self._client is used:
                # Other threads may still read from the old client; it is closed at the end.
                self._used.append(used)
                self._client = None
                self._client = self._log_in()

    def forget(self) -> None:
        """Drop cookies and session."""
        with self._lock:
            for client in (*self._used, *filter(None, [self._client])):
                client.cookies.clear()
                client.close()
            self._used.clear()
            self._client = None

    def close(self) -> None:
        """End the session; the next use logs in again."""
        self.forget()

    def classify(self, refusal: Refusal) -> TransferError | None:
        """Tell an expired session, an unaccepted licence and a missing approval apart."""
        site = self.site
        if refusal.status == 401 or self._is_login(refusal):
            return SessionExpired(f"{site.title} wants a new login", where=refusal.url)
        text = refusal.page.decode("utf-8", errors="replace").lower()
        page = site.register_url or site.login_url
        if any(words in text for words in _LICENCE_WORDS):
            return LicenceNotAccepted(
                f"{site.title} wants its terms accepted first",
                where=refusal.url,
                hint=f"log in at {page} and accept the terms, then try again",
            )
        if refusal.status == 403 or any(words in text for words in _APPROVAL_WORDS):
            return ApprovalMissing(
                f"{site.title} does not give this file to your account yet",
                where=refusal.url,
                hint=f"log in at {page} and ask for access; approval can take days",
            )
        return None

    def _is_login(self, refusal: Refusal) -> bool:
        target = refusal.headers.get("location", "") if refusal.status in _REDIRECTS else ""
        if self._leads_to_login(urljoin(refusal.url, target)):
            return True
        return find_login_form(refusal.page.decode("utf-8", errors="replace")) is not None

    def _leads_to_login(self, address: str) -> bool:
        return urlsplit(address).path.rstrip("/") == urlsplit(self.site.login_url).path.rstrip("/")

    def _log_in(self) -> httpx.Client:
        fields = self._fields()
        require_private(self.site.login_url)
        client = make_client(self._limits)
        try:
            address, page = self._open_form(client)
            self._send_form(client, address, {**self._hidden(page), **fields, "submit": "Login"})
        except BaseException:
            client.close()
            raise
        return client

    def _fields(self) -> dict[str, str]:
        user = self._vault.get(self.site.id, "user")
        password = self._vault.get(self.site.id, "password")
        if user is None or password is None:
            raise LoginMissing(
                f"no login for {self.site.title} is known",
                hint=f"run: segwizard credentials set {self.site.id}",
            )
        return {"username": user.reveal(), "password": password.reveal()}

    def _open_form(self, client: httpx.Client) -> tuple[str, str]:
        """Fetch the login page for its cookies; returns where it is and its text."""
        address = self.site.login_url
        for _ in range(_HOPS):
            answer = talk(client, "GET", address)
            if answer.status_code not in _REDIRECTS:
                return address, answer.text
            address = self._next_hop(address, answer)
        raise TransferError("the login page redirects in circles", where=shown(address))

    def _next_hop(self, address: str, answer: httpx.Response) -> str:
        target = urljoin(address, str(answer.headers.get("location", "")))
        if origin(target) != origin(address):
            raise TransferError(
                f"the login page has moved to {origin(target)}; nothing was sent there",
                where=shown(address),
                hint="if the move is genuine, name the new address in a site file",
            )
        return target

    def _hidden(self, page: str) -> dict[str, str]:
        form = find_login_form(page)
        return dict(form.hidden) if form else {}

    def _send_form(self, client: httpx.Client, address: str, fields: dict[str, str]) -> None:
        for _ in range(_HOPS):
            answer = talk(client, "POST", address, data=fields, headers={"Referer": address})
            if answer.status_code not in (301, 307, 308):
                break
            # The form itself has moved, usually by a slash; it is sent again, never elsewhere.
            address = self._next_hop(address, answer)
        self._judge(address, answer)

    def _judge(self, address: str, answer: httpx.Response) -> None:
        """Return when the answer means success; raises ``LoginRefused`` otherwise."""
        if answer.status_code in _REDIRECTS:
            back = self._leads_to_login(urljoin(address, answer.headers.get("location", "")))
            if not back:
                return
        elif answer.status_code == 403 and "csrf" in answer.text.lower():
            raise TransferError(
                "the site did not accept its own login form",
                where=shown(address),
                hint="try again in a minute; if it stays so, download in a browser",
            )
        elif self._accepts(answer):
            return
        raise LoginRefused(
            f"{self.site.title} did not accept the user name or password",
            where=shown(address),
            hint=f"check both at {address}, then run: segwizard credentials set {self.site.id}",
        )

    def _accepts(self, answer: httpx.Response) -> bool:
        """Whether an answer that is no redirect means success; never on Cityscapes."""
        return False


class CityscapesLogin(FormLogin):
    """The Cityscapes site: packages by number, with a list and md5 sums."""

    def packages(self) -> tuple[Package, ...]:
        """List what this account may download; raises ``TransferError``."""
        answer = self._read(self.site.list_url)
        try:
            entries = msgspec.json.decode(answer.content, type=list[_Listed])
        except msgspec.DecodeError:
            raise TransferError(
                "the list of packages cannot be read", where=shown(self.site.list_url)
            ) from None
        return tuple(Package(each.name, str(each.packageID), str(each.size)) for each in entries)

    def package_id(self, archive: Archive) -> str:
        """Return the site's number of an archive: the recipe's, or by name from the list."""
        if archive.access.package:
            return archive.access.package
        for package in self.packages():
            if package.name == archive.name:
                return package.id
        raise ApprovalMissing(
            f"{self.site.title} does not offer {archive.name} to your account",
            hint=f"ask for access at {self.site.register_url or self.site.login_url}",
        )

    def server_md5(self, archive: Archive) -> str:
        """Return the md5 sum the site states for an archive; empty when it states none."""
        if not self.site.md5_url:
            return ""
        address = fill(self.site.md5_url, archive, self.package_id(archive))
        words = self._read(address).text.split()
        return words[0].lower() if words and len(words[0]) == 32 else ""

    def _read(self, address: str) -> httpx.Response:
        """Fetch a small answer, logging in once more when the session has expired."""
        for _ in range(2):
            client = self.client()
            answer = talk(client, "GET", address)
            if answer.status_code == 200 and "html" not in answer.headers.get("content-type", ""):
                return answer
            refusal = Refusal(answer.status_code, shown(address), answer.headers, answer.content)
            trouble = self.classify(refusal)
            if not isinstance(trouble, SessionExpired):
                break
            self.refresh(client)
        raise trouble or TransferError(
            f"the site answered {answer.status_code}", where=shown(address)
        )


class CsrfLogin(FormLogin):
    """A form with a hidden token, as Django sites have it."""

    def _accepts(self, answer: httpx.Response) -> bool:
        return answer.status_code == 200 and find_login_form(answer.text) is None


class _Listed(msgspec.Struct):
    name: str
    packageID: str | int  # noqa: N815 - the site's spelling
    size: str | int = ""


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


def talk(
    client: httpx.Client,
    method: str,
    address: str,
    *,
    data: dict[str, str] | None = None,
    headers: dict[str, str] | None = None,
) -> httpx.Response:
    """Exchange one small message; network faults become ``TransferError`` without any secret."""
    try:
        answer = client.request(method, address, data=data, headers=headers)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise broken(error, address) from None
    if answer.status_code == 429 or answer.status_code >= 500:
        raise ServerBusy(f"the site answered {answer.status_code}", where=shown(address))
    return answer
