"""ISA-L's inflate and CRC-32; imports nothing else, because ``workers`` start with it."""

from __future__ import annotations

from isal import isal_zlib

InflateError: type[Exception] = isal_zlib.error  # type: ignore[assignment]
"""What broken deflate data raises; the stub takes it for an instance."""

inflater = isal_zlib.decompressobj
crc32 = isal_zlib.crc32
