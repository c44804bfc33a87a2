"""What a verification finds in a run is taken away and made anew, each file once."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.e2e.healing import swap
from wizard.archives.deflate import crc32
from wizard.archives.extraction import Member, altered_members, by_folder
from wizard.errors import Reopened
from wizard.files import copy, whole, write_whole
from wizard.kinds.labelling.mending import Mender
from wizard.openat import write_new
from wizard.verify.scan import fingerprint_folders

_EARLY = 2_000_000
"""Nanoseconds by which a time may be early."""


def _member(path: Path, data: bytes) -> Member:
    path.write_bytes(data)
    return Member(path.name, len(data), crc32(data))


def test_only_files_that_changed_since_are_read(tmp_path: Path) -> None:
    members = [_member(tmp_path / name, name.encode() * 9) for name in ("a", "b", "c")]
    since = max(path.stat().st_ctime_ns for path in tmp_path.iterdir()) + 1
    assert list(altered_members(tmp_path, by_folder(members), since)) == []
    wrong = [Member(each.path, each.size, 0) for each in members]
    assert list(altered_members(tmp_path, by_folder(wrong), since)) == []
    assert len(list(altered_members(tmp_path, by_folder(wrong), 0))) == 3


@pytest.mark.parametrize("keeps_time", [False, True])
def test_a_flipped_bit_is_found_whatever_time_the_file_tells(
    tmp_path: Path, *, keeps_time: bool
) -> None:
    members = [_member(tmp_path / name, name.encode() * 9) for name in ("a", "b")]
    since = max(path.stat().st_ctime_ns for path in tmp_path.iterdir())
    told = (tmp_path / "a").stat().st_mtime_ns
    (tmp_path / "a").write_bytes(b"aaaaaaaa`")
    if keeps_time:
        os.utime(tmp_path / "a", ns=(told, told))
    (tmp_path / "b").touch()
    assert list(altered_members(tmp_path, by_folder(members), since)) == [tmp_path / "a"]


def test_swapped_files_are_seen_though_sizes_and_times_are_the_same(tmp_path: Path) -> None:
    for number, name in enumerate(("x/a", "x/b", "y/a")):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"%d" % number)
        os.utime(path, ns=(number * 10**9, number * 10**9))
    seen = [fingerprint_folders(tmp_path, ["x", "y"])]
    for first, second in (("x/a", "x/b"), ("x/a", "y/a")):
        (tmp_path / first).rename(tmp_path / "between")
        (tmp_path / second).rename(tmp_path / first)
        (tmp_path / "between").rename(tmp_path / second)
        seen.append(fingerprint_folders(tmp_path, ["x", "y"]))
    assert len({each.digest for each in seen}) == 3
    assert len({(each.files, each.size, each.newest) for each in seen}) == 1


def test_files_written_at_once_have_times_of_their_own(tmp_path: Path) -> None:
    begun = _clock(tmp_path)
    for number in range(200):
        write_new(f"{tmp_path}/{number:03}", b"%03d" % number)
        write_whole(tmp_path / f"{number:03}-whole", b"%03d" % number)
        with whole(tmp_path / f"{number:03}-file") as file:
            file.write(b"%03d" % number)
    ended = _clock(tmp_path)
    times = [path.stat().st_mtime_ns for path in tmp_path.iterdir()]
    assert len(set(times)) == len(times) == 600
    assert begun - _EARLY <= min(times) and max(times) <= ended
    seen = fingerprint_folders(tmp_path, ["."])
    swap(tmp_path / "000", tmp_path / "001")
    assert fingerprint_folders(tmp_path, ["."]) != seen


def test_a_copy_keeps_the_time_of_what_it_is_of(tmp_path: Path) -> None:
    (tmp_path / "old").write_bytes(b"old")
    copy(tmp_path / "old", tmp_path / "new")
    assert (tmp_path / "new").stat().st_mtime_ns == (tmp_path / "old").stat().st_mtime_ns


def _clock(folder: Path) -> int:
    """Return the moment by the file system's clock, in nanoseconds."""
    probe = folder / "probe"
    probe.write_bytes(b"")
    moment = probe.stat().st_mtime_ns
    probe.unlink()
    return moment


def test_each_file_is_taken_away_once_in_a_run(tmp_path: Path) -> None:
    mender, path = Mender(tmp_path, ()), tmp_path / "label.png"
    path.write_bytes(b"wrong")
    with pytest.raises(Reopened, match=r"1 file did not hold .* label\.png"):
        mender.take_away([path, path])
    assert not path.exists()
    path.write_bytes(b"wrong again")
    mender.take_away([path])
    assert path.read_bytes() == b"wrong again"
    with pytest.raises(Reopened):
        mender.look_again("files are missing")
    mender.look_again("files are missing")
