"""Where each kind of relabel record finds its pixels."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from tests.labels.small import label, packed_image, save, whole_mask
from wizard.errors import LabelError
from wizard.labels.masks import ImageContext, MaskFinder, RunMasks, nearest_indices, resize_nearest
from wizard.labels.pixels.runs import Runs
from wizard.labels.specs.taxonomies import Relabel

SHAPE = (2, 3)


def _context(**changes: object) -> ImageContext:
    facts = {
        "image": "training/images/x_left.jpg",
        "parent": "aachen",
        "stem": "x_left",
        "split": "train",
        "shape": SHAPE,
    }
    return ImageContext(**{**facts, **changes})


def _finder(root: Path, mask: str, source: str = "", trim: str = "") -> MaskFinder:
    return MaskFinder(Relabel(records="r", mask=mask, source=source, trim=trim), root)


def test_the_base_taxonomy_is_a_mask_by_itself(tmp_path: Path) -> None:
    base = np.array([[4, 4, 0], [1, 4, 255]], np.uint8)
    masks = _finder(tmp_path, "label").open(_context(base=lambda: base))
    assert np.array_equal(whole_mask(masks, 4, SHAPE), base == 4)
    assert not whole_mask(masks, 256, SHAPE).any()
    assert not whole_mask(masks, -1, SHAPE).any()


def test_instances_keep_their_sixteen_bits(tmp_path: Path) -> None:
    ids = label(tmp_path / "training/inst/x_left.png", [[7936, 0, 0], [31, 7936, 0]], np.uint16)
    masks = _finder(tmp_path, "instance", "{top}/inst/{stem}.png").open(_context())
    assert np.array_equal(whole_mask(masks, 7936, SHAPE), ids == 7936)
    assert not whole_mask(masks, 70000, SHAPE).any()


def test_panoptic_ids_are_colours(tmp_path: Path) -> None:
    ids = np.array([[70000, 0, 5], [70000, 5, 5]], np.uint32)
    save(tmp_path / "train/aachen/x_left.png", packed_image(ids))
    masks = _finder(tmp_path, "panoptic", "{split}/{parent}/{stem}.png").open(_context())
    for segment in (70000, 0, 5, 6, -1, 1 << 40):
        assert np.array_equal(whole_mask(masks, segment, SHAPE), ids == segment)


@settings(max_examples=60)
@given(
    arrays(np.uint32, array_shapes(min_dims=2, max_dims=2, max_side=7), elements=st.integers(0, 3))
)
def test_runs_lead_to_every_pixel_of_a_segment(ids: np.ndarray) -> None:
    masks = RunMasks(Runs.of(ids))
    for segment in range(5):
        assert np.array_equal(whole_mask(masks, segment, ids.shape), ids == segment)


def test_polygons_are_found_below_the_trimmed_stem(tmp_path: Path) -> None:
    objects = [{"polygon": [[0, 0], [2, 0]]}, {"polygon": [[0, 1], [1, 1]], "id": 0}]
    text = json.dumps({"imgHeight": 2, "imgWidth": 3, "objects": objects})
    (tmp_path / "x_polygons.json").write_text(text)
    masks = _finder(tmp_path, "polygon", "{stem}_polygons.json", "_left").open(_context())
    assert whole_mask(masks, 0, SHAPE).tolist() == [[True, True, True], [False, False, False]]
    with pytest.raises(LabelError, match="no object with id 9"):
        masks.patch(9)


def test_the_blue_channel_is_searched_for_once_and_resized(tmp_path: Path) -> None:
    blue = np.arange(24, dtype=np.uint32).reshape(4, 6) % 5
    save(tmp_path / "full/deep/er/x_left_seg.png", packed_image(blue << 16))
    finder = _finder(tmp_path, "channel", "full/**/{stem}_seg.png")
    masks = finder.open(_context())
    assert np.array_equal(whole_mask(masks, 2, SHAPE), blue[::2, ::2] == 2)
    save(tmp_path / "full/late/y_seg.png", packed_image(blue))
    with pytest.raises(LabelError, match="no file full"):
        finder.open(_context(stem="y"))


def test_a_mask_of_another_size_is_refused(tmp_path: Path) -> None:
    label(tmp_path / "x_left.png", [[1, 2]])
    with pytest.raises(LabelError, match="2x1 pixels, but the label has 3x2"):
        _finder(tmp_path, "label", "{stem}.png").open(_context())


def test_a_missing_mask_is_named(tmp_path: Path) -> None:
    for mask in ("instance", "panoptic", "polygon"):
        with pytest.raises(LabelError) as caught:
            _finder(tmp_path, mask, "{stem}").open(_context())
        assert caught.value.where == str(tmp_path / "x_left")


@pytest.mark.parametrize(
    ("source", "target", "first"),
    [
        (5, 5, [0, 1, 2, 3, 4]),
        (6, 3, [0, 2, 4]),
        (3, 6, [0, 0, 1, 1, 2, 2]),
        (7, 4, [0, 1, 3, 5]),
        (2, 5, [0, 0, 0, 1, 1]),
    ],
)
def test_nearest_is_opencvs(source: int, target: int, first: list[int]) -> None:
    assert nearest_indices(source, target).tolist() == first


def test_double_precision_decides_where_fractions_would_not() -> None:
    """1/(dst/src) rounds: somewhere below 200 it lands under the exact quotient."""
    differs = [
        (source, target)
        for source in range(1, 120)
        for target in range(1, 120)
        if nearest_indices(source, target).tolist() != [i * source // target for i in range(target)]
    ]
    assert differs
    for source, target in differs:
        assert nearest_indices(source, target).max() < source


def test_resizing_takes_rows_and_columns_apart() -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    assert np.array_equal(resize_nearest(pixels, (6, 2)), pixels[[0, 0, 1, 1, 2, 2]][:, [0, 2]])
    assert Image.fromarray(resize_nearest(pixels, (1, 1))).getpixel((0, 0)) == 0
