"""ISA-L's inflate and CRC-32, typed as they really are."""

from __future__ import annotations

from pathlib import Path
from typing import BinaryIO, Final, cast

from isal import igzip, igzip_threaded, isal_zlib

InflateError: Final = cast("type[Exception]", isal_zlib.error)
"""What broken deflate data raises; the stub takes it for an instance."""

GzipError: Final = cast("type[Exception]", igzip.BadGzipFile)
"""What a broken gzip header or checksum raises."""

inflater = isal_zlib.decompressobj
crc32 = isal_zlib.crc32


def open_gzip(source: Path | BinaryIO) -> BinaryIO:
    """Open gzip data for one pass, inflated in a thread of its own."""
    return cast("BinaryIO", igzip_threaded.open(source, "rb"))  # type: ignore[no-untyped-call]
