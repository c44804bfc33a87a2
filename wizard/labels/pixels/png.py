"""PNG files as bytes: checked chunk by chunk when read, written gray in one fast deflate.

The encoder filters every row ``Up`` and deflates with igzip: label images repeat from row to row,
so this is some twenty times faster than Pillow's writer and stays below 1.3 times its size on
real labels (``tests/benchmarks/README.md``). Nothing but standard PNG comes out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from isal import isal_zlib
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.files import write_whole

SIGNATURE = b"\x89PNG\r\n\x1a\n"
UP = 2
"""Filter: every byte minus the one above."""
GRAY = 0
"""Colour type."""
_LEVEL = 1


class Chunk(NamedTuple):
    """One chunk of a PNG file."""

    kind: bytes
    data: memoryview


def encode_gray(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> bytes:
    """Return a gray PNG of uint8 or uint16 ``(H, W)`` with 8 or 16 bits a pixel.

    Raises ``LabelError`` for any other array.
    """
    if pixels.ndim != 2 or pixels.dtype not in (np.uint8, np.uint16) or not pixels.size:
        raise LabelError(f"{pixels.dtype} {pixels.shape} is no label image", cause="not-a-label")
    return encode_lines(filtered(pixels), pixels.shape[1], 8 * pixels.dtype.itemsize)


def encode_lines(lines: NDArray[np.uint8], width: int, depth: int = 8) -> bytes:
    """Return a gray PNG of scan lines that are filtered already, uint8 (H, 1 + bytes of a row)."""
    header = struct.pack(">IIBBBBB", width, len(lines), depth, GRAY, 0, 0, 0)
    body = isal_zlib.compress(lines, _LEVEL)
    return b"".join(
        (SIGNATURE, *_chunk(b"IHDR", header), *_chunk(b"IDAT", body), *_chunk(b"IEND", b""))
    )


def write_label(path: Path, pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> None:
    """Write a label image under its final name in one rename; see ``encode``."""
    write_whole(path, encode_gray(pixels))


def chunks(data: bytes, where: str) -> Iterator[Chunk]:
    """Walk the chunks of a PNG up to ``IEND``, each proven by its CRC.

    Raises ``LabelError`` when the file is cut short or a byte was changed, which Pillow and
    others read over in silence.
    """
    view = memoryview(data)
    start = len(SIGNATURE)
    while True:
        head = view[start : start + 8]
        length = int.from_bytes(head[:4], "big")
        end = start + 8 + length
        if len(head) < 8 or end + 4 > len(view):
            raise LabelError("the PNG is cut short", cause="truncated-image", where=where)
        if isal_zlib.crc32(view[start + 4 : end]) != int.from_bytes(view[end : end + 4], "big"):
            raise LabelError("the PNG is damaged (a CRC differs)", cause="damaged", where=where)
        kind = bytes(head[4:])
        yield Chunk(kind, view[start + 8 : end])
        if kind == b"IEND":
            return
        start = end + 4


def filtered(pixels: NDArray[np.uint8] | NDArray[np.uint16]) -> NDArray[np.uint8]:
    """Return the scan lines, each after its filter byte: uint8 (H, 1 + bytes of a row)."""
    wide = pixels.dtype != np.uint8
    rows = pixels.astype(">u2", order="C").view(np.uint8) if wide else pixels
    lines = np.empty((rows.shape[0], 1 + rows.shape[1]), np.uint8)
    lines[:, 0] = UP
    lines[0, 1:] = rows[0]
    np.subtract(rows[1:], rows[:-1], out=lines[1:, 1:])
    return lines


def _chunk(kind: bytes, data: bytes) -> tuple[bytes, bytes, bytes, bytes]:
    crc = isal_zlib.crc32(data, isal_zlib.crc32(kind))
    return len(data).to_bytes(4, "big"), kind, data, crc.to_bytes(4, "big")
