"""What is written reads back the same everywhere, and is small."""

from __future__ import annotations

import io

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image, ImageDraw

from wizard.errors import LabelError
from wizard.labels.pixels import png


def _read(data: bytes) -> np.ndarray:
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image)


@settings(max_examples=60)
@given(
    arrays.arrays(
        st.sampled_from([np.uint8, np.uint16]),
        st.tuples(st.integers(1, 20), st.integers(1, 20)),
    )
)
def test_pixels_survive(pixels: np.ndarray) -> None:
    read = _read(png.encode_gray(pixels))
    assert read.dtype == pixels.dtype
    assert np.array_equal(read, pixels)


def test_views_in_any_order_survive() -> None:
    pixels = np.arange(48, dtype=np.uint16).reshape(6, 8) * 1000
    for view in (pixels.T, pixels[::-1, ::2], np.asfortranarray(pixels)):
        assert np.array_equal(_read(png.encode_gray(view)), view)


def test_a_label_is_gray_and_at_most_half_again_pillows_size() -> None:
    canvas = Image.new("L", (640, 480), 7)
    pen = ImageDraw.Draw(canvas)
    random = np.random.default_rng(3)
    for _ in range(40):
        x, y, r = random.integers(0, 640), random.integers(0, 480), random.integers(10, 90)
        pen.ellipse((x - r, y - r, x + r, y + r), fill=int(random.integers(0, 34)))
    theirs = io.BytesIO()
    canvas.save(theirs, "PNG")
    ours = png.encode_gray(np.asarray(canvas))
    assert Image.open(io.BytesIO(ours)).mode == "L"
    assert len(ours) <= 1.5 * len(theirs.getvalue())


@pytest.mark.parametrize(
    "array",
    [np.zeros((2, 2, 3), np.uint8), np.zeros((2, 2), np.int64), np.zeros((0, 4), np.uint8)],
    ids=["colour", "wide", "empty"],
)
def test_only_label_images_are_written(array: np.ndarray) -> None:
    with pytest.raises(LabelError):
        png.encode_gray(array)


def test_every_changed_or_missing_byte_is_noticed() -> None:
    data = png.encode_gray(np.arange(64, dtype=np.uint8).reshape(8, 8))
    for place in range(len(png.SIGNATURE), len(data)):
        changed = data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]
        with pytest.raises(LabelError):
            list(png.chunks(changed, "label.png"))
        with pytest.raises(LabelError):
            list(png.chunks(data[:place], "label.png"))
    assert [chunk.kind for chunk in png.chunks(data, "label.png")] == [b"IHDR", b"IDAT", b"IEND"]
