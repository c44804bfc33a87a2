"""What hostile archives cost: every one is refused early, or stops when asked to."""

from __future__ import annotations

import errno
import gzip
import os
import random
import struct
import tarfile
import threading
import time
import tracemalloc
from pathlib import Path

import pytest

from tests.archives.makers import make_tar, make_zip, tree, unpack, zip_bytes
from tests.archives.mutations import rounds
from wizard.archives import bounds
from wizard.archives.extract import Options, extract
from wizard.archives.format import archive_format
from wizard.archives.listing import listing
from wizard.archives.specs import Nested
from wizard.archives.tar import reader
from wizard.archives.zip import directory
from wizard.errors import ArchiveError, Cancelled
from wizard.progress import CancelToken, Counter

CPU = 3.0
"""Seconds of CPU any of these may take; honest work on them takes a hundredth."""


def refused(archive: Path, match: str, **options: object) -> None:
    began = time.process_time()
    with pytest.raises(ArchiveError, match=match) as caught:
        unpack(archive, archive.parent / "out", **options)
    assert archive.name in caught.value.where
    assert caught.value.hint
    assert time.process_time() - began < CPU


def meta(kind: bytes, data: bytes) -> bytes:
    info = tarfile.TarInfo("meta")
    info.type, info.size = kind, len(data)
    return info.tobuf(tarfile.USTAR_FORMAT) + data + bytes(-len(data) % 512)


@pytest.mark.parametrize(
    "records",
    [b"5 a=\n" * 200_000, b"6 ab=\n" * 170_000, b"1 " * 500_000, b"0 a=\n" * 9, b"9" * 900_000],
    ids=["many", "longer", "short", "none", "number"],
)
@pytest.mark.parametrize("kind", [tarfile.XHDTYPE, tarfile.XGLTYPE, tarfile.GNUTYPE_LONGNAME])
def test_extended_headers_cost_next_to_nothing(tmp_path: Path, kind: bytes, records: bytes) -> None:
    plain = meta(kind, records) + meta(tarfile.REGTYPE, b"x") + bytes(1024)
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(plain * 3))
    began = time.process_time()
    try:
        unpack(tmp_path / "a.tar.gz", tmp_path / "out")
    except ArchiveError as error:
        assert "a.tar.gz" in error.where
    assert time.process_time() - began < CPU


@pytest.mark.slow
def test_headers_without_end_are_a_bomb(tmp_path: Path) -> None:
    plain = meta(tarfile.XGLTYPE, b"11 comment=\n") * 40_000
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(plain))
    refused(tmp_path / "a.tar.gz", "no real data does")


def test_names_without_end_are_a_bomb_even_uncompressed(tmp_path: Path) -> None:
    (tmp_path / "a.tar").write_bytes(meta(tarfile.GNUTYPE_LONGNAME, b"n" * 900_000) * 40)
    refused(tmp_path / "a.tar", "names members with")


def test_zeros_behind_the_end_of_a_tar_are_a_bomb(tmp_path: Path) -> None:
    plain = make_tar(tmp_path / "b.tar", {"x": b"1"}).read_bytes() + bytes(20 << 20)
    (tmp_path / "a.tar.gz").write_bytes(gzip.compress(plain))
    refused(tmp_path / "a.tar.gz", "no real data does")


class Late(CancelToken):
    """Is cancelled once it was asked a few times."""

    def __init__(self, times: int) -> None:
        super().__init__()
        self.left = times

    def check(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Cancelled


def archives(folder: Path) -> list[Path]:
    noise = random.Random(1).randbytes(6 << 20)
    many = {f"{number}.txt": b"" for number in range(9000)}
    metas = meta(tarfile.XGLTYPE, b"30 comment=" + b"c" * 18 + b"\n") * 9000
    (folder / "metas.tar").write_bytes(metas + bytes(1024))
    junk = make_tar(folder / "junk.tar", {f"._{number}": b"" for number in range(9000)})
    padded = folder / "padded.tar"
    padded.write_bytes(make_tar(folder / "x.tar", {"x": b""}).read_bytes() + bytes(9 << 20))
    return [
        folder / "metas.tar", junk, padded,
        make_zip(folder / "many.zip", many), make_tar(folder / "many.tar", many),
        make_zip(folder / "large.zip", {"x": noise}),
        make_tar(folder / "large.tar.gz", {"x": noise}),
        make_zip(folder / "inner.zip", {"x.zip": zip_bytes({"y": noise})}),
    ]  # fmt: skip


@pytest.mark.slow
def test_a_stop_is_heard_everywhere(tmp_path: Path) -> None:
    for archive in archives(tmp_path):
        with pytest.raises(Cancelled):
            extract(
                archive,
                tmp_path / "out" / archive.name,
                nested=[Nested(member="*.zip")],
                counter=Counter(),
                token=Late(2),
            )
        if archive.name not in {"large.zip", "inner.zip"}:
            with pytest.raises(Cancelled):
                listing(archive, token=Late(1))
    assert not (tmp_path / "out").exists() or not tree(tmp_path / "out")


def test_a_member_with_another_name_where_its_data_is(tmp_path: Path) -> None:
    for number, deflated in enumerate((True, False)):
        archive = make_zip(
            tmp_path / f"{number}.zip", {"train/1.png": b"1" * 50}, deflated=deflated
        )
        data = bytearray(archive.read_bytes())
        data[data.index(b"train/1") :][:7]
        place = data.rindex(b"train/1")
        data[place : place + 7] = b"valid/1"
        archive.write_bytes(data)
        refused(archive, "another name where its data is")


def test_a_member_packed_otherwise_than_the_directory_says(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"x": b"12345" * 30}, deflated=False)
    data = bytearray(archive.read_bytes())
    data[8] = 8
    archive.write_bytes(data)
    refused(archive, "packed otherwise")


