"""Form logins: the two protocols of sites that hand out archives to registered people.

Cityscapes: POST ``username``, ``password`` and ``submit=Login``; a redirect means success (fact
sheet partdistillation section 5). ``csrf-form``: the same after fetching the page's hidden token
and cookie, with a Referer (fact sheet mseg section 2). Cookies stay in memory.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser
from urllib.parse import urljoin, urlsplit

import httpx

from wizard.errors import TransferError
from wizard.transfer.errors import (
    ApprovalMissing,
    LicenceNotAccepted,
    LoginRefused,
    SessionExpired,
)
from wizard.transfer.http.addresses import origin, shown
from wizard.transfer.http.client import make_client
from wizard.transfer.http.pages import shown_part
from wizard.transfer.logins.session import (
    LoginMissing,
    SiteSession,
    exchange,
    require_private,
)
from wizard.transfer.request import Refusal

_REDIRECTS = (301, 302, 303, 307, 308)
_HOPS = 5
_NO_PAGE = (404, 410)
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


@dataclass(frozen=True, slots=True)
class PasswordForm:
    """The form of a page that asks for a password."""

    action: str
    """Where it is sent, as written; empty for the page itself."""
    hidden: dict[str, str] = field(repr=False)
    """Fields that go with it unseen, such as a CSRF token."""


def find_login_form(page: str) -> PasswordForm | None:
    """Return the first form with a password field, None when the page has none."""
    reader = _FormReader()
    # Comments and scripts that never end make the parser look for their end again and again.
    reader.feed(shown_part(page))
    reader.close()
    return reader.found


class _FormReader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: PasswordForm | None = None
        self._form = PasswordForm("", {})

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = {name: value or "" for name, value in attrs}
        if tag == "form":
            self._form = PasswordForm(values.get("action", ""), {})
        elif tag == "input":
            self._take_input(values)

    def _take_input(self, values: dict[str, str]) -> None:
        kind = values.get("type", "text").lower()
        if kind == "hidden" and values.get("name"):
            self._form.hidden[values["name"]] = values.get("value", "")
        elif kind == "password" and self.found is None:
            # Hidden fields may follow the password; they land in the same form.
            self.found = self._form


class FormLogin(SiteSession):
    """A ``Session`` behind a login form; logs in when first used and again when it expires."""

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

    def _open(self) -> httpx.Client:
        fields = self._fields()
        require_private(self.site.login_url)
        client = make_client(self._policy)
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
            missing = "password" if user else "user name" if password else "login"
            raise LoginMissing(
                f"no {missing} for {self.site.title} is known",
                hint=f"run: segwizard credentials set {self.site.id}",
            )
        return {"username": user.reveal(), "password": password.reveal()}

    def _open_form(self, client: httpx.Client) -> tuple[str, str]:
        """Fetch the login page for its cookies; returns where it is and its text."""
        address = self.site.login_url
        for _ in range(_HOPS):
            answer = exchange(client, "GET", address)
            if answer.status_code in _NO_PAGE:
                raise TransferError(
                    f"the login page of {self.site.title} is not there; nothing was sent",
                    where=shown(address),
                    hint=f"if it has moved, give [sites.{self.site.id}] a new base in a site file",
                )
            if answer.status_code not in _REDIRECTS:
                return address, answer.text
            address = self._next_hop(address, answer)
        raise TransferError(
            "the login page redirects in circles",
            where=shown(address),
            hint="see in a browser whether the site works; try again later",
        )

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
            answer = exchange(client, "POST", address, data=fields, headers={"Referer": address})
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


class CsrfLogin(FormLogin):
    """A form with a hidden token, as Django sites have it."""

    def _accepts(self, answer: httpx.Response) -> bool:
        return answer.status_code == 200 and find_login_form(answer.text) is None
