"""Large keys to small numbers: one sorted search per run of equal pixels.

Label images are runs of equal pixels, some hundred long on average. Comparing neighbours is far
cheaper than searching, so the search sees each run once and its answer is repeated.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


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
