"""What a server may say that is no answer: refused in words and within bounds."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.servers.misbehaving import LOGIN, Exchange, File, Misbehaving, Redirect
from tests.transfer.fetches import Fetch, archive
from wizard.credentials.secret import Secret
from wizard.errors import TransferError
from wizard.transfer.errors import AccessDenied, WrongContent
from wizard.transfer.http import pages
from wizard.transfer.http.client import make_client
from wizard.transfer.http.response_head import read_head, retry_after, unsatisfied_total
from wizard.transfer.links.drive import resolve
from wizard.transfer.logins.form_login import find_login_form

DATA = archive(50_000)


@dataclass(frozen=True)
class Bare:
    """Answers with a status and whatever headers it was given."""

    status: int
    headers: tuple[tuple[str, str], ...] = ()

    def answer(self, exchange: Exchange, file: File) -> None:
        exchange.reply(self.status, b"", headers=dict(self.headers))


def test_a_redirect_without_an_address_is_told_as_such(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Bare(302))
    with pytest.raises(
        AccessDenied, match=r"redirects \(HTTP 302\) without saying where to"
    ) as caught:
        Fetch(tmp_path, "a.zip", (url,)).run()
    assert "mirror" in caught.value.hint
    assert len(server.requests("a.zip")) == 1


@pytest.mark.parametrize(
    "target",
    [
        "http://[",
        "http://[::1",
        "http://host:port/",
        "ftp://x/",
        "javascript:1",
        "http://",
        "http:///x",
    ],
)
def test_a_redirect_to_what_is_no_address_is_told(
    server: Misbehaving, tmp_path: Path, target: str
) -> None:
    url = server.put("a.zip", DATA, Redirect(target))
    with pytest.raises(AccessDenied, match="to what is no address") as caught:
        Fetch(tmp_path, "a.zip", (url,)).run()
    assert caught.value.hint


@pytest.mark.parametrize(
    ("target", "cause"),
    [("http://host:port/", "Invalid port: 'port'"), ("http://300.1.1.1/", "Invalid IPv4 address")],
)
def test_why_a_redirect_is_no_address_is_told(
    server: Misbehaving, tmp_path: Path, target: str, cause: str
) -> None:
    url = server.put("a.zip", DATA, Redirect(target))
    with pytest.raises(AccessDenied, match="to what is no address") as caught:
        Fetch(tmp_path, "a.zip", (url,)).run()
    assert cause in caught.value.message


@pytest.mark.parametrize("part", ["a.zip?Expires=\x17&Signature=secret", "\x1b[2Ja.zip"])
def test_our_own_address_being_none_is_no_fault_of_the_server(
    server: Misbehaving, tmp_path: Path, part: str
) -> None:
    base = server.put("a.zip", DATA).rpartition("/")[0]
    for address in (f"{base}/{part}", Secret(f"{base}/{part}")):
        with pytest.raises(TransferError, match="not an address to fetch from") as caught:
            Fetch(tmp_path, "a.zip", (address,)).run()
        assert "Invalid non-printable ASCII character" in caught.value.message
        assert "redirect" not in str(caught.value)
        assert "secret" not in str(caught.value)
        assert caught.value.message.isprintable()
    assert server.requests("a.zip") == []


def test_circles_have_a_hint(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Redirect("/a.zip"))
    with pytest.raises(AccessDenied, match="redirected in circles") as caught:
        Fetch(tmp_path, "a.zip", (url,), {"page": "https://example.org/"}).run()
    assert "https://example.org/" in caught.value.hint


@pytest.mark.parametrize("address", ["http://[", "http://h:x/a.zip", "nonsense", "http://"])
def test_an_address_of_a_recipe_that_is_none_is_refused(address: str, tmp_path: Path) -> None:
    for given_ in (address, Secret(address)):
        with pytest.raises(TransferError) as caught:
            Fetch(tmp_path, "a.zip", (given_,)).run()
        assert caught.value.hint


def test_a_login_page_asks_for_no_login_where_there_is_none(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, LOGIN)
    for address in (url, Secret(f"{url}?sig=x")):
        with pytest.raises(WrongContent, match="login page") as caught:
            Fetch(tmp_path, "a.zip", (address,)).run()
        assert "credentials set" not in caught.value.hint
        assert "segwizard import" in caught.value.hint


HEADERS = st.dictionaries(
    st.sampled_from(
        ["content-range", "content-length", "retry-after", "etag", "last-modified", "accept-ranges",
         "content-encoding", "transfer-encoding"]
    ),
    st.text(max_size=60)
    | st.sampled_from(["9" * 5000, "bytes 0-9/" + "9" * 5000, "bytes */" + "1" * 6000, "-1", "1e9",
                       "Mon, 01 Jan 0001 00:00:00 GMT", "Mon, 99 Foo 99999 99:99:99 +9999"]),
)  # fmt: skip


@given(HEADERS, st.sampled_from([200, 206, 416]), st.booleans())
@settings(max_examples=400, deadline=None)
def test_heads_of_any_kind_are_read_or_refused(
    headers: dict[str, str], status: int, raw_gzip: bool
) -> None:
    head = read_head(status, headers, raw_gzip=raw_gzip)
    assert head is None or head.start >= 0
    unsatisfied_total(headers)
    assert (retry_after(headers) or 0) >= 0


HOSTILE = [
    "<" * 65_536,
    "<script" * 9_000,
    "<title>" * 9_000,
    "<h1>" * 16_000,
    "<!--" * 16_000,
    "<form><input type=hidden name=a value=b" * 1_600,
    "&" * 65_536,
    "&#" * 30_000,
    " " * 65_536,
]


@pytest.mark.parametrize("number", range(len(HOSTILE)))
def test_a_page_is_read_in_time_that_grows_with_its_length(number: int) -> None:
    page = HOSTILE[number]

    def cost(text: str) -> float:
        began = time.process_time()
        pages.page_kind(text.encode())
        pages.html_title(text.encode())
        find_login_form(text)
        return time.process_time() - began

    cost(page[:100])
    # Four times the length costs about four times as much, where a square would cost sixteen.
    quarter = max(cost(page[: len(page) // 4]), 0.02)
    assert cost(page) < 10 * quarter


def test_an_endless_page_of_a_drive_is_read_to_a_bound(server: Misbehaving) -> None:
    @dataclass(frozen=True)
    class Endless:
        def answer(self, exchange: Exchange, file: File) -> None:
            exchange.head(200, {"Content-Type": "text/html", "Connection": "close"})
            while True:
                exchange.body(b"<p>more and more " * 4096)

    address = server.put("download", b"", Endless())
    with pytest.raises(WrongContent):
        resolve("x1", make_client, download=address)
