"""Where a label differs from the row above, which is all that filter ``Up`` leaves of it.

Labels are flat: one pixel in a hundred differs from the one above it. Those are found once, each
table is applied to them alone, and the rest of the filtered image is zero in every taxonomy.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from wizard.labels.pixels.decode import Values
from wizard.labels.pixels.png import UP

_STRIP = 1 << 18
"""Pixels compared at once: few enough that the answer stays in cache."""

_WORTH_IT = 16
"""One changed pixel in so many is where looking at all of them becomes cheaper."""


@dataclass(frozen=True, slots=True)
class Changes:
    """The pixels of one image that differ from the one above, and its first row."""

    shape: tuple[int, int]
    """Height and width of the image."""
    first: Values
    """(W,)."""
    places: NDArray[np.intp]
    """Where they are among the scan lines' bytes, filter bytes counted: (n,)."""
    here: Values
    """What they hold, (n,)."""
    above: Values
    """What the pixels above them hold, (n,)."""

    @classmethod
    def of(cls, values: Values) -> Changes | None:
        """Compare the rows of an image (H, W); None when too much of it changes to be worth it."""
        height, width = values.shape
        step = max(1, _STRIP // width)
        differs = np.zeros((step, 1 + width), np.bool_)
        found = [np.empty(0, np.intp)]
        left = values.size // _WORTH_IT
        for top in range(1, height, step):
            rows = values[top : top + step]
            strip = differs[: len(rows)]
            np.not_equal(rows, values[top - 1 : top - 1 + len(rows)], out=strip[:, 1:])
            found.append(np.flatnonzero(strip) + top * (1 + width))
            left -= len(found[-1])
            if left < 0:
                return None
        places = np.concatenate(found)
        pixels = places - places // (1 + width) - 1
        flat = values.reshape(-1)
        return cls((height, width), values[0], places, flat[pixels], flat[pixels - width])

    def lines(self, table: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Return the scan lines of ``table[values]`` under filter ``Up``: uint8 (H, 1 + W)."""
        height, width = self.shape
        lines = np.zeros((height, 1 + width), np.uint8)
        lines[:, 0] = UP
        lines[0, 1:] = table[self.first]
        lines.reshape(-1)[self.places] = table[self.here] - table[self.above]
        return lines

    def give(self, table: NDArray[np.uint8], lines: NDArray[np.uint8]) -> bool:
        """Tell whether ``lines`` are these, looking only at what is not zero: uint8 (H, 1 + W)."""
        if lines.shape != (self.shape[0], 1 + self.shape[1]) or not (lines[:, 0] == UP).all():
            return False
        first, steps = table[self.first], table[self.here] - table[self.above]
        wanted = len(lines) + np.count_nonzero(first) + np.count_nonzero(steps)
        return bool(
            np.array_equal(lines[0, 1:], first)
            and np.array_equal(lines.reshape(-1)[self.places], steps)
            and np.count_nonzero(lines) == wanted
        )
