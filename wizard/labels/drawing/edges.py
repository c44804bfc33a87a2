"""Edges between classes, as human-parsing training reads them.

The rule is fact sheet openseg section 4.5: of two differing neighbours one certain pixel is
marked, and the marks are widened by a square.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from wizard.labels.tables.taxonomies import UNLABELED

EDGE = 255
DEFAULT_WIDTH = 3


def edges(label: NDArray[np.uint8], width: int = DEFAULT_WIDTH) -> NDArray[np.uint8]:
    """Return 255 on class borders of a label, uint8 (H, W), and 0 elsewhere.

    A vertical pair marks its lower pixel, a horizontal pair its left, a diagonal its upper left
    and an anti-diagonal its upper right; pairs with an ignored pixel mark nothing.
    """
    marks = np.zeros(label.shape, bool)
    marks[1:] |= _differ(label[:-1], label[1:])
    marks[:, :-1] |= _differ(label[:, :-1], label[:, 1:])
    marks[:-1, :-1] |= _differ(label[:-1, :-1], label[1:, 1:])
    marks[:-1, 1:] |= _differ(label[:-1, 1:], label[1:, :-1])
    return _widened(marks, width).astype(np.uint8) * np.uint8(EDGE)


def _differ(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.bool_]:
    differ: NDArray[np.bool_] = (first != second) & (first != UNLABELED) & (second != UNLABELED)
    return differ


def _widened(marks: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Dilate by a square of ``width`` whose anchor is ``width // 2``, one axis after the other."""
    for axis in (0, 1):
        length = marks.shape[axis]
        padded = np.pad(marks, [(width, width) if a == axis else (0, 0) for a in (0, 1)])
        wide = np.zeros_like(marks)
        for offset in range(width):
            start = width + offset - width // 2
            wide |= padded.take(range(start, start + length), axis=axis)
        marks = wide
    return marks
