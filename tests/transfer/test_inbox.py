"""Files that come by hand: growing ones, half ones, and taking their place at least cost."""

from __future__ import annotations

import hashlib
import os
import shlex
import threading
import time
from collections.abc import Iterable
from pathlib import Path

import pytest

from wizard.errors import Cancelled, TransferError
from wizard.progress import CancelToken
from wizard.transfer import inbox
from wizard.transfer.inbox import (
    adopt,
    arrivals,
    hash_file,
    is_settled,
    upload_line,
    wait_until_settled,
)


def aged(path: Path, data: bytes = b"PK data", seconds: float = 60.0) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    then = time.time() - seconds
    os.utime(path, (then, then))
    return path


def test_half_fetched_hidden_and_empty_files_are_passed_over(tmp_path: Path) -> None:
    aged(tmp_path / "whole.zip")
    aged(tmp_path / "browser.zip", b"")
    aged(tmp_path / "browser.zip.part")
    aged(tmp_path / "chrome.zip.crdownload")
    aged(tmp_path / ".rsync.zip.x8Z2")
    aged(tmp_path / "winscp.zip.filepart")
    (tmp_path / "folder.zip").mkdir()
    assert arrivals(tmp_path) == (tmp_path / "whole.zip",)
    assert arrivals(tmp_path / "missing") == ()


def test_a_file_just_written_is_not_settled(tmp_path: Path) -> None:
    assert is_settled(aged(tmp_path / "a.zip"))
    assert not is_settled(aged(tmp_path / "a.zip", seconds=0))
    assert not is_settled(aged(tmp_path / "a.zip", b"x", seconds=20), 10)
    assert is_settled(aged(tmp_path / "a.zip", b"x", seconds=90), 10)


class Growing(CancelToken):
    """Lets a file grow whenever it is waited for, to one size after the other."""

    def __init__(self, path: Path, sizes: Iterable[int]) -> None:
        super().__init__()
        self._path = path
        self._sizes = iter(sizes)

    def wait(self, seconds: float) -> bool:
        if size := next(self._sizes, 0):
            self._path.write_bytes(b"x" * size)
        return super().wait(seconds)


def test_a_growing_file_is_waited_for(tmp_path: Path) -> None:
    path = aged(tmp_path / "a.zip", b"x", seconds=0)
    token = Growing(path, range(100, 900, 100))
    mark = wait_until_settled(path, token, quiet=0.5)
    assert mark.size == 800


def test_a_file_short_of_its_known_size_is_waited_for_longer(tmp_path: Path) -> None:
    path = aged(tmp_path / "a.zip", b"x" * 10)
    token = Growing(path, (10, 10, 10, 20))
    mark = wait_until_settled(path, token, size=20, quiet=0.5)
    assert mark.size == 20


def test_waiting_ends_on_request_or_when_the_file_goes(tmp_path: Path) -> None:
    path = aged(tmp_path / "a.zip", seconds=0)
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        wait_until_settled(path, token)
    with pytest.raises(TransferError, match="went away"):
        wait_until_settled(tmp_path / "gone.zip", CancelToken())


def test_hashes_are_told_with_progress(tmp_path: Path) -> None:
    path = aged(tmp_path / "a.zip", b"segment" * 1000)
    seen: list[int] = []
    hashes = hash_file(path, ["md5", "sha256"], CancelToken(), seen.append)
    assert hashes["md5"] == hashlib.md5(path.read_bytes()).hexdigest()
    assert hashes["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
    assert sum(seen) == 7000


@pytest.mark.parametrize("how", ["auto", "link", "copy"])
def test_adopting_leaves_the_source(how: inbox.How, tmp_path: Path) -> None:
    source = aged(tmp_path / "old/a.zip", b"data")
    target = tmp_path / "new/b.zip"
    word = adopt(source, target, how, CancelToken())
    assert target.read_bytes() == source.read_bytes() == b"data"
    assert target.samefile(source) == (word == "hard link")
    assert target.stat().st_mtime_ns == source.stat().st_mtime_ns
    assert list(target.parent.iterdir()) == [target]


def test_moving_takes_the_source_away(tmp_path: Path) -> None:
    source = aged(tmp_path / "inbox/x.zip", b"data")
    assert adopt(source, tmp_path / "b.zip", "move", CancelToken()) == "moved"
    assert not source.exists()
    assert (tmp_path / "b.zip").read_bytes() == b"data"


@pytest.mark.parametrize("how", ["auto", "move", "link", "copy"])
def test_a_link_is_followed_and_only_moving_takes_it_away(how: inbox.How, tmp_path: Path) -> None:
    real = aged(tmp_path / "store/real.zip")
    link = tmp_path / "old/a.zip"
    link.parent.mkdir()
    link.symlink_to("../store/real.zip")
    target = tmp_path / "dest/a.zip"
    adopt(link, target, how, CancelToken())
    assert not target.is_symlink()
    assert target.read_bytes() == real.read_bytes()
    assert link.is_symlink() == (how != "move")


def test_moving_over_file_systems_copies_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    source = aged(tmp_path / "inbox/x.zip", b"data")
    replace = Path.replace

    def other_device(self: Path, target: Path) -> Path:
        if self == source:
            raise OSError(18, "Invalid cross-device link")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", other_device)
    adopt(source, tmp_path / "b.zip", "move", CancelToken())
    assert not source.exists()
    assert (tmp_path / "b.zip").read_bytes() == b"data"


def test_reflink_works_or_says_that_it_cannot(tmp_path: Path) -> None:
    source = aged(tmp_path / "a.zip", b"data")
    try:
        assert adopt(source, tmp_path / "b.zip", "reflink", CancelToken()) == "reflink"
    except TransferError as error:
        assert "--how copy" in error.hint
        assert not (tmp_path / "b.zip").exists()
    else:
        assert (tmp_path / "b.zip").read_bytes() == b"data"


def test_a_copy_that_is_cancelled_leaves_nothing(tmp_path: Path) -> None:
    source = aged(tmp_path / "a.zip", b"data")
    token = CancelToken()
    token.cancel()
    with pytest.raises(Cancelled):
        adopt(source, tmp_path / "new/b.zip", "copy", token)
    assert list((tmp_path / "new").iterdir()) == []


def test_upload_line_names_this_host_and_survives_blanks(tmp_path: Path) -> None:
    words = shlex.split(upload_line("a b.zip", Path("/data/my sets/inbox")))
    assert words[:2] == ["scp", "a b.zip"]
    account, _, folder = words[2].partition(":")
    assert "@" in account
    assert folder == "/data/my sets/inbox/"


def test_a_file_that_is_taken_away_meanwhile_hides_no_other(tmp_path: Path) -> None:
    steady, passing = tmp_path / "steady.zip", tmp_path / "passing.zip"
    steady.write_bytes(b"PK")
    done = threading.Event()

    def come_and_go() -> None:
        while not done.is_set():
            passing.write_bytes(b"PK")
            passing.unlink()

    neighbour = threading.Thread(target=come_and_go)
    neighbour.start()
    try:
        assert all(steady in arrivals(tmp_path) for _ in range(3000))
    finally:
        done.set()
        neighbour.join()
