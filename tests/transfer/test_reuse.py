"""What the machine knows of its archives: a hint that is checked, shared by installs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from wizard.progress import CancelToken
from wizard.transfer import reuse
from wizard.transfer.reuse import Shelf

DATA = b"PK archive"
SHA = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA).hexdigest()


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "state/archives.json")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.zip"
    path.write_bytes(DATA)
    return path


def test_a_proven_archive_is_found_by_any_known_hash(shelf: Shelf, file: Path) -> None:
    shelf.add(file, {"sha256": SHA, "md5": MD5}, "a.zip")
    again = Shelf(shelf.path)
    assert again.find({"md5": MD5}) == (file,)
    assert again.find({"sha256": SHA}) == (file,)
    assert again.find({"sha256": SHA, "sha1": "unknown"}) == (file,)
    assert again.find({"sha256": "0" * 64}) == ()
    assert again.find({"sha1": "unknown"}) == ()
    assert again.find({}) == ()


def test_what_changed_or_went_is_not_offered(shelf: Shelf, file: Path) -> None:
    shelf.add(file, {"sha256": SHA})
    file.write_bytes(b"other")
    assert shelf.find({"sha256": SHA}) == ()
    shelf.add(file, {"sha256": SHA})
    file.unlink()
    assert shelf.find({"sha256": SHA}) == ()


def test_hashing_is_done_once(shelf: Shelf, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = shelf.hashes(file, {"md5"}, CancelToken())
    assert first == {"sha256": SHA, "md5": MD5}
    monkeypatch.setattr(reuse, "hash_file", lambda *_: pytest.fail("hashed again"))
    seen: list[int] = []
    assert shelf.hashes(file, {"md5"}, CancelToken(), seen.append) == first
    assert sum(seen) == len(DATA)


def test_hashing_is_done_again_for_another_hash_or_another_content(
    shelf: Shelf, file: Path
) -> None:
    shelf.hashes(file, set(), CancelToken())
    assert shelf.hashes(file, {"md5"}, CancelToken())["md5"] == MD5
    file.write_bytes(b"PK changed")
    os.utime(file, (1, 1))
    changed = shelf.hashes(file, {"md5"}, CancelToken())
    assert changed["sha256"] == hashlib.sha256(b"PK changed").hexdigest()


def test_a_damaged_list_is_an_empty_one(shelf: Shelf, file: Path) -> None:
    shelf.path.parent.mkdir()
    shelf.path.write_text("{ not json")
    assert shelf.files() == ()
    shelf.add(file, {"sha256": SHA})
    assert shelf.find({"sha256": SHA}) == (file,)
