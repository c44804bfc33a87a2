"""Hostile, damaged and unsupported archives: one clear error each, and nothing written."""

from __future__ import annotations

import gzip
import io
import stat
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.archives.makers import make, make_tar, make_zip, tree, unpack, zip_bytes
from wizard.archives.bounds import UnpackLimits
from wizard.archives.extract import Options
from wizard.archives.specs import Nested, Rule
from wizard.errors import ArchiveError, DestinationError
from wizard.files import PARTIAL

ESCAPES = [
    "../evil",
    "a/../../evil",
    "/etc/evil",
    "C:/evil",
    "c:evil",
    "..\\evil",
    "\\evil",
    "a/b\x01c",
    "a/..",
    f"a/{PARTIAL}x",
]


def refused(archive: Path, match: str, **options: object) -> ArchiveError:
    """Unpack, expect a refusal that names the archive, a way out, and leaves nothing."""
    out = archive.parent / "deep" / "out"
    before = {path for path in archive.parent.rglob("*") if PARTIAL not in str(path)}
    with pytest.raises(ArchiveError, match=match) as caught:
        unpack(archive, out, **options)
    assert archive.name in caught.value.where
    assert caught.value.hint
    assert not out.exists()
    after = {path for path in archive.parent.rglob("*") if PARTIAL not in str(path)}
    assert after <= before | {out.parent}
    return caught.value


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tgz"])
@pytest.mark.parametrize("path", ESCAPES)
def test_members_that_would_leave_the_folder(tmp_path: Path, name: str, path: str) -> None:
    error = refused(make(tmp_path / name, {"fine": b"1", path: b"2"}), "member")
    assert repr(path) in error.message


def test_a_hostile_member_is_refused_even_where_a_rule_drops_it(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"../evil": b"2"})
    refused(archive, "leave the folder", rules=[Rule(prefix="")])


def test_rules_cannot_be_tricked_into_leaving_either(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"top/x": b"2"})
    refused(archive, "leave the folder", rules=[Rule(prefix="top/", to="../")])


@pytest.mark.parametrize(
    ("kind", "says"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "pipe"),
    ],
)
@pytest.mark.parametrize("name", ["a.tar", "a.tar.gz"])
def test_links_devices_and_pipes_in_tars(tmp_path: Path, name: str, kind: bytes, says: str) -> None:
    info = tarfile.TarInfo("odd")
    info.type, info.linkname = kind, "../../etc/passwd"
    error = refused(make_tar(tmp_path / name, {"fine": b"1"}, odd=[info]), says)
    assert "'odd'" in error.message


@pytest.mark.parametrize(
    ("mode", "says"), [(stat.S_IFLNK, "symbolic link"), (stat.S_IFIFO, "pipe")]
)
def test_links_and_pipes_in_zips(tmp_path: Path, mode: int, says: str) -> None:
    info = zipfile.ZipInfo("odd")
    info.create_system, info.external_attr = 3, (mode | 0o777) << 16
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as packed:
        packed.writestr(info, "/etc/passwd")
    refused(tmp_path / "a.zip", says)


def test_a_zip_bomb(tmp_path: Path) -> None:
    refused(make_zip(tmp_path / "a.zip", {"zeros": bytes(20 << 20)}), "no real data")


def test_a_tar_bomb(tmp_path: Path) -> None:
    refused(make_tar(tmp_path / "a.tar.gz", {"zeros": bytes(20 << 20)}), "no real data")


def test_a_bomb_of_many_small_members(tmp_path: Path) -> None:
    files = {f"{i}": bytes(1 << 20) for i in range(20)}
    refused(make_zip(tmp_path / "a.zip", files), "no real data")


def test_a_bomb_inside_an_archive(tmp_path: Path) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as packed:
        packed.writestr("zeros", bytes(20 << 20))
    archive = make_zip(tmp_path / "a.zip", {"x/inner.zip": buffer.getvalue()})
    refused(archive, "no real data", nested=[Nested(member="x/*.zip")])


@pytest.mark.parametrize("name", ["a.zip", "a.tgz"])
def test_far_more_than_declared(tmp_path: Path, name: str) -> None:
    archive = make(tmp_path / name, {"a": b"x" * 600, "b": b"y" * 600})
    refused(archive, "at most 1,000 bytes", options=Options(limits=UnpackLimits(total=1000)))


def test_a_member_that_lies_about_its_size(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"x": b"y" * 5000})
    data = bytearray(archive.read_bytes())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 100)
    archive.write_bytes(data)
    refused(archive, "x .*checksum")


def test_members_sharing_their_data(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"x": b"1" * 50, "y": b"2" * 50}, deflated=False)
    data = bytearray(archive.read_bytes())
    second = data.index(b"PK\x01\x02", data.index(b"PK\x01\x02") + 4)
    struct.pack_into("<L", data, second + 42, 0)
    archive.write_bytes(data)
    refused(archive, "shares its data")


def test_an_encrypted_zip(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"x": b"1"})
    data = bytearray(archive.read_bytes())
    data[data.index(b"PK\x01\x02") + 8] |= 1
    archive.write_bytes(data)
    assert "password" in refused(archive, "'x' is encrypted").hint


