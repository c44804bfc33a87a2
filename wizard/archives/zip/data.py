"""The data of a zip's members, read by many threads at once.

With ``os.pread`` and ISA-L's inflate, because ``zipfile``'s shared lock makes its threads slower
than one (fact sheet performance_io).
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from wizard.archives.bounds import CHUNK
from wizard.archives.deflate import InflateError, crc32, inflater
from wizard.archives.writing.batches import LOCAL, DamagedMember, LocalHeader, read_at
from wizard.archives.zip.directory import ZipEntry
from wizard.foreign import descriptor_of

_PIECE = 4 * CHUNK


class ZipData:
    """The bytes of a zip's members, for any number of threads at once."""

    def __init__(self, archive: Path) -> None:
        self.file = descriptor_of(archive)

    def __enter__(self) -> ZipData:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        os.close(self.file)

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
        header = LocalHeader(entry.name.encode(), entry.deflated)
        block = read_at(self.file, LOCAL.size + len(header.name), entry.offset)
        place = entry.offset + header.size(block, 0)
        end = place + entry.packed
        while place < end:
            chunk = read_at(self.file, min(CHUNK, end - place), place)
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
                    yield stream.decompress(rest, _PIECE)
                    rest = stream.unconsumed_tail
            if not stream.eof:
                yield stream.flush()
        except InflateError as error:
            raise DamagedMember("its compressed data is broken") from error
