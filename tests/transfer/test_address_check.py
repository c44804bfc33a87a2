"""What an address says when only the head of its file is asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import httpx
import pytest

from wizard.transfer.http.address_check import AddressQuestion, check_addresses
from wizard.transfer.retry_policy import RetryPolicy

SIZE = 100_000
POLICY = RetryPolicy(head=3, connect=3)


class Host(BaseHTTPRequestHandler):
    """Answers each path as hosts were seen to."""

    asked: list[tuple[str, str, str]] = []
    sent = 0

    def do_HEAD(self) -> None:
        self._answer()

    def do_GET(self) -> None:
        self._answer()

    def _answer(self) -> None:
        authority = self.headers.get("Authorization", "")
        type(self).asked.append((self.command, self.path, authority))
        name = self.path.strip("/")
        if name == "nohead.zip" and self.command == "HEAD":
            self._head(405, {"Content-Length": "0"})
        elif name == "nohead.zip":
            self._head(206, {"Content-Range": f"bytes 0-0/{SIZE}", "Content-Length": "1"}, b"P")
        elif name == "norange.zip" and self.command == "HEAD":
            self._head(501, {"Content-Length": "0"})
        elif name == "norange.zip":
            self._head(200, {"Content-Length": str(SIZE)}, b"P" * SIZE)
        elif name == "moved.zip":
            self._head(301, {"Location": "/whole.zip", "Content-Length": "0"})
        elif name == "elsewhere.zip":
            self._head(302, {"Location": "/whole.zip", "Content-Length": "0"})
        elif name == "private.zip":
            self._head(302, {"Location": "/accounts/login?next=/", "Content-Length": "0"})
        elif name == "page.zip":
            page = b"<html><title>Sign in</title><input type=password></html>"
            kind = {"Content-Type": "text/html", "Content-Length": str(len(page))}
            self._head(200, kind, page)
        elif name == "token.zip":
            status = 200 if authority == "Bearer right" else 401
            self._head(status, {"Content-Length": str(SIZE if status == 200 else 0)})
        elif name == "busy.zip":
            self._head(503, {"Content-Length": "0"})
        elif name == "circle.zip":
            self._head(302, {"Location": "/circle.zip", "Content-Length": "0"})
        elif name == "closed.zip":
            self._head(409, {"Content-Length": "0"})
        elif name == "whole.zip":
            self._head(200, {"Content-Length": str(SIZE), "Accept-Ranges": "bytes"})
        else:
            self._head(404, {"Content-Length": "0"})

    def _head(self, status: int, headers: dict[str, str], body: bytes = b"") -> None:
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        if self.command == "GET" and body:
            try:
                self.wfile.write(body)
                type(self).sent += len(body)
            except OSError:
                return

    def log_message(self, *_: object) -> None:
        """Keep quiet."""


@pytest.fixture
def host() -> Iterator[str]:
    Host.asked, Host.sent = [], 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Host)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize(
    "name, state, gated",
    [
        ("whole.zip", "alive", False),
        ("nohead.zip", "alive", False),
        ("norange.zip", "alive", False),
        ("elsewhere.zip", "alive", False),
        ("moved.zip", "moved", False),
        ("private.zip", "login page", False),
        ("page.zip", "login page", False),
        ("token.zip", "login", True),
        ("busy.zip", "busy", False),
        ("circle.zip", "page", False),
        ("closed.zip", "gone", False),
        ("nothing.zip", "gone", False),
    ],
)
def test_what_an_address_says(host: str, name: str, state: str, *, gated: bool) -> None:
    question = AddressQuestion(f"{host}/{name}", SIZE, gated=gated)
    (answer,) = check_addresses([question], policy=POLICY)
    assert answer.state == state, answer
    if state in ("alive", "moved"):
        assert answer.size == SIZE
    assert all(not authority for _, _, authority in Host.asked)


def test_another_size_is_told_with_both(host: str) -> None:
    (answer,) = check_addresses([AddressQuestion(f"{host}/whole.zip", 7)], policy=POLICY)
    assert answer.state == "other size"
    assert "100,000 bytes there, 7 are known" in answer.detail


def test_nobody_there_is_an_answer() -> None:
    (answer,) = check_addresses([AddressQuestion("http://127.0.0.1:1/a.zip")], policy=POLICY)
    assert answer.state == "unreachable"


def test_each_address_is_asked_once_and_a_host_one_question_at_a_time(host: str) -> None:
    names = ("whole.zip", "moved.zip", "nothing.zip") * 3
    answers = check_addresses([AddressQuestion(f"{host}/{name}") for name in names], policy=POLICY)
    assert len(answers) == 3
    assert sum(path == "/moved.zip" for _, path, _ in Host.asked) == 1


def test_a_login_is_sent_only_when_it_was_asked_for_and_not_where_a_redirect_leads(
    host: str,
) -> None:
    def carrier(url: str) -> httpx.Client | None:
        return client if url.startswith(host) else None

    with httpx.Client(headers={"Authorization": "Bearer right"}) as client:
        question = AddressQuestion(f"{host}/token.zip", SIZE, gated=True)
        (answer,) = check_addresses([question], policy=POLICY, logged_in=carrier)
        assert answer.state == "alive"
        Host.asked = []
        check_addresses([AddressQuestion(f"{host}/moved.zip")], policy=POLICY, logged_in=carrier)
    assert [authority for _, path, authority in Host.asked if path == "/whole.zip"] == [""]
