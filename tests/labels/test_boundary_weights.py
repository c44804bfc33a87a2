"""Loss weights against a plain transcription of the rule."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from wizard.errors import LabelError
from wizard.labels.drawing.boundary_weights import (
    boundary_weights,
    check_weights,
    present_classes,
    write_weights,
)


def plain_weights(label: np.ndarray) -> np.ndarray:
    """Distances by trying every boundary pixel."""
    maps = []
    for number in sorted(set(label.ravel().tolist()) - {255}):
        mask = np.pad(label == number, 1)
        count = sum(
            mask[dy : dy + label.shape[0], dx : dx + label.shape[1]].astype(int)
            for dy in range(3)
            for dx in range(3)
        )
        ys, xs = np.nonzero((count >= 1) & (count <= 8))
        grid = np.mgrid[: label.shape[0], : label.shape[1]]
        squared = (grid[0][..., None] - ys) ** 2 + (grid[1][..., None] - xs) ** 2
        maps.append(np.exp(-np.sqrt(squared.min(-1)) / 25).astype(np.float32))
    return np.array(maps, np.float32).reshape(-1, *label.shape)


small = arrays(
    np.uint8,
    st.tuples(st.integers(1, 9), st.integers(1, 9)),
    elements=st.sampled_from([0, 1, 5, 255]),
)


@settings(max_examples=60)
@given(small)
def test_weights_equal_the_rule(label: np.ndarray) -> None:
    assert np.array_equal(boundary_weights(label, as_bytes=False), plain_weights(label))


def test_bytes_are_cut_not_rounded() -> None:
    stored = boundary_weights(np.zeros((9, 9), np.uint8), as_bytes=True)
    assert stored[0, 0, 0] == 255
    assert stored[0, 4, 4] == int(np.float32(np.exp(-4 / 25)) * 255)


def test_a_class_that_covers_everything_has_the_frame_as_boundary() -> None:
    weights = boundary_weights(np.full((5, 7), 3, np.uint8), as_bytes=False)
    assert (weights[0, 0] == 1).all()
    assert weights[0, 2, 3] < 1


def test_ignored_pixels_are_no_class() -> None:
    assert present_classes(np.array([[255, 4], [0, 4]], np.uint8)).tolist() == [0, 4]


def test_written_weights_read_back(tmp_path: Path) -> None:
    label = np.array([[0, 0, 2], [0, 2, 2]], np.uint8)
    path = tmp_path / "weights" / "a.npz"
    write_weights(path, label, as_bytes=True)
    check_weights(path, label, as_bytes=True)
    with np.load(path) as stored:
        assert stored["x"].dtype == np.uint8
        assert stored["c"].tolist() == [0, 2]


def test_trap_truncated_npz_is_found(tmp_path: Path) -> None:
    label = np.zeros((40, 40), np.uint8)
    path = tmp_path / "a.npz"
    write_weights(path, label, as_bytes=False)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(LabelError, match="not a whole weight file"):
        check_weights(path, label, as_bytes=True)


def test_weights_of_another_label_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.npz"
    write_weights(path, np.zeros((4, 4), np.uint8), as_bytes=True)
    with pytest.raises(LabelError, match="classes"):
        check_weights(path, np.ones((4, 4), np.uint8), as_bytes=True)
    with pytest.raises(LabelError, match="label of"):
        check_weights(path, np.zeros((5, 4), np.uint8), as_bytes=True)
