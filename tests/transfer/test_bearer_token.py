"""Tokens: sent to their own host alone, and a gate told from a wrong token."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.credentials.fakes import MemoryVault
from tests.servers.misbehaving import Exchange, Manner, Misbehaving, Page, Redirect, Tell
from tests.transfer.fetches import Fetch, archive, sha256
from wizard.errors import TransferError
from wizard.recipes.model import Site
from wizard.transfer.errors import (
    AllMirrorsFailed,
    ApprovalMissing,
    DeadLink,
    LicenceNotAccepted,
    LoginRefused,
)
from wizard.transfer.logins.session import LoginMissing
from wizard.transfer.logins.sites import TokenSession
from wizard.transfer.request import Refusal

TOKEN = "hf_canary-5e9"


def site(url: str) -> Site:
    return Site(
        id="huggingface",
        title="Hugging Face",
        protocol="bearer",
        login_url=f"{url}/api/whoami-v2",
        register_url="https://huggingface.co/settings/tokens",
    )


@pytest.fixture
def session(server: Misbehaving) -> Iterator[TokenSession]:
    vault = MemoryVault(huggingface={"token": TOKEN})
    with contextlib.closing(TokenSession(site(server.url), vault)) as made:
        yield made


def bearer(exchange: Exchange) -> str | None:
    return exchange.headers.get("Authorization")


def test_the_token_opens_its_own_host_and_is_not_taken_elsewhere(
    server: Misbehaving, other: Misbehaving, session: TokenSession, tmp_path: Path
) -> None:
    data = archive(5000)
    there = other.put("cdn/a.zip", data)

    def guarded(exchange: Exchange) -> Manner:
        return Redirect(there) if bearer(exchange) == f"Bearer {TOKEN}" else Page("No", status=401)

    url = server.put("datasets/x/resolve/main/a.zip", b"", Tell(guarded))
    fetch = Fetch(tmp_path, "a.zip", (url,), known={"session": session})
    assert fetch.run().sha256 == sha256(data)
    assert [seen.headers.get("authorization") for seen in other.requests("cdn/a.zip")] == [None]


@pytest.mark.parametrize(
    ("status", "code", "said", "kind"),
    [
        (401, "", "", LoginRefused),
        (401, "GatedRepo", "Access to dataset x is restricted", LoginRefused),
        (403, "GatedRepo", "you must accept the conditions", LicenceNotAccepted),
        (403, "GatedRepo", "Your request is awaiting a review", ApprovalMissing),
        (403, "", "", ApprovalMissing),
        (401, "RepoNotFound", "", DeadLink),
        (404, "EntryNotFound", "", DeadLink),
    ],
)
def test_refusals_are_told_apart_with_the_page_to_open(
    session: TokenSession, status: int, code: str, said: str, kind: type[TransferError]
) -> None:
    url = "https://huggingface.co/datasets/x/resolve/main/a.zip"
    headers = {"x-error-code": code, "x-error-message": said}
    error = session.classify(Refusal(status, url, headers, b""))
    assert type(error) is kind
    page = "https://huggingface.co/settings/tokens"
    opened = page if kind is LoginRefused else "https://huggingface.co/datasets/x"
    assert opened in error.hint


def test_other_answers_are_left_to_the_general_rules(session: TokenSession) -> None:
    assert session.classify(Refusal(500, "https://h.example/a", {}, b"")) is None


def test_a_refused_token_ends_the_fetch_without_showing_it(
    server: Misbehaving, session: TokenSession, tmp_path: Path
) -> None:
    url = server.put("resolve/a.zip", b"", Page("Unauthorized", status=401))
    with pytest.raises(TransferError) as caught:
        Fetch(tmp_path, "a.zip", (url,), known={"session": session}).run()
    error = caught.value
    causes = error.causes if isinstance(error, AllMirrorsFailed) else (error,)
    assert isinstance(causes[0], LoginRefused)
    assert TOKEN not in str(error) + error.hint + repr(error)


def test_without_a_token_the_command_is_named(server: Misbehaving) -> None:
    with pytest.raises(LoginMissing) as caught:
        TokenSession(site(server.url), MemoryVault()).client()
    assert "segwizard credentials set huggingface" in caught.value.hint


def test_clearing_takes_the_token_out_of_memory(server: Misbehaving) -> None:
    vault = MemoryVault(huggingface={"token": TOKEN})
    session = TokenSession(site(server.url), vault)
    client = session.client()
    vault.clear()
    assert "Authorization" not in client.headers
