"""What went wrong is told apart, and nothing wrong gets a final name."""

from __future__ import annotations

import errno
import gzip
import hashlib
import os
import pickle
import socket
from dataclasses import replace
from pathlib import Path

import pytest

from tests.servers.misbehaving import (
    LOGIN,
    Busy,
    Drop,
    Expired,
    Gzipped,
    HangUp,
    Honest,
    Manner,
    Misbehaving,
    Page,
    Stall,
)
from tests.transfer.fetches import IMPATIENT, Fetch, archive, body, sha256
from wizard.credentials.secret import Secret
from wizard.errors import TransferError
from wizard.transfer import errors, magic
from wizard.transfer.download import Downloader
from wizard.transfer.http import pages

DATA = archive(300_000)


@pytest.mark.parametrize(
    ("manner", "error", "says"),
    [
        (Page("404 Not Found", status=404), errors.DeadLink, "dead"),
        (Page("Gone", status=410), errors.DeadLink, "dead"),
        (Page("Forbidden", status=403), errors.AccessDenied, "HTTP 403"),
        (Page("Terms", "Please accept the license", 403), errors.LicenceNotAccepted, "licence"),
        (Page("x", "Too many users have viewed this file"), errors.QuotaUsedUp, "quota"),
        (Page("x", "Quota exceeded", status=403), errors.QuotaUsedUp, "quota"),
        (Page("Access denied", "blocked by firewall policy 10263"), errors.WrongContent, "filter"),
        (Page("Oops", "The file is no longer available"), errors.WrongContent, "gone"),
        (Page("Welcome", "hello"), errors.WrongContent, r"a web page \(Welcome\)"),
        (Page("Sneaky", "hello", kind="application/zip"), errors.WrongContent, "Sneaky"),
        (LOGIN, errors.WrongContent, "login page"),
        (Busy(500), errors.ServerBusy, "HTTP 500"),
        (Busy(429, after="99999"), errors.ServerBusy, "HTTP 429"),
        (Page("Proxy", status=407), errors.InsecureConnection, "proxy wants a login"),
        (HangUp(), errors.Unreachable, "broke"),
        (Stall(), errors.Unreachable, "no answer in time"),
        (Stall(after=0), errors.Unreachable, "no answer in time"),
        (Stall(after=1000), errors.Stalled, "no bytes"),
    ],
)
def test_every_trouble_has_its_own_name_and_a_hint(
    server: Misbehaving, tmp_path: Path, manner: Manner, error: type[TransferError], says: str
) -> None:
    policy = replace(IMPATIENT, attempts=1)
    if isinstance(manner, Stall):
        policy = replace(policy, **{"stall" if manner.after > 0 else "head": 0.2})
    url = server.put("a.zip", DATA, manner)
    fetch = Fetch(tmp_path, "a.zip", (f"{url}?key=canary",), policy=policy)
    with pytest.raises(error, match=says) as caught:
        fetch.run()
    assert caught.value.hint
    assert "canary" not in f"{caught.value!r} {caught.value.where} {caught.value.hint}"
    assert not fetch.target.exists()
    assert fetch.progress.state == "failed"


@pytest.mark.parametrize("manner", [Expired(), Expired(401), Page("Request has expired")])
def test_a_signed_link_that_no_longer_opens_asks_for_a_fresh_one(
    server: Misbehaving, tmp_path: Path, manner: Manner
) -> None:
    url = server.put("a.zip", DATA, Drop(100_000), manner)
    page = "https://example.org/download"
    fetch = Fetch(tmp_path, "a.zip", (Secret(f"{url}?sig=canary"),), {"page": page})
    with pytest.raises(errors.LinkExpired) as caught:
        fetch.run()
    assert page in caught.value.hint
    assert "canary" not in str(caught.value)
    server.put("a.zip", DATA)
    fresh = Fetch(tmp_path, "a.zip", (Secret(f"{url}?sig=other"),))
    fresh.run()
    assert fresh.target.read_bytes() == DATA
    assert server.ranges("a.zip")[-1] == "bytes=100000-"


