"""What the machine knows of its archives: a hint that is checked, shared by installs."""

from __future__ import annotations

import hashlib
import os
from pathlib import Path

import pytest

from wizard.progress import CancelToken
from wizard.transfer import archive_cache
from wizard.transfer.archive_cache import ArchiveCache

DATA = b"PK archive"
SHA = hashlib.sha256(DATA).hexdigest()
MD5 = hashlib.md5(DATA).hexdigest()


@pytest.fixture
def cache(tmp_path: Path) -> ArchiveCache:
    return ArchiveCache(tmp_path / "state/archives.json")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "a.zip"
    path.write_bytes(DATA)
    return path


def test_a_proven_archive_is_found_by_any_known_hash(cache: ArchiveCache, file: Path) -> None:
    cache.add(file, {"sha256": SHA, "md5": MD5}, "a.zip")
    again = ArchiveCache(cache.path)
    assert again.find({"md5": MD5}) == (file,)
    assert again.find({"sha256": SHA}) == (file,)
    assert again.find({"sha256": SHA, "sha1": "unknown"}) == (file,)
    assert again.find({"sha256": "0" * 64}) == ()
    assert again.find({"sha1": "unknown"}) == ()
    assert again.find({}) == ()


def test_what_changed_or_went_is_not_offered(cache: ArchiveCache, file: Path) -> None:
    cache.add(file, {"sha256": SHA})
    file.write_bytes(b"other")
    assert cache.find({"sha256": SHA}) == ()
    cache.add(file, {"sha256": SHA})
    file.unlink()
    assert cache.find({"sha256": SHA}) == ()


def test_hashing_is_done_once(
    cache: ArchiveCache, file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = cache.hashes(file, {"md5"}, CancelToken())
    assert first == {"sha256": SHA, "md5": MD5}
    monkeypatch.setattr(archive_cache, "hash_file", lambda *_: pytest.fail("hashed again"))
    seen: list[int] = []
    assert cache.hashes(file, {"md5"}, CancelToken(), seen.append) == first
    assert sum(seen) == len(DATA)


def test_hashing_is_done_again_for_another_hash_or_another_content(
    cache: ArchiveCache, file: Path
) -> None:
    cache.hashes(file, set(), CancelToken())
    assert cache.hashes(file, {"md5"}, CancelToken())["md5"] == MD5
    file.write_bytes(b"PK changed")
    os.utime(file, (1, 1))
    changed = cache.hashes(file, {"md5"}, CancelToken())
    assert changed["sha256"] == hashlib.sha256(b"PK changed").hexdigest()


def test_a_damaged_list_is_an_empty_one(cache: ArchiveCache, file: Path) -> None:
    cache.path.parent.mkdir()
    cache.path.write_text("{ not json")
    assert cache.files() == ()
    cache.add(file, {"sha256": SHA})
    assert cache.find({"sha256": SHA}) == (file,)
