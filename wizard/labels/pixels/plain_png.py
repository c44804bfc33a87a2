"""PNG files simple enough to decode without Pillow, several times faster.

Most of a decoder's time goes into undoing row filters. What this software writes uses one filter,
and most palette files use none; both come apart in whole rows.
"""

from __future__ import annotations

import struct
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from isal import isal_zlib
from isal.igzip_lib import IsalError
from numpy.typing import NDArray

from wizard.labels.bounds import PIXELS
from wizard.labels.pixels.png import GRAY, UP, Chunk

_STORED = 0
_PALETTE = 3
_TASTE = 1 << 16
"""Bytes inflated before deciding."""


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