def test_bytes_that_are_no_archive_are_told_before_they_are_kept(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", body(5000, start=b"not an archive"))
    with pytest.raises(errors.WrongContent, match="no zip archive"):
        Fetch(tmp_path, "a.zip", (url,)).run()
    tar = server.put("b.tar", body(100))
    with pytest.raises(errors.WrongContent, match="no tar archive"):
        Fetch(tmp_path, "b.tar", (tar,)).run()
    assert list(tmp_path.iterdir()) == []


def test_a_page_may_be_what_one_asked_for(server: Misbehaving, tmp_path: Path) -> None:
    fetch = Fetch(tmp_path, "index.html", (server.put("index.html", b"", Page("Welcome")),))
    fetch.run()
    assert b"Welcome" in fetch.target.read_bytes()


def test_wrong_bytes_are_set_aside_with_all_the_figures(
    server: Misbehaving, tmp_path: Path
) -> None:
    expected = hashlib.md5(b"other", usedforsecurity=False).hexdigest()
    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA),), {"md5": expected})
    with pytest.raises(errors.HashMismatch) as caught:
        fetch.run()
    got = hashlib.md5(DATA, usedforsecurity=False).hexdigest()
    assert all(text in str(caught.value) for text in (expected, got, "300,000"))
    assert fetch.leftovers() == ["a.zip.rejected"]
    assert (tmp_path / "a.zip.rejected").read_bytes() == DATA


def test_a_part_of_another_file_gets_one_fresh_start(server: Misbehaving, tmp_path: Path) -> None:
    old = archive(300_000, seed=5)
    url = server.put("a.zip", old, Drop(100_000), Busy(after="9999"), etag='"same"')
    with pytest.raises(errors.ServerBusy):
        Fetch(tmp_path, "a.zip", (url,)).run()
    server.put("a.zip", DATA, etag='"same"')
    fetch = Fetch(tmp_path, "a.zip", (url,), {"sha256": sha256(DATA)})
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert fetch.leftovers() == []


def test_mirrors_are_tried_in_order_and_the_reasons_kept(
    server: Misbehaving, tmp_path: Path
) -> None:
    wrong = server.put("wrong.zip", archive(300_000, seed=9))
    good = server.put("good.zip", DATA)
    urls = (f"{server.url}/none.zip", server.put("page.zip", b"", Page("Parked")), wrong, good)
    fetch = Fetch(tmp_path, "a.zip", urls, {"sha256": sha256(DATA)})
    proof = fetch.run()
    assert proof.url == good
    assert fetch.target.read_bytes() == DATA
    with pytest.raises(errors.AllMirrorsFailed) as caught:
        Fetch(tmp_path, "b.zip", urls[:2]).run()
    assert [type(cause) for cause in caught.value.causes] == [errors.DeadLink, errors.WrongContent]
    assert "dead" in str(caught.value)
    assert "Parked" in str(caught.value)


def test_a_mirror_that_is_down_is_given_up_soon_when_another_one_is_left(
    server: Misbehaving, tmp_path: Path
) -> None:
    down = server.put("down.zip", DATA, *(HangUp() for _ in range(8)))
    Fetch(tmp_path, "a.zip", (down, server.put("good.zip", DATA))).run()
    assert len(server.requests("down.zip")) == 3


def test_a_mirror_continues_the_bytes_of_another_when_a_hash_will_judge(
    server: Misbehaving, other: Misbehaving, tmp_path: Path
) -> None:
    first = server.put("a.zip", DATA, Drop(100_000), Page("x", status=404))
    second = other.put("a.zip", DATA, etag='"of another server"')
    fetch = Fetch(tmp_path, "a.zip", (first, second), {"sha256": sha256(DATA)})
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert other.ranges("a.zip") == ["bytes=100000-"]


def test_a_mirror_starts_over_when_no_hash_will_judge(
    server: Misbehaving, other: Misbehaving, tmp_path: Path
) -> None:
    newer = archive(300_000, seed=1)
    first = server.put("a.zip", DATA, Drop(100_000), Page("x", status=404))
    fetch = Fetch(tmp_path, "a.zip", (first, other.put("a.zip", newer)))
    fetch.run()
    assert fetch.target.read_bytes() == newer


def test_no_address_at_all_is_said(tmp_path: Path) -> None:
    with pytest.raises(TransferError, match="no address is known"):
        Fetch(tmp_path, "a.zip", ()).run()