def test_a_method_we_do_not_read(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "a.zip", "w", zipfile.ZIP_BZIP2) as packed:
        packed.writestr("x", b"1")
    refused(tmp_path / "a.zip", "bzip2")


def _broken_zip(path: Path) -> None:
    make_zip(path, {"x": b"1" * 100, "y": b"2" * 100}, deflated=False)


def _broken_tar(path: Path) -> None:
    make_tar(path, {"x": b"1" * 2000, "y": b"2" * 2000})


@pytest.mark.parametrize(("name", "build"), [("a.zip", _broken_zip), ("a.tar", _broken_tar)])
@pytest.mark.parametrize("share", [0.3, 0.6, 0.9])
def test_truncated_archives(
    tmp_path: Path, name: str, build: Callable[[Path], None], share: float
) -> None:
    archive = tmp_path / name
    build(archive)
    end = archive.stat().st_size if name == "a.zip" else 5120
    archive.write_bytes(archive.read_bytes()[: int(end * share)])
    refused(archive, "cut short")


def test_a_tar_cut_exactly_between_members(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "a.tar", {"x": b"1" * 512, "y": b"2" * 512})
    archive.write_bytes(archive.read_bytes()[:1024])
    refused(archive, "cut short")


def test_truncated_and_damaged_gzip(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "a.tgz", {"x": zlib.compress(bytes(range(256)) * 40)})
    whole = archive.read_bytes()
    archive.write_bytes(whole[:-20])
    refused(archive, "cut short|damaged")
    archive.write_bytes(whole[:-8] + b"\0\0\0\0" + whole[-4:])
    refused(archive, "damaged")


def test_a_damaged_header_in_the_middle_of_a_tar(tmp_path: Path) -> None:
    archive = make_tar(tmp_path / "a.tar", {"x": b"1" * 512, "y": b"2" * 512})
    data = bytearray(archive.read_bytes())
    data[1024 + 3] ^= 0xFF
    archive.write_bytes(data)
    refused(archive, "header is broken")


def test_gzip_of_something_that_is_no_tar(tmp_path: Path) -> None:
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(b"hello " * 500))
    refused(tmp_path / "a.tar.gz", "header is broken")


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_the_same_path_twice(tmp_path: Path, name: str) -> None:
    files = {"t/x": b"1", "u/x": b"2"}
    rules = [Rule(prefix="t/", to=""), Rule(prefix="u/", to="")]
    refused(make(tmp_path / name, files), "more than once", rules=rules)


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_the_same_file_twice_is_taken_once(tmp_path: Path, name: str) -> None:
    archive = make(tmp_path / name, {"t/x": b"1", "u/x": b"1"})
    done = unpack(archive, tmp_path / "out", rules=[Rule(prefix="t/", to="u/")])
    assert len(done.members) == 1
    assert tree(tmp_path / "out") == {"u/x": b"1"}


@pytest.mark.parametrize("order", [("a", "a/b"), ("a/b", "a"), ("a/b/c", "a/b")])
@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_a_path_that_is_both_file_and_folder(
    tmp_path: Path, name: str, order: tuple[str, str]
) -> None:
    archive = make(tmp_path / name, dict.fromkeys(order, b"1"))
    refused(archive, "both a file and a folder")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "is empty"),
        pytest.param(bytes(2000), "zeros", id="zeros"),
        (b"<!DOCTYPE html><html><head><title>Log in &amp;\n agree</title>", "“Log in & agree”"),
        (b"\n  <HTML><body>quota exceeded</body></HTML>", "is a web page, not"),
        (b"Rar!\x1a\x07", "RAR"),
        (b"%PDF-1.7", "PDF"),
        pytest.param(b"whatever this is " * 50, "neither a zip nor a tar", id="text"),
    ],
)
def test_what_is_no_archive_is_called_what_it_is(tmp_path: Path, content: bytes, says: str) -> None:
    (tmp_path / "a.zip").write_bytes(content)
    refused(tmp_path / "a.zip", says)


@pytest.mark.parametrize("name", ["a.zip", "a.tar"])
def test_an_archive_with_nothing_that_is_wanted(tmp_path: Path, name: str) -> None:
    archive = make(tmp_path / name, {"VOC2010/x": b"1"})
    refused(archive, "none of the files", rules=[Rule(prefix="")])


def test_an_archive_that_is_not_there(tmp_path: Path) -> None:
    refused(tmp_path / "a.zip", "cannot be read")


def test_a_broken_archive_inside_is_named_with_its_outer_one(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"x/inner.zip": zip_bytes({"y": b"1"})[:-10]})
    error = refused(archive, "cut short", nested=[Nested(member="x/inner.zip")])
    assert "a.zip > x/inner.zip" in error.where


def test_a_file_where_a_folder_should_be(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    (tmp_path / "out/top").write_bytes(b"mine")
    archive = make_zip(tmp_path / "a.zip", {"top/x": b"1"})
    with pytest.raises(DestinationError) as caught:
        unpack(archive, tmp_path / "out")
    assert "out/top" in str(caught.value)
    assert (tmp_path / "out/top").read_bytes() == b"mine"
    (tmp_path / "out/top").unlink()
    unpack(archive, tmp_path / "out")
    assert tree(tmp_path / "out") == {"top/x": b"1"}
