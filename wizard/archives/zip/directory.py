"""The central directory of a zip: its files as plain entries, checked before any is read.

Parsed here rather than by ``zipfile``, whose objects cost a fifth of the whole unpacking of small
labels. Layout: APPNOTE.TXT 6.3, sections 4.3.12 to 4.5.3.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

from wizard.archives.bounds import DIRECTORY_MOST, UnpackLimits
from wizard.archives.format import unreadable
from wizard.errors import ArchiveError
from wizard.foreign import open_foreign
from wizard.progress import CancelToken

_ENTRY = struct.Struct("<4sxBHHH4xLLLHHHHHLL")
_END = struct.Struct("<4sHHHHLLH")
_END64 = struct.Struct("<4sQ4xLLQQQQ")
_LOCATOR = struct.Struct("<4sLQL")
_LOCAL_SIZE = 30
_COMMENT_MOST = 65_535
_FULL12, _FULL16, _FULL32 = 0xFFF, 0xFFFF, 0xFFFFFFFF
_ENCRYPTED, _UTF8 = 0x1, 0x800
_STORED, _DEFLATED = 0, 8
_OTHER_METHODS = {9: "Deflate64", 12: "bzip2", 14: "LZMA", 93: "Zstandard", 95: "xz"}
_UNIX = 3
_ZIP64 = 1
_AGAIN = "Delete it and fetch it again; if it comes the same way twice, tell its publisher."


class ZipEntry(Struct, frozen=True, gc=False):
    """One file in a zip: its name as stored, its sizes in bytes, and how to find its data."""

    name: str
    size: int
    packed: int
    crc32: int
    offset: int
    deflated: bool


class _Extent(Struct, frozen=True):
    """Where the directory lies in the file, and how many entries it should have."""

    start: int
    size: int
    count: int
    shift: int
    """Bytes before the zip itself, as in self-extracting archives."""
    wide: bool
    """Whether ``count`` is exact, rather than its lowest 16 bits."""


class _Broken(Exception):
    """The directory cannot be what was packed."""


def read_directory(
    archive: Path, limits: UnpackLimits, where: str = "", *, token: CancelToken | None = None
) -> tuple[ZipEntry, ...]:
    """Return the files of a zip in the order of their data, folders left out.

    Raises ``ArchiveError`` for a directory that is missing or damaged, encrypted members, links
    and devices, unknown compression, members that share their data, and bombs. ``where`` is what
    errors call the archive.
    """
    where = where or str(archive)
    check = token.check if token else _go_on
    try:
        with open_foreign(archive) as file:
            size = os.fstat(file.fileno()).st_size
            extent = _find(file.fileno(), size)
            _check_extent(extent, where)
            table = os.pread(file.fileno(), extent.size, extent.start)
        entries = list(_entries(table, extent, where, check))
    except OSError as error:
        raise unreadable(error, where) from error
    except (_Broken, struct.error, UnicodeDecodeError) as error:
        raise ArchiveError(
            "is cut short or damaged: its table of contents at the end is missing or wrong",
            where=where,
            hint=_AGAIN,
        ) from error
    entries.sort(key=lambda entry: entry.offset)
    _check_sizes(entries, size, limits, where)
    return tuple(entries)


def _find(file: int, size: int) -> _Extent:
    """Find the directory from the record at the end of the file."""
    most = _END.size + _COMMENT_MOST + _LOCATOR.size
    tail_at = max(0, size - most)
    tail = os.pread(file, most, tail_at)
    end = tail.rfind(b"PK\x05\x06")
    if end < 0:
        raise _Broken
    _, disk, first_disk, _, count, length, start, comment = _END.unpack_from(tail, end)
    if end + _END.size + comment > len(tail):
        raise _Broken
    wide = end >= _LOCATOR.size and tail.startswith(b"PK\x06\x07", end - _LOCATOR.size)
    record_at = tail_at + end
    if wide:
        record_at -= _LOCATOR.size + _END64.size
        record = os.pread(file, _END64.size, record_at)
        magic, _, disk, first_disk, _, count, length, start = _END64.unpack(record)
        if magic != b"PK\x06\x06":
            raise _Broken
    if disk or first_disk or start + length > record_at:
        raise _Broken
    shift = record_at - length - start
    return _Extent(start + shift, length, count, shift, wide)


def _go_on() -> None:
    """Be asked to stop by nobody."""


def _check_extent(extent: _Extent, where: str) -> None:
    if extent.size > DIRECTORY_MOST:
        raise ArchiveError(
            f"has a table of contents of {extent.size:,} bytes, more than {DIRECTORY_MOST:,}",
            where=where,
            hint="No dataset is packed so. Check where the archive came from.",
        )


def _entries(
    table: bytes, extent: _Extent, where: str, check: Callable[[], None]
) -> Iterator[ZipEntry]:
    """Yield every file in the directory; raises ``_Broken`` when it does not add up."""
    place = count = 0
    while place < len(table):
        (
            magic, system, _, flags, method, crc, packed, size, name_length, extra_length,
            comment_length, disk, _, mode, offset,
        ) = _ENTRY.unpack_from(table, place)  # fmt: skip
        name_at = place + _ENTRY.size
        extra_at = name_at + name_length
        place = extra_at + extra_length + comment_length
        if magic != b"PK\x01\x02" or disk not in (0, _FULL16) or place > len(table):
            raise _Broken
        count += 1
        if not count & _FULL12:
            check()
        name = _decoded(table[name_at:extra_at], flags)
        if name.endswith(("/", "\\")) and not size:
            continue
        if _FULL32 in (size, packed, offset):
            extra = table[extra_at : extra_at + extra_length]
            size, packed, offset = _widened(extra, size, packed, offset)
        if flags & _ENCRYPTED or method not in (_STORED, _DEFLATED) or mode >> 28 not in (0, 8, 4):
            _refuse(name, flags, method, mode >> 16 if system == _UNIX else 0, where)
        if offset + extent.shift + _LOCAL_SIZE + packed > extent.start:
            raise _Broken
        yield ZipEntry(name, size, packed, crc, offset + extent.shift, method == _DEFLATED)
    if len(table) < extent.size or (count if extent.wide else count & _FULL16) != extent.count:
        raise _Broken


def _decoded(raw: bytes, flags: int) -> str:
    """Decode a name: UTF-8 when it says or seems so, else the code page of old PCs."""
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        if flags & _UTF8:
            raise
        return raw.decode("cp437")


def _widened(extra: bytes, *fields: int) -> tuple[int, int, int]:
    """Replace the fields that do not fit 32 bits by those of the Zip64 extra field."""
    place = 0
    while place + 4 <= len(extra):
        kind, length = struct.unpack_from("<HH", extra, place)
        if kind == _ZIP64:
            wide = iter(struct.unpack_from(f"<{length // 8}Q", extra, place + 4))
            size, packed, offset = (
                next(wide, value) if value == _FULL32 else value for value in fields
            )
            return size, packed, offset
        place += 4 + length
    size, packed, offset = fields
    return size, packed, offset


def _refuse(name: str, flags: int, method: int, mode: int, where: str) -> None:
    """Raise for what keeps a member from being unpacked, with what to do about it."""
    kind = stat.S_IFMT(mode)
    if flags & _ENCRYPTED:
        what = "is encrypted"
        hint = "Unpack it by hand with its password, or fetch the open archive."
    elif method not in (_STORED, _DEFLATED):
        named = _OTHER_METHODS.get(method, f"method {method}")
        what = f"is compressed with {named}, which is not supported"
        hint = "Unpack it with another tool and pack it again as an ordinary zip."
    elif kind not in (0, stat.S_IFREG, stat.S_IFDIR):
        odd = "a symbolic link" if kind == stat.S_IFLNK else "a device or pipe"
        what, hint = f"is {odd}, not a file", "Datasets hold plain files. Check where it came from."
    else:
        return
    raise ArchiveError(f"member {name!r} {what}", where=where, hint=hint)


def _check_sizes(entries: list[ZipEntry], size: int, limits: UnpackLimits, where: str) -> None:
    """Raise for members that share their data, as bombs do, and for those that grow too much."""
    end = total = 0
    for entry in entries:
        if entry.offset < end:
            raise ArchiveError(
                f"member {entry.name!r} shares its data with another",
                where=where,
                hint="This looks like an archive bomb. Fetch it from its own site.",
            )
        end = entry.offset + _LOCAL_SIZE + entry.packed
        total += entry.size
        if entry.size > limits.ratio_floor:
            what = f"member {entry.name!r}"
            limits.check_ratio(entry.size, entry.packed, archive=where, what=what)
    limits.check_ratio(total, size, archive=where, what="the archive")
    limits.check_total(total, len(entries), archive=where)
