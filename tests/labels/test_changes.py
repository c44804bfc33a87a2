from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from wizard.labels.pipeline import Plane
from wizard.labels.pixels import changes
from wizard.labels.pixels.changes import Changes
from wizard.labels.pixels.png import encode_gray, encode_lines

TABLE = np.random.default_rng(5).integers(0, 256, 460).astype(np.uint8)


def flat_label(width: int, height: int, seed: int, dtype: type = np.uint8) -> np.ndarray:
    """Draw rectangles over each other, as flat as labels are."""
    random = np.random.default_rng(seed)
    label = np.zeros((height, width), dtype)
    for value in range(1, 4):
        top, left = random.integers(0, height), random.integers(0, width)
        label[top : top + height // 2, left : left + width // 2] = value * 85
    return label


@settings(max_examples=60, deadline=None)
@given(
    st.integers(1, 90), st.integers(1, 90), st.integers(0, 2**32 - 1),
    st.sampled_from([np.uint8, np.uint16]), st.integers(1, 2000),
)  # fmt: skip
def test_lines_are_those_of_the_whole_image(width, height, seed, dtype, strip):
    label = flat_label(width, height, seed, dtype)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(changes, "_STRIP", strip)
        patch.setattr(changes, "_WORTH_IT", 1)
        found = Changes.of(label)
    assert found is not None
    assert encode_lines(found.lines(TABLE), width) == encode_gray(TABLE[label])


def test_both_ways_write_the_same_file():
    label = flat_label(300, 200, 3)
    assert Changes.of(label) is not None
    written = Plane(label, TABLE).png()
    assert written == encode_gray(TABLE[label])
    with Image.open(io.BytesIO(written)) as image:
        np.testing.assert_array_equal(np.asarray(image), TABLE[label])


def test_noise_is_looked_up_in_full():
    noise = np.random.default_rng(1).integers(0, 200, (64, 64)).astype(np.uint8)
    assert Changes.of(noise) is None
    assert Plane(noise, TABLE).png() == encode_gray(TABLE[noise])
