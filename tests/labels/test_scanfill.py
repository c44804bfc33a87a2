"""The OpenCV-like polygon fill, against a plain transcription of its rule."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.labels.drawing.scanfill import clip_line, fill_polygon, line_pixels


def walked(line: tuple[int, int, int, int]) -> list[tuple[int, int]]:
    """Pixels of a line by the running error of the rule."""
    x0, y0, x1, y1 = line if line[0] <= line[2] else (*line[2:], *line[:2])
    dx, dy, down = x1 - x0, abs(y1 - y0), 1 if y1 >= y0 else -1
    a, b = max(dx, dy), min(dx, dy)
    error, pixels = a - 2 * b, []
    for _ in range(a + 1):
        pixels.append((x0, y0))
        aside = error < 0
        error += -2 * b + (2 * a if aside else 0)
        if dx >= dy:
            x0, y0 = x0 + 1, y0 + (down if aside else 0)
        else:
            x0, y0 = x0 + (1 if aside else 0), y0 + down
    return pixels


def crossed(points: list[tuple[int, int]], shape: tuple[int, int]) -> np.ndarray:
    """Interior pixels by sorted crossings, row by row."""
    canvas = np.zeros(shape, np.uint8)
    for y in range(shape[0]):
        found = []
        for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
            if y0 == y1:
                continue
            if y0 > y1:
                x0, y0, x1, y1 = x1, y1, x0, y0
            if y0 <= y < y1:
                rise = (x1 - x0) << 16
                slope = abs(rise) // (y1 - y0) * (1 if rise >= 0 else -1)
                found.append((x0 << 16) + slope * (y - y0))
        found.sort()
        for left, right in zip(found[::2], found[1::2], strict=True):
            first, last = max(0, (left + 65535) >> 16), min(shape[1] - 1, right >> 16)
            if first <= last:
                canvas[y, first : last + 1] = 1
    return canvas


coordinate = st.integers(-12, 40)
polygon = st.lists(st.tuples(coordinate, coordinate), min_size=1, max_size=9)
size = st.tuples(st.integers(1, 30), st.integers(1, 30))


@settings(max_examples=150)
@given(polygon, size)
def test_fill_is_the_outline_and_the_crossings(points: list, shape: tuple[int, int]) -> None:
    expected = crossed(points, shape)
    for (x0, y0), (x1, y1) in zip(points, [*points[1:], points[0]], strict=True):
        clipped = clip_line((x0, y0, x1, y1), shape[1], shape[0])
        for x, y in walked(clipped) if clipped else []:
            expected[y, x] = 1
    canvas = np.zeros(shape, np.uint8)
    fill_polygon(canvas, np.array(points, np.int64), 1)
    assert np.array_equal(canvas, expected)


@settings(max_examples=100)
@given(coordinate, coordinate, coordinate, coordinate)
def test_line_pixels_follow_the_running_error(x0: int, y0: int, x1: int, y1: int) -> None:
    columns, rows = line_pixels(np.array([[x0, y0, x1, y1]]))
    assert list(zip(columns, rows, strict=True)) == walked((x0, y0, x1, y1))


@pytest.mark.parametrize(
    ("line", "clipped"),
    [
        ((2, 3, 5, 6), (2, 3, 5, 6)),
        ((-5, 2, 14, 2), (0, 2, 9, 2)),
        ((-5, -5, -1, 3), None),
        ((3, -10, 3, 20), (3, 0, 3, 7)),
    ],
)
def test_clip_line(line: tuple[int, ...], clipped: tuple[int, ...] | None) -> None:
    assert clip_line(line, 10, 8) == clipped


def test_later_polygons_overwrite_and_holes_are_filled() -> None:
    canvas = np.zeros((9, 9), np.uint8)
    fill_polygon(canvas, np.array([[0, 0], [8, 0], [8, 8], [0, 8]]), 1)
    fill_polygon(canvas, np.array([[3, 3], [5, 3], [5, 5], [3, 5]]), 2)
    assert (canvas[3:6, 3:6] == 2).all()
    assert (canvas == 1).sum() == 81 - 9


def test_no_points_draw_nothing() -> None:
    canvas = np.zeros((3, 3), np.uint8)
    fill_polygon(canvas, np.zeros((0, 2), np.int64), 7)
    assert not canvas.any()
