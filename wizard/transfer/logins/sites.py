"""From a recipe's site to a session, and the test of a login without fetching anything."""

from __future__ import annotations

import contextlib

import httpx

from wizard import figures
from wizard.credentials.vault import Vault
from wizard.recipes.model import Site
from wizard.transfer.http.addresses import shown
from wizard.transfer.logins.bearer_token import TokenSession
from wizard.transfer.logins.cityscapes import CityscapesLogin
from wizard.transfer.logins.form_login import CsrfLogin
from wizard.transfer.logins.session import SiteSession, exchange
from wizard.transfer.request import Refusal
from wizard.transfer.retry_policy import RetryPolicy


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
