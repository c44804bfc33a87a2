"""Tables applied to pixels: small keys two at a time, large ones by a search per run of equals."""

from __future__ import annotations

from dataclasses import dataclass
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


@dataclass(frozen=True, slots=True)
class Runs:
    """Pixels, and where runs of equal ones begin, row after row."""

    pixels: NDArray[np.uint32]
    """uint32 (H, W) or (n,), not empty."""
    bounds: NDArray[np.intp]
    """First pixel of each run, and the number of pixels: (runs + 1,)."""
    keys: NDArray[np.uint32]
    """What each run holds, (runs,)."""

    @classmethod
    def of(cls, pixels: NDArray[np.uint32]) -> Runs:
        """Compare neighbours."""
        flat = pixels.reshape(-1)
        inner = np.flatnonzero(flat[1:] != flat[:-1]) + 1
        bounds = np.concatenate(([0], inner, [flat.size]))
        return cls(pixels, bounds, flat[bounds[:-1]])


@dataclass(frozen=True, slots=True)
class Found:
    """The answer for one stretch of pixels, run by run."""

    rows: NDArray[np.intp]
    """Row of the key each run equals, -1 where none does."""
    lengths: NDArray[np.intp]
    """Pixels in each run."""
    keys: NDArray[np.uint32]
    """What each run holds."""

    def spread(self, numbers: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Repeat one number per run over its pixels, uint8 (n,)."""
        return np.repeat(numbers, self.lengths)

    def missing(self) -> dict[int, int]:
        """Count the pixels of every key that was not found."""
        lost = self.rows < 0
        if not lost.any():
            return {}
        keys, place = np.unique(self.keys[lost], return_inverse=True)
        counts = np.bincount(place, weights=self.lengths[lost]).astype(np.int64)
        return dict(zip(keys.tolist(), counts.tolist(), strict=True))


class SortedKeys:
    """Distinct 32-bit keys, searchable in any number."""

    def __init__(self, keys: NDArray[np.uint32]) -> None:
        self._order = np.argsort(keys, kind="stable")
        self._sorted = keys[self._order]

    def rows(self, wanted: NDArray[np.uint32]) -> NDArray[np.intp]:
        """Return for each value the row of the key it equals, or -1."""
        if not len(self._sorted):
            return np.full(wanted.shape, -1, np.intp)
        place = np.searchsorted(self._sorted, wanted)
        np.minimum(place, len(self._sorted) - 1, out=place)
        return np.where(self._sorted[place] == wanted, self._order[place], -1)

    def find(self, runs: Runs) -> Found:
        """Search what each run holds."""
        return Found(self.rows(runs.keys), np.diff(runs.bounds), runs.keys)
