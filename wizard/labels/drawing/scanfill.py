"""Filling integer polygons as OpenCV up to 4.7.0 does, whatever OpenCV is installed, if any.

OpenCV 4.8 to 4.10 fill extra boundary pixels, and 4.11 differs at the right and lower border; the
reference labels come from before. The rule is fact sheet fptrans section 4.3: an 8-connected
outline, and between sorted crossings of every row, in 16.16 fixed point.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Points = NDArray[np.int64]
"""Vertices, int64 (n, 2), x before y."""

_SHIFT = 16
_ONE = 1 << _SHIFT


def fill_polygon(canvas: NDArray[np.uint8], points: Points, value: int) -> None:
    """Set the pixels of one polygon in ``canvas``, uint8 (H, W), in place.

    ``points`` are already truncated to integers; they may lie outside the image. One or two points
    draw a dot or a line.
    """
    if not len(points):
        return
    start, end = points, np.roll(points, -1, axis=0)
    _draw_outline(canvas, start, end, value)
    _fill_rows(canvas, start, end, value)


def _draw_outline(canvas: NDArray[np.uint8], start: Points, end: Points, value: int) -> None:
    height, width = canvas.shape
    limits = np.array([width, height])
    inside = ((start >= 0) & (start < limits) & (end >= 0) & (end < limits)).all(axis=1)
    pairs = np.concatenate([start, end], axis=1)
    kept = [tuple(map(int, pair)) for pair in pairs[~inside]]
    clipped = [line for pair in kept if (line := clip_line(pair, width, height)) is not None]
    lines = np.concatenate([pairs[inside], np.array(clipped, np.int64).reshape(-1, 4)])
    columns, rows = line_pixels(lines)
    canvas[rows, columns] = value


def line_pixels(lines: Points) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return columns and rows of every pixel of 8-connected lines, int64 (n, 4) of x0 y0 x1 y1.

    A line runs from its smaller x; after ``k`` steps along its longer axis of length ``a`` it has
    moved ``ceil((2 b k - a) / 2 a)`` along the shorter of length ``b``, the closed form of
    OpenCV's error term.
    """
    swapped = lines[:, 0] > lines[:, 2]
    lines = np.where(swapped[:, None], lines[:, [2, 3, 0, 1]], lines)
    x0, y0, x1, y1 = lines.T
    dx, dy = x1 - x0, np.abs(y1 - y0)
    steep = dy > dx
    long, short = np.where(steep, dy, dx), np.where(steep, dx, dy)
    owner = np.repeat(np.arange(len(lines)), long + 1)
    step = np.arange(len(owner)) - np.repeat(np.cumsum(long + 1) - (long + 1), long + 1)
    a, b = long[owner], short[owner]
    aside = np.maximum(0, -((a - 2 * b * step) // np.maximum(2 * a, 1)))
    down = np.sign(y1 - y0)[owner]
    columns = x0[owner] + np.where(steep[owner], aside, step)
    rows = y0[owner] + down * np.where(steep[owner], step, aside)
    return columns, rows


def clip_line(line: tuple[int, ...], width: int, height: int) -> tuple[int, int, int, int] | None:
    """Clip a line to the image by Cohen and Sutherland with division toward zero.

    Returns None for a line that misses the image. The order of the steps is part of the rule.
    """
    x0, y0, x1, y1 = line
    right, bottom = width - 1, height - 1
    first, last = _outcode(x0, y0, right, bottom), _outcode(x1, y1, right, bottom)
    if first & last:
        return None
    if first & 12:
        edge = bottom if first & 8 else 0
        x0, y0 = x0 + int((edge - y0) * (x1 - x0) / (y1 - y0)), edge
        first = _outcode(x0, y0, right, bottom) & 3
    if last & 12:
        edge = bottom if last & 8 else 0
        x1, y1 = x1 + int((edge - y1) * (x1 - x0) / (y1 - y0)), edge
        last = _outcode(x1, y1, right, bottom) & 3
    if first & last:
        return None
    if first:
        edge = right if first & 2 else 0
        x0, y0 = edge, y0 + int((edge - x0) * (y1 - y0) / (x1 - x0))
    if last:
        edge = right if last & 2 else 0
        x1, y1 = edge, y1 + int((edge - x1) * (y1 - y0) / (x1 - x0))
    return x0, y0, x1, y1


def _outcode(x: int, y: int, right: int, bottom: int) -> int:
    return (x < 0) + 2 * (x > right) + 4 * (y < 0) + 8 * (y > bottom)


def _fill_rows(canvas: NDArray[np.uint8], start: Points, end: Points, value: int) -> None:
    height, width = canvas.shape
    rows, crossings = _crossings(start, end, height)
    if not len(rows):
        return
    order = np.lexsort((crossings, rows))
    rows, crossings = rows[order][::2], crossings[order]
    left = np.clip((crossings[::2] + _ONE - 1) >> _SHIFT, 0, width)
    right = np.clip((crossings[1::2] >> _SHIFT) + 1, 0, width)
    spans = left < right
    rows, left, right = rows[spans], left[spans], right[spans]
    if not len(rows):
        return
    top, first = int(rows.min()), int(left.min())
    edges = np.zeros((int(rows.max()) - top + 1, int(right.max()) - first + 1), np.int32)
    np.add.at(edges, (rows - top, left - first), 1)
    np.add.at(edges, (rows - top, right - first), -1)
    filled = np.cumsum(edges, axis=1)[:, :-1] > 0
    window = canvas[top : top + filled.shape[0], first : first + filled.shape[1]]
    window[filled] = value


def _crossings(
    start: Points, end: Points, height: int
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return row and 16.16 column of every crossing of an edge with a row of the image."""
    sloped = start[:, 1] != end[:, 1]
    start, end = start[sloped], end[sloped]
    upward = (start[:, 1] > end[:, 1])[:, None]
    start, end = np.where(upward, end, start), np.where(upward, start, end)
    x0, y0 = start.T
    rise = (end[:, 0] - x0) << _SHIFT
    slope = np.sign(rise) * (np.abs(rise) // (end[:, 1] - y0))
    top = np.clip(y0, 0, height)
    count = np.clip(end[:, 1], 0, height) - top
    owner = np.repeat(np.arange(len(x0)), count)
    within = np.arange(len(owner)) - np.repeat(np.cumsum(count) - count, count)
    rows = top[owner] + within
    return rows, (x0[owner] << _SHIFT) + slope[owner] * (rows - y0[owner])
