"""Colour-coded labels: every pixel's class through one lookup.

A pixel whose colour belongs to no class becomes class 0, as in the reference implementation
(fact sheet mseg section 3), but is counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.labels.pixels.decode import Palette, TrueColour, pack_colours
from wizard.labels.pixels.runs import Runs, SortedKeys


@dataclass(frozen=True, slots=True)
class Classified:
    """Classes of a colour image: ``table[values]``, and pixels per colour of no class."""

    values: NDArray[np.uint8]
    """uint8 (H, W)."""
    table: NDArray[np.uint8]
    """uint8 (256,)."""
    unknown: dict[int, int]
    """Packed colour -> pixels."""

    def classes(self) -> NDArray[np.uint8]:
        """Return the classes, uint8 (H, W)."""
        return self.table[self.values]


class ColourTable:
    """The colours of a taxonomy, row i for class i."""

    def __init__(self, colours: NDArray[np.uint8]) -> None:
        self._keys = SortedKeys(pack_colours(colours))

    def classify(self, picture: Palette | TrueColour) -> Classified:
        """Find every pixel's class."""
        if isinstance(picture, Palette):
            return self._classify_palette(picture)
        return self._classify_strips(picture)

    def _classify_palette(self, picture: Palette) -> Classified:
        rows = self._keys.rows(picture.colours)
        unknown: Counter[int] = Counter()
        for index, count in _used(picture.indices, rows < 0):
            unknown[int(picture.colours[index])] += count
        return Classified(picture.indices, np.maximum(rows, 0).astype(np.uint8), dict(unknown))

    def _classify_strips(self, picture: TrueColour) -> Classified:
        classes = np.empty(picture.shape, np.uint8)
        unknown: Counter[int] = Counter()
        for rows, pixels in picture.strips():
            found = self._keys.find(Runs.of(pixels))
            numbers = np.maximum(found.rows, 0).astype(np.uint8)
            classes[rows] = found.spread(numbers).reshape(-1, picture.shape[1])
            unknown.update(found.missing())
        return Classified(classes, np.arange(256, dtype=np.uint8), dict(unknown))


def _used(indices: NDArray[np.uint8], suspects: NDArray[np.bool_]) -> Iterator[tuple[int, int]]:
    """Yield which suspect indices, bool (256,), occur in the picture, and in how many pixels."""
    asked = np.flatnonzero(suspects)
    # Palettes start with the classes, so the largest index mostly settles it.
    if not len(asked) or indices.max() < asked[0]:
        return
    counts = Image.fromarray(indices).histogram()
    yield from ((index, counts[index]) for index in asked.tolist() if counts[index])


def hex_colour(packed: int) -> str:
    """Write a packed colour the way people know it, ``#rrggbb``."""
    return f"#{packed & 255:02x}{packed >> 8 & 255:02x}{packed >> 16:02x}"
