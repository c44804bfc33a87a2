"""Class borders and the offline SegFix, against plain transcriptions of their rules."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.io import savemat

from wizard.errors import LabelError
from wizard.labels.drawing.boundary_weights import edges
from wizard.labels.works.segfix import TRAINED_IDS, apply_offsets, read_offsets

PAIRS = (((0, 0), (1, 0), 1), ((0, 0), (0, 1), 0), ((0, 0), (1, 1), 0), ((0, 1), (1, 0), 0))
"""Two pixels of each kind of pair as (row, column), and which of them is marked."""


def plain_marks(label: np.ndarray) -> list[tuple[int, int]]:
    height, length = label.shape
    marks = []
    for y in range(height):
        for x in range(length):
            for first, second, marked in PAIRS:
                ends = [(y + dy, x + dx) for dy, dx in (first, second)]
                if any(row >= height or column >= length for row, column in ends):
                    continue
                a, b = (int(label[end]) for end in ends)
                if a != b and 255 not in (a, b):
                    marks.append(ends[marked])
    return marks


def plain_edges(label: np.ndarray, width: int) -> np.ndarray:
    wide = np.zeros(label.shape, np.uint8)
    before, after = width - 1 - width // 2, width // 2
    for y, x in plain_marks(label):
        wide[max(0, y - before) : y + after + 1, max(0, x - before) : x + after + 1] = 255
    return wide


small = arrays(
    np.uint8,
    st.tuples(st.integers(1, 8), st.integers(1, 8)),
    elements=st.sampled_from([0, 1, 2, 255]),
)


@settings(max_examples=80)
@given(small, st.sampled_from([1, 2, 3, 5, 10]))
def test_edges_equal_the_rule(label: np.ndarray, width: int) -> None:
    assert np.array_equal(edges(label, width), plain_edges(label, width))


def test_zero_offsets_change_no_known_class() -> None:
    label = np.random.default_rng(0).choice(TRAINED_IDS, (20, 30)).astype(np.uint8)
    assert np.array_equal(apply_offsets(label, np.zeros((20, 30, 2), np.float32)), label)


def test_trap_no_class_appears_that_was_not_there() -> None:
    rng = np.random.default_rng(1)
    label = rng.choice([7, 26, 33], (40, 50)).astype(np.uint8)
    offsets = rng.integers(-1, 2, (40, 50, 2)).astype(np.float32)
    assert set(np.unique(apply_offsets(label, offsets))) <= {7, 26, 33}


def test_a_step_is_scaled_and_stops_at_the_border() -> None:
    label = np.array([[7, 8, 11, 12]], np.uint8)
    right = np.zeros((1, 4, 2), np.float32)
    right[..., 1] = 1
    assert apply_offsets(label, right).tolist() == [[11, 12, 12, 12]]


def test_untrained_ids_become_unlabelled() -> None:
    still = np.zeros((1, 2, 2), np.float32)
    assert apply_offsets(np.array([[0, 7]], np.uint8), still).tolist() == [[255, 7]]


def test_offset_files(tmp_path: Path) -> None:
    good, wild = tmp_path / "good.mat", tmp_path / "wild.mat"
    savemat(good, {"mat": np.ones((3, 4, 2), np.int8)})
    savemat(wild, {"mat": np.full((3, 4, 2), 7, np.int8)})
    assert read_offsets(good).shape == (3, 4, 2)
    with pytest.raises(LabelError, match="other than"):
        read_offsets(wild)
    with pytest.raises(LabelError, match="not an offset file"):
        read_offsets(tmp_path / "missing.mat")
    with pytest.raises(LabelError, match="its offsets"):
        apply_offsets(np.zeros((2, 2), np.uint8), read_offsets(good))


@given(
    arrays(np.uint8, (9, 11), elements=st.sampled_from(TRAINED_IDS)),
    st.sampled_from((1, 2, 4)),
    st.sampled_from((1.0, 2.0)),
    st.data(),
)
def test_longer_steps_take_what_lies_where_they_point(
    label: np.ndarray, reach: int, scale: float, data: st.DataObject
) -> None:
    """16 and 32 directions step over two and four pixels; steps end at the border."""
    steps = data.draw(arrays(np.int8, (9, 11, 2), elements=st.integers(-reach, reach)))
    refined = apply_offsets(label, steps.astype(np.float32), scale)
    for y in range(9):
        for x in range(11):
            down, right = (int(scale) * int(step) for step in steps[y, x])
            assert refined[y, x] == label[min(max(y + down, 0), 8), min(max(x + right, 0), 10)]


@pytest.mark.parametrize(
    "value, reach, taken",
    [
        (2, 4, True),
        (-4, 4, True),
        (5, 4, False),
        (2, 1, False),
        (0.5, 4, False),
        (np.nan, 4, False),
    ],
)
def test_steps_are_whole_and_no_longer_than_models_take(
    tmp_path: Path, value: float, reach: int, *, taken: bool
) -> None:
    offsets = np.zeros((3, 4, 2), np.float32)
    offsets[1, 2, 0] = value
    savemat(tmp_path / "frame.mat", {"mat": offsets})
    if taken:
        assert read_offsets(tmp_path / "frame.mat", reach)[1, 2, 0] == value
        return
    with pytest.raises(LabelError, match="whole steps"):
        read_offsets(tmp_path / "frame.mat", reach)
