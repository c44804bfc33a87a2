"""The data of a zip's members, read by many threads at once.

With ``os.pread`` and ISA-L's inflate, because ``zipfile``'s shared lock makes its threads slower
than one (fact sheet performance_io).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from wizard.archives.directory import ZipEntry
from wizard.archives.inflate import InflateError, crc32, inflater
from wizard.archives.limits import MIB

SMALL = 4 * MIB
"""Members up to this many bytes are read, checked and written in one go."""

_LOCAL = struct.Struct("<4s22xHH")
_SLACK = 64
_WINDOW = MIB


class DamagedMember(Exception):
    """A member's bytes are not what the directory says; the reason is the message."""


@dataclass(frozen=True, slots=True)
class Window:
    """Bytes of the archive read ahead, and where in it they start."""

    start: int = 0
    data: memoryview = memoryview(b"")


NO_WINDOW = Window()


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

    def window(self, entries: Sequence[ZipEntry]) -> Window:
        """Read members that lie close together at once; nothing if they are far apart.

        A call to the system for each of them would cost as much as inflating it.
        """
        start, last = entries[0].offset, entries[-1]
        end = last.offset + _span(last)
        if not 0 < end - start <= _WINDOW:
            return NO_WINDOW
        return Window(start, memoryview(os.pread(self._file, end - start, start)))

    def read(self, entry: ZipEntry, window: Window = NO_WINDOW) -> bytes | memoryview:
        """Return a small member's bytes, their CRC checked; raises ``DamagedMember``."""
        at = entry.offset - window.start
        if not 0 <= at <= len(window.data) - _LOCAL.size:
            window, at = Window(entry.offset, self._block(_span(entry), entry.offset)), 0
        start = at + _data_start(window.data, at)
        packed = window.data[start : start + entry.packed]
        if len(packed) < entry.packed:
            packed = self._block(entry.packed, window.start + start)
        data = _inflate(packed, entry.size) if entry.deflated else packed
        if len(data) != entry.size or crc32(data) != entry.crc32:
            raise DamagedMember("its bytes do not match their checksum")
        return data

    def _block(self, size: int, offset: int) -> memoryview:
        return memoryview(os.pread(self._file, size, offset))

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
        place = entry.offset + _data_start(block, 0)
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


def _span(entry: ZipEntry) -> int:
    """Return how many bytes a member takes with its header, whose exact size it alone tells."""
    return _LOCAL.size + 2 * len(entry.name) + _SLACK + entry.packed


def _data_start(block: bytes | memoryview, at: int) -> int:
    """Return where the data starts behind the local header at ``at``, in bytes from its first."""
    if len(block) < at + _LOCAL.size:
        raise DamagedMember("the archive ends before it")
    magic, name, extra = _LOCAL.unpack_from(block, at)
    if magic != b"PK\x03\x04":
        raise DamagedMember("there is no member where the archive says it is")
    return _LOCAL.size + int(name) + int(extra)


def _inflate(packed: memoryview, size: int) -> bytes:
    """Inflate at most one byte more than promised, so that a lie about the size costs nothing."""
    try:
        return bytes(inflater(-15).decompress(packed, size + 1))
    except InflateError as error:
        raise DamagedMember("its compressed data is broken") from error
