"""Redirects, logins and what may follow where."""

from __future__ import annotations

import contextlib
import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest

from tests.servers.misbehaving import (
    LOGIN,
    Drop,
    Exchange,
    Honest,
    Manner,
    Misbehaving,
    Redirect,
    Tell,
)
from tests.transfer.fetches import Fetch, archive
from wizard.credentials.secret import Secret
from wizard.errors import TransferError
from wizard.transfer.errors import (
    AccessDenied,
    LoginRefused,
    SessionExpired,
    WrongContent,
)
from wizard.transfer.http.addresses import origin, shown
from wizard.transfer.http.client import make_client
from wizard.transfer.request import Refusal

DATA = archive(300_000)
CANARY = "canary-5b1f"


class Login:
    """A session of a site that wants a cookie and a header."""

    def __init__(self, site: str, refuse: int = 99) -> None:
        self._origin = origin(site)
        self._lock = threading.Lock()
        self._refuse = refuse
        self._clients = contextlib.ExitStack()
        self.logins = 0
        self._client = self._log_in()

    @property
    def origins(self) -> frozenset[str]:
        return frozenset({self._origin})

    def _log_in(self) -> httpx.Client:
        self.logins += 1
        if self.logins > self._refuse:
            raise LoginRefused("wrong password", where=self._origin, hint="Type it again.")
        headers = {"Authorization": f"Bearer {CANARY}-{self.logins}", "X-Token": CANARY}
        client = self._clients.enter_context(make_client(headers=headers))
        client.cookies.set("session", f"{CANARY}-{self.logins}")
        return client

    def close(self) -> None:
        self._clients.close()

    def client(self) -> httpx.Client:
        return self._client

    def refresh(self, used: httpx.Client) -> None:
        with self._lock:
            if used is self._client:
                self._client = self._log_in()

    def classify(self, refusal: Refusal) -> TransferError | None:
        if b"password" in refusal.page:
            return SessionExpired("logged out", where=refusal.url)
        return None


@pytest.fixture
def log_in() -> Iterator[Callable[..., Login]]:
    with contextlib.ExitStack() as stack:
        yield lambda *given, **named: stack.enter_context(
            contextlib.closing(Login(*given, **named))
        )


def _needs_login(number: int, then: Manner = Honest()) -> Tell:  # noqa: B008
    """Serve the login page unless the cookie of login ``number`` comes along."""

    def choose(exchange: Exchange) -> Manner:
        cookie = exchange.headers.get("Cookie", "")
        return then if f"{CANARY}-{number}" in cookie else LOGIN

    return Tell(choose)


def test_a_session_opens_what_is_behind_its_login(
    server: Misbehaving, tmp_path: Path, log_in: Callable[..., Login]
) -> None:
    url = server.put("a.zip", DATA, _needs_login(1))
    fetch = Fetch(tmp_path, "a.zip", (url,), {"session": log_in(server.url)})
    fetch.run()
    assert fetch.target.read_bytes() == DATA


def test_a_session_that_expires_midway_logs_in_again_and_resumes(
    server: Misbehaving, tmp_path: Path, log_in: Callable[..., Login]
) -> None:
    url = server.put("a.zip", DATA, _needs_login(1, Drop(100_000)), _needs_login(2))
    session = log_in(server.url)
    fetch = Fetch(tmp_path, "a.zip", (url,), {"session": session})
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert session.logins == 2
    assert server.ranges("a.zip")[-1] == f"bytes=100000-{len(DATA) - 1}"


def test_a_login_that_does_not_hold_ends(
    server: Misbehaving, tmp_path: Path, log_in: Callable[..., Login]
) -> None:
    url = server.put("a.zip", DATA, LOGIN)
    session = log_in(server.url)
    with pytest.raises(AccessDenied, match="login does not hold"):
        Fetch(tmp_path, "a.zip", (url,), {"session": session}).run()
    assert session.logins == 2


def test_a_wrong_password_on_the_way_is_told_as_such(
    server: Misbehaving, tmp_path: Path, log_in: Callable[..., Login]
) -> None:
    url = server.put("a.zip", DATA, LOGIN)
    session = log_in(server.url, refuse=1)
    with pytest.raises(LoginRefused, match="wrong password"):
        Fetch(tmp_path, "a.zip", (url,), {"session": session}).run()


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_secrets_do_not_follow_a_redirect_to_another_host(
    server: Misbehaving,
    other: Misbehaving,
    tmp_path: Path,
    log_in: Callable[..., Login],
    status: int,
) -> None:
    elsewhere = other.put("b.zip", DATA)
    url = server.put("a.zip", DATA, Redirect(f"{elsewhere}?key=1", status))
    fetch = Fetch(tmp_path, "a.zip", (url,), {"session": log_in(server.url)})
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert any(CANARY in str(seen.headers) for seen in server.requests("a.zip"))
    assert other.requests("b.zip")
    assert not any(CANARY in str(seen.headers) for seen in other.seen)


def test_secrets_come_back_when_the_redirect_does(
    server: Misbehaving, other: Misbehaving, tmp_path: Path, log_in: Callable[..., Login]
) -> None:
    final = server.put("final.zip", DATA, _needs_login(1))
    bounce = other.put("bounce", b"", Redirect(final))
    url = server.put("a.zip", DATA, Redirect(bounce))
    fetch = Fetch(tmp_path, "a.zip", (url,), {"session": log_in(server.url)})
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert not any(CANARY in str(seen.headers) for seen in other.seen)


def test_relative_redirects_and_circles(server: Misbehaving, tmp_path: Path) -> None:
    server.put("b.zip", DATA)
    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", b"", Redirect("/b.zip")),))
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    circle = server.put("c.zip", b"", Redirect("/c.zip"))
    with pytest.raises(AccessDenied, match="circles"):
        Fetch(tmp_path, "c.zip", (circle,)).run()


def test_a_redirect_to_a_login_page_is_not_a_file(server: Misbehaving, tmp_path: Path) -> None:
    server.put("login", b"", LOGIN)
    url = server.put("a.zip", DATA, Redirect("/login"))
    with pytest.raises(WrongContent, match=r"a login page \(Sign in\) came instead") as caught:
        Fetch(tmp_path, "a.zip", (url,)).run()
    assert (caught.value.page, caught.value.title) == ("login", "Sign in")
    assert list(tmp_path.iterdir()) == []


def test_a_signed_redirect_is_neither_shown_nor_recorded(
    server: Misbehaving, other: Misbehaving, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    signed = other.put("b.zip", DATA, LOGIN) + f"?signature={CANARY}"
    url = server.put("a.zip", DATA, Redirect(signed))
    with pytest.raises(WrongContent) as caught:
        Fetch(tmp_path, "a.zip", (url,)).run()
    assert CANARY not in f"{caught.value!r} {caught.value.hint} {caught.value.where}"
    assert CANARY not in caplog.text


def test_addresses_are_shown_without_what_opens_doors() -> None:
    assert shown("https://u:p@h.org/a/b.zip?X-Amz-Signature=1#x") == "https://h.org/a/b.zip"
    assert shown(Secret("https://h.org/s3cret/x/b.zip?k=1")) == "https://h.org/.../b.zip"
    assert origin("HTTPS://H.org:443/a") == origin("https://h.org/b") == "https://h.org"
    assert origin("http://h.org") != origin("https://h.org")
    assert origin("http://[::1]:80/") == "http://[::1]"
