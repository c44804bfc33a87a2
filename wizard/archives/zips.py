"""Zip archives: the central directory as plain entries, and members read by many threads.

``zipfile`` reads the directory; the members are read with ``os.pread`` and inflated by ISA-L,
because ``zipfile``'s shared lock makes its threads slower than one (fact sheet performance_io).
"""

from __future__ import annotations

import os
import stat
import struct
import zipfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from msgspec import Struct

from wizard.archives.inflate import InflateError, crc32, inflater
from wizard.archives.limits import MIB, Limits
from wizard.errors import ArchiveError

SMALL = 4 * MIB
"""Members up to this many bytes are read, checked and written in one go."""

_LOCAL = struct.Struct("<4s22xHH")
_SLACK = 64
_METHODS = {0: "stored", 8: "deflated"}
_OTHER_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz"}
_AGAIN = "Delete it and fetch it again; if it comes the same way twice, tell its publisher."


class ZipEntry(Struct, frozen=True, gc=False):
    """One file in a zip: its name as stored, its sizes in bytes, and how to find its data."""

    name: str
    size: int
    packed: int
    crc32: int
    offset: int
    deflated: bool


def read_directory(archive: Path, limits: Limits, where: str = "") -> tuple[ZipEntry, ...]:
    """Return the files of a zip in the order of their data, folders left out.

    Raises ``ArchiveError`` for a directory that is missing or damaged, encrypted members, links
    and devices, unknown compression, members that share their data, and bombs. ``where`` is what
    errors call the archive.
    """
    where = where or str(archive)
    try:
        with zipfile.ZipFile(archive) as opened:
            infos = opened.infolist()
    except (zipfile.BadZipFile, EOFError, ValueError, struct.error, NotImplementedError) as error:
        raise ArchiveError(
            "is cut short or damaged: its table of contents at the end is missing or wrong",
            where=where,
            hint=_AGAIN,
        ) from error
    entries = sorted(
        (_entry(info, where) for info in infos if not _is_folder(info)),
        key=lambda entry: entry.offset,
    )
    _check_sizes(entries, archive.stat().st_size, limits, where)
    return tuple(entries)


def _is_folder(info: zipfile.ZipInfo) -> bool:
    return info.orig_filename.endswith(("/", "\\")) and not info.file_size


def _entry(info: zipfile.ZipInfo, where: str) -> ZipEntry:
    problem = _problem(info)
    if problem:
        raise ArchiveError(
            f"member {info.orig_filename!r} {problem[0]}", where=where, hint=problem[1]
        )
    return ZipEntry(
        name=info.orig_filename,
        size=info.file_size,
        packed=info.compress_size,
        crc32=info.CRC,
        offset=info.header_offset,
        deflated=info.compress_type == zipfile.ZIP_DEFLATED,
    )


def _problem(info: zipfile.ZipInfo) -> tuple[str, str] | None:
    """Return what keeps a member from being unpacked, and what to do about it."""
    if info.flag_bits & 0x1:
        return "is encrypted", "Unpack it by hand with its password, or fetch the open archive."
    if info.compress_type not in _METHODS:
        method = _OTHER_METHODS.get(info.compress_type, f"method {info.compress_type}")
        return (
            f"is compressed with {method}, which is not supported",
            "Unpack it with another tool and pack it again as an ordinary zip.",
        )
    mode = info.external_attr >> 16
    if info.create_system == 3 and stat.S_IFMT(mode) not in (0, stat.S_IFREG, stat.S_IFDIR):
        kind = "a symbolic link" if stat.S_ISLNK(mode) else "a device or pipe"
        return f"is {kind}, not a file", "Datasets hold plain files. Check where it came from."
    return None


def _check_sizes(entries: list[ZipEntry], size: int, limits: Limits, where: str) -> None:
    end = 0
    for entry in entries:
        if entry.offset < end:
            raise ArchiveError(
                f"member {entry.name!r} shares its data with another",
                where=where,
                hint="This looks like an archive bomb. Fetch it from its own site.",
            )
        end = entry.offset + _LOCAL.size + entry.packed
        limits.check_ratio(entry.size, entry.packed, archive=where, what=f"member {entry.name!r}")
    total = sum(entry.size for entry in entries)
    limits.check_ratio(total, size, archive=where, what="the archive")
    limits.check_total(total, len(entries), archive=where)


class DamagedMember(Exception):
    """A member's bytes are not what the directory says; the reason is the message."""


class ZipData:
    """The bytes of a zip's members, for any number of threads at once."""

    def __init__(self, archive: Path) -> None:
        self._file = os.open(archive, os.O_RDONLY | os.O_CLOEXEC)

    def __enter__(self) -> ZipData:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self._file)

    def read(self, entry: ZipEntry) -> bytes:
        """Return a small member's bytes, their CRC checked; raises ``DamagedMember``."""
        guess = _LOCAL.size + 2 * len(entry.name) + _SLACK + entry.packed
        block = os.pread(self._file, guess, entry.offset)
        start = _data_start(block)
        packed = block[start : start + entry.packed]
        if len(packed) < entry.packed:
            packed = os.pread(self._file, entry.packed, entry.offset + start)
        data = _inflate(packed, entry.size) if entry.deflated else packed
        if len(data) != entry.size or crc32(data) != entry.crc32:
            raise DamagedMember("its bytes do not match their checksum")
        return data

    def chunks(self, entry: ZipEntry) -> Iterator[bytes]:
        """Yield a member's bytes a few MiB at a time; a wrong CRC raises after the last."""
        seen = crc = 0
        for chunk in self._inflated(entry) if entry.deflated else self._packed(entry):
            seen += len(chunk)
            if seen > entry.size:
                raise DamagedMember("it is longer than the archive says")
            crc = crc32(chunk, crc)
            yield chunk
        if seen != entry.size or crc != entry.crc32:
            raise DamagedMember("its bytes do not match their checksum")

    def _packed(self, entry: ZipEntry) -> Iterator[bytes]:
        block = os.pread(self._file, _LOCAL.size, entry.offset)
        place = entry.offset + _data_start(block)
        end = place + entry.packed
        while place < end:
            chunk = os.pread(self._file, min(MIB, end - place), place)
            if not chunk:
                raise DamagedMember("the archive ends inside it")
            place += len(chunk)
            yield chunk

    def _inflated(self, entry: ZipEntry) -> Iterator[bytes]:
        stream = inflater(-15)
        try:
            for packed in self._packed(entry):
                rest = packed
                while rest and not stream.eof:
                    yield stream.decompress(rest, SMALL)
                    rest = stream.unconsumed_tail
            if not stream.eof:
                yield stream.flush()
        except InflateError as error:
            raise DamagedMember("its compressed data is broken") from error


def _data_start(block: bytes) -> int:
    """Return where the data starts behind a local header, in bytes from its first."""
    if len(block) < _LOCAL.size:
        raise DamagedMember("the archive ends before it")
    magic, name, extra = _LOCAL.unpack_from(block)
    if magic != b"PK\x03\x04":
        raise DamagedMember("there is no member where the archive says it is")
    return _LOCAL.size + int(name) + int(extra)


def _inflate(packed: bytes, size: int) -> bytes:
    """Inflate at most one byte more than promised, so that a lie about the size costs nothing."""
    try:
        return bytes(inflater(-15).decompress(packed, size + 1))
    except InflateError as error:
        raise DamagedMember("its compressed data is broken") from error
