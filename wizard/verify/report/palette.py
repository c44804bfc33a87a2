"""Colours of classes: by name, so that a class looks the same before and after relabelling."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from wizard.labels.tables.colours import class_colour
from wizard.labels.tables.taxonomies import UNLABELED

NOTHING = (38, 38, 42)
"""The colour of unlabeled pixels and of values that are no class."""


def hex_of(name: str) -> str:
    """Return a class's colour as ``#rrggbb``."""
    return "#{:02x}{:02x}{:02x}".format(*class_colour(name))


def colour_table(names: Sequence[str]) -> NDArray[np.uint8]:
    """Return the colours of every value a label may hold, uint8 (max(256, n), 3)."""
    table = np.empty((max(UNLABELED + 1, len(names)), 3), np.uint8)
    table[:] = NOTHING
    for index, name in enumerate(names):
        if name != "unlabeled":
            table[index] = class_colour(name)
    return table
