"""What an archive holds, and which release it is, told without unpacking."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from tests.archives.makers import make, make_tar, make_zip
from wizard.archives.listing import ArchiveEntry, listing, recognise
from wizard.errors import ArchiveError
from wizard.recipes.model import Version

FILES = {"top/a": b"1", "top/b": b"22"}


@pytest.mark.parametrize(
    ("name", "kind"), [("a.zip", "zip"), ("a.tar", "tar"), ("a.tgz", "tar.gz")]
)
def test_names_and_sizes(tmp_path: Path, name: str, kind: str) -> None:
    found = listing(make(tmp_path / name, FILES))
    assert found.format == kind
    assert found.entries == (ArchiveEntry("top/a", 1), ArchiveEntry("top/b", 2))
    assert (found.complete, found.size) == (True, 3)


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
def test_a_listing_can_stop_early(tmp_path: Path, name: str) -> None:
    found = listing(make(tmp_path / name, FILES), most=1)
    assert (len(found.entries), found.complete) == (1, False)


def version(name: str, **facts: object) -> Version:
    """A version with the given facts."""
    return Version(name=name, accepted=True, note="", **facts)  # type: ignore[arg-type]


def test_versions_are_told_apart_by_members(tmp_path: Path) -> None:
    versions = [
        version("v2", has=("*/v2.0/**",)),
        version("v1.2", has=("training/labels/*",), lacks=("training/instances/*",)),
        version("v1.1", has=("training/labels/*", "training/instances/*")),
    ]
    old = make_zip(tmp_path / "a.zip", {"training/labels/1.png": b"", "training/instances/1": b""})
    new = make_tar(tmp_path / "b.tgz", {"./training/v2.0/labels/1.png": b""})
    half = make_zip(tmp_path / "c.zip", {"training/labels/1.png": b""})
    found = [recognise(archive, versions) for archive in (old, new, half)]
    assert [each.name if each else None for each in found] == ["v1.1", "v2", "v1.2"]


def test_versions_are_told_apart_by_size_and_hash(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", FILES)
    data = archive.read_bytes()
    versions = [
        version("other size", size=len(data) + 1, md5=hashlib.md5(data).hexdigest()),
        version("other bytes", size=len(data), sha256="0" * 64),
        version("this", size=len(data), md5=hashlib.md5(data).hexdigest().upper()),
    ]
    assert recognise(archive, versions) == versions[2]
    assert recognise(archive, versions[:2]) is None


def test_a_version_without_facts_fits_nothing(tmp_path: Path) -> None:
    assert recognise(make_zip(tmp_path / "a.zip", FILES), [version("any")]) is None


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="cannot be read"):
        recognise(tmp_path / "none.zip", [])