@pytest.mark.parametrize(
    "url", ["ftp://example.org/a.zip", "no address", "http://[broken/a", "http://h:x/a"]
)
def test_what_is_no_address_is_said(tmp_path: Path, url: str) -> None:
    with pytest.raises(TransferError):
        Fetch(tmp_path, "a.zip", (url,)).run()


def test_a_name_that_does_not_resolve_is_said(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unknown(*_: object, **__: object) -> None:
        raise socket.gaierror(-2, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(errors.NameNotResolved, match="no such host name"):
        Fetch(tmp_path, "a.zip", ("http://nowhere.invalid/a.zip",)).run()


def test_a_closed_port_is_said(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{taken.getsockname()[1]}/a.zip"
        with pytest.raises(errors.Unreachable, match="refused"):
            Fetch(tmp_path, "a.zip", (url,)).run()


def test_a_proxy_that_is_not_there_is_said(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        monkeypatch.setenv("HTTP_PROXY", f"http://127.0.0.1:{taken.getsockname()[1]}")
        monkeypatch.setenv("NO_PROXY", "")
        fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA),))
        with pytest.raises(TransferError, match="refused|proxy"):
            fetch.run()
    assert server.requests("a.zip") == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_full_disk_is_a_pause_that_keeps_the_bytes(
    server: Misbehaving, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    url = server.put("a.zip", DATA, Drop(100_000), Honest())
    fetch = Fetch(tmp_path, "a.zip", (url,))
    real = os.pwrite

    def full(file: int, data: bytes, offset: int) -> int:
        if offset >= 100_000:
            raise OSError(code, os.strerror(code))
        return real(file, data, offset)

    with monkeypatch.context() as patched:
        patched.setattr(os, "pwrite", full)
        with pytest.raises(errors.DiskFull) as caught:
            fetch.run()
    assert "space" in caught.value.hint
    assert fetch.progress.state == "paused"
    fetch.run()
    assert fetch.target.read_bytes() == DATA
    assert server.ranges("a.zip")[-1] == "bytes=100000-"


def test_too_little_space_is_said_before_a_byte_is_written(
    server: Misbehaving, tmp_path: Path
) -> None:
    import shutil

    free = shutil.disk_usage(tmp_path).free

    class Huge:
        def answer(self, exchange: object, file: object) -> None:
            exchange.head(200, {"Content-Length": str(free + (1 << 40))})  # type: ignore[attr-defined]
            exchange.body(DATA)  # type: ignore[attr-defined]
            exchange.hang_up()  # type: ignore[attr-defined]

    fetch = Fetch(tmp_path, "a.zip", (server.put("a.zip", DATA, Huge()),))
    with pytest.raises(errors.DiskFull, match="more bytes"):
        fetch.run()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_cannot_be_written_is_said(server: Misbehaving, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    fetch = Fetch(tmp_path / "file", "a.zip", (server.put("a.zip", DATA),))
    with pytest.raises(TransferError, match="cannot write here"):
        fetch.run()


def test_discarding_forgets_the_part_and_nothing_else(server: Misbehaving, tmp_path: Path) -> None:
    url = server.put("a.zip", DATA, Drop(100_000), Page("x", status=404))
    fetch = Fetch(tmp_path, "a.zip", (url,))
    with pytest.raises(errors.DeadLink):
        fetch.run()
    assert fetch.part.exists()
    (tmp_path / "keep").write_text("x")
    with Downloader() as downloader:
        downloader.discard(fetch.target)
    assert fetch.leftovers() == ["keep"]


def test_errors_cross_a_process_border_whole() -> None:
    error = errors.WrongContent("m", where="w", hint="h", page="login", title="Sign in")
    copy = pickle.loads(pickle.dumps(error))
    assert (str(copy), copy.hint, copy.page, copy.title) == ("w: m", "h", "login", "Sign in")


@pytest.mark.parametrize(
    ("page", "kind", "title"),
    [
        (b"<title>\n Sign &amp; go \n</title><input type=password>", "login", "Sign & go"),
        (b"<h1>Not <b>found</b></h1>", "gone", "Not found"),
        (b"<html><body>Quota exceeded</body>", "quota", ""),
        (b"<script>var quota = 1</script><p>hi", "other", ""),
        (b"\xff\xfe\x00 nonsense", "other", ""),
        (b"<title>\x1b[31mred</title>", "other", "[31mred"),
    ],
)
def test_pages_are_known_by_what_they_show(page: bytes, kind: str, title: str) -> None:
    assert (pages.page_kind(page), pages.html_title(page)) == (kind, title)


@pytest.mark.parametrize(
    ("name", "head", "fits"),
    [
        ("a.zip", b"PK\x05\x06", True),
        ("a.ZIP", b"GIF89a", False),
        ("a.tar.gz", b"\x1f\x8b\x08", True),
        ("a.tgz", b"BZh", False),
        ("a.tar", b"\0" * 257 + b"ustar\0", True),
        ("a.tar", b"\0" * 262, False),
        ("a.pth", b"\x80\x02", True),
    ],
)
def test_names_promise_first_bytes(name: str, head: bytes, fits: bool) -> None:  # noqa: FBT001
    kind = magic.expected(name)
    assert kind is not None
    assert kind.fits(head) is fits


def test_names_without_a_promise_and_pages() -> None:
    assert magic.expected("list.txt") is None
    assert magic.expected("noextension") is None
    assert magic.looks_like_page(b"\xef\xbb\xbf  <!-- hi --> <!DOCTYPE HTML><html>")
    assert not magic.looks_like_page(b"<?xml version='1.0'?><annotation>")


def test_a_gzip_file_compressed_once_more_is_told_as_that(
    server: Misbehaving, tmp_path: Path
) -> None:
    packed = gzip.compress(DATA)
    url = server.put("a.tar.gz", packed, Gzipped())
    fetch = Fetch(tmp_path, "a.tar.gz", (url,), {"size": len(packed)})
    with pytest.raises(errors.WrongContent, match="compressed once more"):
        fetch.run()
    assert not fetch.target.exists()


ANSWERS = {
    "SignatureDoesNotMatch": ("<Error><Code>SignatureDoesNotMatch</Code></Error>", "signature"),
    "azure": ("<Code>AuthenticationFailed</Code> Signature did not match.", "signature"),
    "key gone": ("<Error><Code>InvalidAccessKeyId</Code></Error>", "InvalidAccessKeyId"),
    "not yet": (
        "<Code>AccessDenied</Code><Message>Request is not valid yet</Message>",
        "not valid",
    ),
    "azure not yet": ("Signature not valid in the specified time frame", "not valid yet"),
    "clock": ("<Code>RequestTimeTooSkewed</Code>", "not valid yet"),
}


@pytest.mark.parametrize("answer", ANSWERS)
@pytest.mark.parametrize("status", [400, 403])
def test_a_link_that_is_refused_for_another_reason_is_not_called_expired(
    server: Misbehaving, tmp_path: Path, answer: str, status: int
) -> None:
    text, says = ANSWERS[answer]
    url = server.put("a.zip", DATA, Drop(100_000), Page("", text, status, "application/xml"))
    fetch = Fetch(tmp_path, "a.zip", (Secret(f"{url}?sig=canary"),))
    with pytest.raises(errors.LinkRefused, match=says) as caught:
        fetch.run()
    assert "expired" not in str(caught.value)
    assert caught.value.hint
    assert fetch.part.stat().st_size >= 100_000


def test_a_refusal_without_a_reason_is_judged_by_the_time_in_the_link(
    server: Misbehaving, tmp_path: Path
) -> None:
    url = server.put("a.zip", DATA, Page("", "<Code>AccessDenied</Code>", 403, "application/xml"))
    far, past = f"{url}?Expires=4999999999&Signature=x", f"{url}?Expires=999999999&Signature=x"
    with pytest.raises(errors.LinkRefused, match="AccessDenied"):
        Fetch(tmp_path, "a.zip", (Secret(far),)).run()
    with pytest.raises(errors.LinkExpired, match="has expired"):
        Fetch(tmp_path, "a.zip", (Secret(past),)).run()
    with pytest.raises(errors.LinkExpired, match="may have expired"):
        Fetch(tmp_path, "a.zip", (Secret(f"{url}?id=x"),)).run()
