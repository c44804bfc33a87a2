"""PNG files as bytes: checked chunk by chunk, plain ones read and written several times faster.

The encoder filters every row ``Up`` and deflates with igzip: label images repeat from row to row,
so this is some twenty times faster than Pillow's writer and stays below 1.3 times its size on
real labels (``tests/benchmarks/README.md``). Nothing but standard PNG comes out.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import numpy as np
from isal import isal_zlib
from isal.igzip_lib import IsalError
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.files import write_whole
from wizard.labels.bounds import PIXELS

SIGNATURE = b"\x89PNG\r\n\x1a\n"
UP = 2
"""Filter: every byte minus the one above."""
GRAY = 0
"""Colour type."""
_LEVEL = 1
_STORED = 0
_PALETTE = 3
_TASTE = 1 << 16
"""Bytes inflated before deciding."""


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


class Plain(NamedTuple):
    """A gray or palette image as stored, and the bytes of its palette, R G B by turns."""

    values: NDArray[np.uint8] | NDArray[np.uint16]
    palette: bytes | None


def decode_plain(parts: Sequence[Chunk]) -> Plain | None:
    """Decode a gray or palette PNG of 8 or 16 bits whose rows are stored as they are or ``Up``.

    That is what ``encode`` writes and most palette files are, and several times faster than
    Pillow. None for every other PNG, sound or not: Pillow says what is wrong with it.
    """
    if not parts or parts[0].kind != b"IHDR" or len(parts[0].data) != 13:
        return None
    width, height, depth, colour, method, kind, interlace = struct.unpack(">IIBBBBB", parts[0].data)
    wanted = (depth, colour) in ((8, GRAY), (8, _PALETTE), (16, GRAY))
    if not wanted or method or kind or interlace or not 0 < width * height <= PIXELS:
        return None
    shape = (height, 1 + width * depth // 8)
    lines = _inflated(b"".join(part.data for part in parts if part.kind == b"IDAT"), shape)
    if lines is None or not _unfilter(lines):
        return None
    rows = np.ascontiguousarray(lines[:, 1:])
    palette = next((bytes(part.data) for part in parts if part.kind == b"PLTE"), None)
    if depth == 16:
        return Plain(rows.view(">u2").astype(np.uint16), None)
    return None if colour == _PALETTE and palette is None else Plain(rows, palette)


def up_lines(parts: Sequence[Chunk]) -> NDArray[np.uint8] | None:
    """Return the scan lines of a gray PNG of 8 bits, each after its filter byte: uint8 (H, 1 + W).

    None for every PNG that is not filtered ``Up`` throughout, as ``encode_gray`` writes them.
    Comparing lines proves pixels without undoing the filter.
    """
    if not parts or parts[0].kind != b"IHDR" or len(parts[0].data) != 13:
        return None
    width, height, depth, colour, *rest = struct.unpack(">IIBBBBB", parts[0].data)
    if (depth, colour) != (8, GRAY) or any(rest) or not 0 < width * height <= PIXELS:
        return None
    data = b"".join(part.data for part in parts if part.kind == b"IDAT")
    size = height * (1 + width)
    try:
        raw = isal_zlib.decompressobj().decompress(data, size + 1)
    except IsalError:  # type: ignore[misc]  # its stub declares an instance, not a class
        return None
    lines = np.frombuffer(raw, np.uint8).reshape(height, -1) if len(raw) == size else None
    return lines if lines is not None and (lines[:, 0] == UP).all() else None


def _inflated(data: bytes, shape: tuple[int, int]) -> NDArray[np.uint8] | None:
    """Return the scan lines, uint8 ``shape``; None if they are of other filters or another size.

    Files of other filters show it in their first rows, so little is inflated in vain.
    """
    size = shape[0] * shape[1]
    inflater = isal_zlib.decompressobj()
    try:
        first = inflater.decompress(data, _TASTE)
        if not _simple(np.frombuffer(first, np.uint8)[:: shape[1]]):
            return None
        raw = bytearray(first)
        if not inflater.eof:
            raw += inflater.decompress(inflater.unconsumed_tail, max(1, size + 1 - len(first)))
    except IsalError:  # type: ignore[misc]  # its stub declares an instance, not a class
        return None
    return np.frombuffer(raw, np.uint8).reshape(shape) if len(raw) == size else None


def _simple(filters: NDArray[np.uint8]) -> bool:
    return bool(((filters == _STORED) | (filters == UP)).all())


def _unfilter(lines: NDArray[np.uint8]) -> bool:
    """Undo ``Up`` in place; False if some row has another filter."""
    if not _simple(lines[:, 0]):
        return False
    rows = lines[:, 1:]
    for row in np.flatnonzero(lines[1:, 0] == UP).tolist():
        np.add(rows[row + 1], rows[row], out=rows[row + 1])
    return True
