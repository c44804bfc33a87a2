"""From a recipe's site to a session, that of a bearer token among them, and the test of a login."""

from __future__ import annotations

import contextlib

import httpx

from wizard import figures
from wizard.credentials.vault import Vault
from wizard.errors import TransferError
from wizard.recipes.model import Site
from wizard.transfer.errors import ApprovalMissing, DeadLink, LicenceNotAccepted, LoginRefused
from wizard.transfer.http.addresses import shown
from wizard.transfer.http.client import make_client
from wizard.transfer.logins.cityscapes import CityscapesLogin
from wizard.transfer.logins.form_login import CsrfLogin
from wizard.transfer.logins.session import LoginMissing, SiteSession, exchange, require_private
from wizard.transfer.request import Refusal
from wizard.transfer.retry_policy import RetryPolicy


class TokenSession(SiteSession):
    """A ``Session`` that sends a token to its own origin and nowhere else."""

    def refresh(self, used: httpx.Client) -> None:
        """Raise ``LoginRefused``: a token that does not open the door is not renewed by asking."""
        raise LoginRefused(f"{self.site.title} did not accept the token", hint=self._hint())

    def classify(self, refusal: Refusal) -> TransferError | None:
        """Tell a wrong token, a limiter not applied for and a limiter still closed apart.

        Hugging Face names the cause in ``X-Error-Code``; a private or unknown repository is
        answered 401 to strangers, 404 to the rest.
        """
        code = refusal.headers.get("x-error-code", "")
        said = refusal.headers.get("x-error-message", "").lower()
        page = _repository(refusal.url)
        if code == "GatedRepo":
            return self._limiter(said, refusal, page)
        if code in ("RepoNotFound", "EntryNotFound", "RevisionNotFound"):
            return DeadLink(
                f"{self.site.title} has no such file, or keeps it from you",
                where=refusal.url,
                hint=f"look at {page} in a browser",
            )
        if refusal.status == 401:
            return LoginRefused(
                f"{self.site.title} did not accept the token", where=refusal.url, hint=self._hint()
            )
        if refusal.status == 403:
            return ApprovalMissing(
                f"{self.site.title} does not give this file to your token",
                where=refusal.url,
                hint=f"open {page}; a fine-grained token also needs the right to read gated files",
            )
        return None

    def _limiter(self, said: str, refusal: Refusal, page: str) -> TransferError:
        if "awaiting" in said or "pending" in said or "been rejected" in said:
            return ApprovalMissing(
                "the owners have not granted access yet",
                where=refusal.url,
                hint=f"see the state of your request at {page}",
            )
        if refusal.status == 401:
            return LoginRefused(
                "this repository is gated and the token was not accepted",
                where=refusal.url,
                hint=self._hint(),
            )
        return LicenceNotAccepted(
            "this repository is gated: its conditions have to be accepted first",
            where=refusal.url,
            hint=f"log in, open {page} and accept the conditions, then try again",
        )

    def _open(self) -> httpx.Client:
        token = self._vault.get(self.site.id, "token")
        if token is None:
            raise LoginMissing(f"no token for {self.site.title} is known", hint=self._hint())
        for address in (self.site.login_url, self.site.file_url):
            if address:
                require_private(address)
        return make_client(self._policy, headers={"Authorization": f"Bearer {token.reveal()}"})

    def _hint(self) -> str:
        page = self.site.register_url or self.site.login_url
        return f"get a token at {page}, then run: segwizard credentials set {self.site.id}"


def _repository(address: str) -> str:
    """Return the page of the repository a file address lies in."""
    return address.split("/resolve/", 1)[0]


def open_session(site: Site, vault: Vault, policy: RetryPolicy | None = None) -> SiteSession:
    """Return the session of a site by its protocol; nothing is sent yet."""
    if site.protocol == "cityscapes":
        return CityscapesLogin(site, vault, policy)
    if site.protocol == "csrf-form":
        return CsrfLogin(site, vault, policy)
    return TokenSession(site, vault, policy)


def try_login(site: Site, vault: Vault, policy: RetryPolicy | None = None) -> str:
    """Log in and say in a sentence that it worked; raises ``TransferError`` by class."""
    with contextlib.closing(open_session(site, vault, policy)) as session:
        client = session.client()
        if isinstance(session, CityscapesLogin) and site.list_url:
            offered = figures.count(len(session.packages()), "package")
            return f"{site.title} accepted the login and offers {offered}."
        if isinstance(session, TokenSession):
            _try_token(session, client)
            return f"{site.title} accepted the token."
        return f"{site.title} accepted the login."


def _try_token(session: TokenSession, client: httpx.Client) -> None:
    address = session.site.login_url
    answer = exchange(client, "GET", address)
    refusal = Refusal(answer.status_code, shown(address), answer.headers, answer.content)
    trouble = session.classify(refusal) if answer.status_code >= 400 else None
    if trouble:
        raise trouble
