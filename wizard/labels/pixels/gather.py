"""Tables applied to pixels, two pixels at a time.

A table of all 65,536 pairs of bytes halves the gathers of an 8-bit image. It is kept for the next
image; strips keep numpy's copies of the indices in cache.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

_WORTH_IT = 1 << 14
"""Pixels from which pairs pay."""

_STRIP = 1 << 16
"""Pairs looked up at once."""


def gather(
    table: NDArray[np.uint8], values: NDArray[np.uint8] | NDArray[np.uint16]
) -> NDArray[np.uint8]:
    """Return ``table[values]``, uint8 (H, W); every value must be within the table."""
    if values.dtype != np.uint8 or values.size < _WORTH_IT or not values.flags.c_contiguous:
        return np.take(table, values)
    flat = values.reshape(-1)
    looked = np.empty(flat.size, np.uint8)
    even = flat.size // 2 * 2
    pairs, source, target = (
        _pairs(table.tobytes()),
        flat[:even].view(np.uint16),
        looked[:even].view(np.uint16),
    )
    for start in range(0, len(source), _STRIP):
        strip = slice(start, start + _STRIP)
        # "clip" only spares numpy a buffer: all 65,536 values are in the table.
        np.take(pairs, source[strip], out=target[strip], mode="clip")
    looked[even:] = table[flat[even:]]
    return looked.reshape(values.shape)


@lru_cache(maxsize=64)
def _pairs(table: bytes) -> NDArray[np.uint16]:
    """Return what every pair of bytes, read as one number, becomes: uint16 (65536,)."""
    full = np.zeros(256, np.uint16)
    full[: len(table)] = np.frombuffer(table, np.uint8)[:256]
    # Which byte comes first does not matter: the table is the same for both.
    pairs: NDArray[np.uint16] = (full[:, None] << np.uint16(8) | full).reshape(-1)
    return pairs