def test_names_that_two_places_spell_differently_are_the_same(tmp_path: Path) -> None:
    archive = make_zip(tmp_path / "a.zip", {"a\\b\\größe": b"1"})
    data = archive.read_bytes()
    place = data.index(b"a\\b\\")
    archive.write_bytes(data[:place] + b"a/b/" + data[place + 4 :])
    unpack(archive, tmp_path / "out")
    assert tree(tmp_path / "out") == {"a/b/größe": b"1"}


@pytest.mark.parametrize("kind", ["zip", "tar"])
@pytest.mark.parametrize(
    ("name", "says"),
    [("n" * 300, "longer name"), ("ü" * 200, "longer name"), ("abc/" * 900 + "x", "longer name"),
     ("a/" * 100 + "x", "folders deep")],
    ids=["part", "bytes", "path", "depth"],
)  # fmt: skip
def test_names_no_file_system_takes(tmp_path: Path, kind: str, name: str, says: str) -> None:
    maker = make_zip if kind == "zip" else make_tar
    refused(maker(tmp_path / f"a.{kind}", {"fine": b"1", name: b"2"}), says)


def test_a_table_of_contents_as_large_as_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(directory, "DIRECTORY_MOST", 200)
    archive = make_zip(tmp_path / "a.zip", {f"{number}": b"1" for number in range(9)})
    refused(archive, "table of contents of")


def test_a_member_that_claims_to_be_packed_into_gigabytes_is_read_in_pieces(tmp_path: Path) -> None:
    archive = tmp_path / "a.zip"
    size = 300 << 20
    make_zip(archive, {"x": b"1" * 90, "y": b"2"}, deflated=False)
    data = bytearray(archive.read_bytes())
    end = data.index(b"PK\x01\x02")
    first, tail = data[:end], data[end:]
    second = tail.index(b"PK\x01\x02", 4)
    struct.pack_into("<L", tail, 20, size)
    struct.pack_into("<L", tail, second + 42, 31 + size + 90)
    struct.pack_into("<L", tail, tail.index(b"PK\x05\x06") + 16, end + size)
    with archive.open("wb") as file:
        file.write(first)
        file.truncate(end + size)
        file.seek(0, os.SEEK_END)
        file.write(tail)
    tracemalloc.start()
    try:
        refused(archive, "broken")
        assert tracemalloc.get_traced_memory()[1] < 60 << 20
    finally:
        tracemalloc.stop()


def test_all_archives_inside_count_together(tmp_path: Path) -> None:
    inner = zip_bytes({"x": b"1" * 400})
    archive = make_zip(tmp_path / "a.zip", {f"{number}.zip": inner for number in range(4)})
    limits = bounds.UnpackLimits(total=4 * len(inner) + 1000)
    nested = [Nested(member="*.zip", into="{stem}")]
    refused(archive, "at most", nested=nested, options=Options(limits=limits))


def broken(*_: object) -> bytes:
    raise OSError(errno.EIO, os.strerror(errno.EIO))


@pytest.mark.parametrize("where", ["samples", "data"])
def test_a_disk_that_cannot_read_names_the_archive(
    tmp_path: Path, where: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    archive, whole = make_zip(tmp_path / "a.zip", {"x": b"1" * 9000}), os.pread

    def pread(file: int, size: int, place: int) -> bytes:
        sample = size == 4096
        hit = place == 0 and sample is (where == "samples") and size < 5000
        return broken() if hit else whole(file, size, place)

    monkeypatch.setattr(os, "pread", pread)
    refused(archive, "Input/output error")


def test_a_tar_the_disk_stops_reading_is_named(tmp_path: Path) -> None:
    stream = type("Broken", (), {"read": broken})()
    with pytest.raises(ArchiveError, match="cannot be read: Input/output") as caught:
        next(iter(reader.TarReader(stream, "a.tar", token=CancelToken())))
    assert caught.value.where == "a.tar"


def test_a_page_full_of_titles_is_told_at_once(tmp_path: Path) -> None:
    (tmp_path / "a.zip").write_bytes(b"<html>" + b"<title" * 20_000 + b"<title>" * 20_000)
    began = time.process_time()
    with pytest.raises(ArchiveError, match="web page"):
        archive_format(tmp_path / "a.zip")
    assert time.process_time() - began < CPU


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_mutated_archives_are_unpacked_or_refused(kind: str) -> None:
    before = threading.active_count()
    found = rounds(kind, 40, seed=1)
    assert found["refused"]
    assert threading.active_count() <= before


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_many_mutated_archives(kind: str) -> None:
    assert rounds(kind, 300, seed=2)["refused"]
