"""Colour lookup against the reference's way: one comparison per class, the rest class 0."""

from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from tests.labels.small import packed_image
from wizard.labels.pixels.colours import ColourTable, hex_colour
from wizard.labels.pixels.decode import Palette, TrueColour, pack_colours

COLOUR = st.tuples(*[st.integers(0, 3)] * 3)


def _naive(image: np.ndarray, colours: np.ndarray) -> np.ndarray:
    classes = np.zeros(image.shape[:2], np.uint8)
    for index, colour in enumerate(colours):
        classes[(image == colour).all(axis=2)] = index
    return classes


@settings(max_examples=60)
@given(st.lists(COLOUR, min_size=1, max_size=12, unique=True), st.data())
def test_true_colour_equals_a_comparison_per_class(
    colours: list[tuple[int, int, int]], data: st.DataObject
) -> None:
    table = np.array(colours, np.uint8)
    height, width = data.draw(st.tuples(st.integers(1, 6), st.integers(1, 6)))
    pixels = data.draw(st.lists(COLOUR, min_size=height * width, max_size=height * width))
    image = np.array(pixels, np.uint8).reshape(height, width, 3)
    picture = TrueColour(packed_image(pack_colours(image.reshape(-1, 3)).reshape(height, width)))
    found = ColourTable(table).classify(picture)
    assert np.array_equal(found.classes(), _naive(image, table))
    lost = [pixel for pixel in pixels if pixel not in colours]
    assert sum(found.unknown.values()) == len(lost)
    assert set(found.unknown) == {r + 256 * g + 65536 * b for r, g, b in lost}


@settings(max_examples=60)
@given(
    st.lists(COLOUR, min_size=1, max_size=12, unique=True),
    st.lists(COLOUR, min_size=256, max_size=256),
    st.lists(st.integers(0, 255), min_size=6, max_size=6),
)
def test_a_palette_gives_the_same_in_one_gather(
    colours: list[tuple[int, int, int]],
    palette: list[tuple[int, int, int]],
    indices: list[int],
) -> None:
    table, shown = np.array(colours, np.uint8), np.array(palette, np.uint8)
    values = np.array(indices, np.uint8).reshape(2, 3)
    found = ColourTable(table).classify(Palette(values, pack_colours(shown)))
    assert np.array_equal(found.classes(), _naive(shown[values], table))
    lost = sum(palette[index] not in colours for index in indices)
    assert sum(found.unknown.values()) == lost


def test_colours_are_shown_as_people_write_them() -> None:
    assert hex_colour(int(pack_colours(np.array([[1, 2, 255]], np.uint8))[0])) == "#0102ff"
