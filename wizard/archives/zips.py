"""The data of a zip's members, read by many threads at once.

With ``os.pread`` and ISA-L's inflate, because ``zipfile``'s shared lock makes its threads slower
than one (fact sheet performance_io).
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from wizard.archives.directory import ZipEntry
from wizard.archives.inflate import InflateError, crc32, inflater
from wizard.archives.limits import MIB

SMALL = 4 * MIB
"""Members up to this many bytes are read, checked and written in one go."""

_LOCAL = struct.Struct("<4s22xHH")
_SLACK = 64


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
