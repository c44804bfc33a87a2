"""Labels are proven by their scan lines: that agrees with comparing every pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from tests.verify.town import load, make_town
from wizard.labels.pipeline import Plane
from wizard.labels.pixels.decode import read_up_lines
from wizard.labels.pixels.png import filtered, write_label

_SHAPES = st.tuples(st.integers(1, 9), st.integers(1, 40))
_FLAT = _SHAPES.flatmap(lambda shape: arrays(np.uint8, shape, elements=st.integers(0, 3)))


@given(values=_FLAT, seed=st.integers(0, 2**32 - 1), change=st.booleans())
def test_lines_are_given_exactly_where_the_pixels_are(
    values: np.ndarray, seed: int, *, change: bool
) -> None:
    random = np.random.default_rng(seed)
    flat = np.repeat(values, 20, axis=0)
    table = random.integers(0, 256, 256).astype(np.uint8)
    written = table[flat]
    if change:
        y, x = (int(random.integers(0, length)) for length in written.shape)
        written[y, x] = (int(written[y, x]) + 1 + int(random.integers(0, 254))) % 256
    for plane in (Plane(flat, table), Plane(table[flat])):
        assert plane.gives(filtered(written)) is not change


@pytest.mark.slow
@pytest.mark.parametrize("taxonomy", ["town-3", "town-3-relabeled"])
@settings(max_examples=10, deadline=None)
@given(data=st.data())
def test_any_changed_pixel_of_a_label_of_ours_is_found(
    tmp_path_factory: pytest.TempPathFactory, taxonomy: str, data: st.DataObject
) -> None:
    town = make_town(tmp_path_factory.mktemp("town"))
    path = town.label(taxonomy)
    pixels = load(path)
    y, x = (data.draw(st.integers(0, length - 1)) for length in pixels.shape)
    pixels[y, x] = (int(pixels[y, x]) + 1) % 3
    write_label(path, pixels)
    assert read_up_lines(path) is not None
    found = {finding.path for finding in town.verify().findings if finding.fatal}
    assert path.relative_to(town.root).as_posix() in found


def test_only_whole_files_of_ours_are_read_by_line(tmp_path: Path) -> None:
    path = tmp_path / "label.png"
    assert read_up_lines(path) is None
    write_label(path, np.ones((3, 4), np.uint8))
    lines = read_up_lines(path)
    assert lines is not None
    assert lines.shape == (3, 5)
    whole = path.read_bytes()
    for place in range(len(whole)):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        assert read_up_lines(path) is None
        path.write_bytes(whole[:place])
        assert read_up_lines(path) is None
    write_label(path, np.ones((3, 4), np.uint16))
    assert read_up_lines(path) is None
