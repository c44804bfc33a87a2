"""Polygon files drawn as labels and as masks."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageDraw

from tests.labels.small import whole_mask
from wizard.errors import LabelError
from wizard.labels.drawing import polygons
from wizard.labels.drawing.polygons import (
    PolygonFile,
    PolygonObject,
    draw_classes,
    draw_patch,
    read_polygon_file,
)
from wizard.labels.masks import PolygonMasks

SQUARE = [(1, 1), (5, 1), (5, 5), (1, 5)]
CLASSES = {"road": 1, "car": 2, "cargroup": 3, "unlabeled": 9}


def _annotation(*shapes: PolygonObject) -> PolygonFile:
    return PolygonFile(8, 12, list(shapes))


def _drawn(*shapes: PolygonObject) -> np.ndarray:
    return draw_classes(_annotation(*shapes), CLASSES, 9).pixels


def test_later_objects_win_over_earlier_ones_and_the_background() -> None:
    pixels = _drawn(
        PolygonObject(SQUARE, "road"), PolygonObject([(3, 3), (11, 3), (11, 7), (3, 7)], "car")
    )
    assert pixels.shape == (8, 12)
    assert (pixels[0, 0], pixels[1, 1], pixels[4, 4]) == (9, 1, 2)


@pytest.mark.parametrize(
    ("shape", "value"),
    [
        (PolygonObject(SQUARE, "road", deleted=1), 9),
        (PolygonObject(SQUARE, "road", deleted=0), 1),
        (PolygonObject(SQUARE[:2], "road"), 9),
        (PolygonObject(SQUARE, "roadgroup"), 1),
        (PolygonObject(SQUARE, "cargroup"), 3),
        (PolygonObject(SQUARE, "unlabeled"), 9),
    ],
    ids=["deleted", "kept", "two points", "group", "named group", "unlabeled"],
)
def test_which_objects_are_drawn_as_what(shape: PolygonObject, value: int) -> None:
    assert _drawn(shape)[3, 3] == value


def test_unknown_labels_are_skipped_and_told() -> None:
    drawn = draw_classes(
        _annotation(PolygonObject(SQUARE, "tree"), PolygonObject(SQUARE, "group")), CLASSES, 9
    )
    assert drawn.skipped == ("tree", "group")
    assert (drawn.pixels == 9).all()


def test_objects_are_found_by_id_and_else_by_position_first_one_wins() -> None:
    plain, third, other = (
        PolygonObject(label="plain"),
        PolygonObject(label="third", id=0),
        PolygonObject(id=7),
    )
    annotation = _annotation(plain, third, other)
    assert annotation.find(0) is plain
    assert annotation.find(7) is other
    assert annotation.find(1) is None
    assert annotation.find(2) is None


POINT = st.tuples(st.floats(-6, 20), st.floats(-6, 14)) | st.tuples(
    st.integers(-6, 20), st.integers(-6, 14)
)


@settings(max_examples=150)
@given(st.lists(POINT, min_size=2, max_size=6))
def test_masks_are_the_plain_fill_of_the_whole_image(points: list[tuple[float, float]]) -> None:
    canvas = Image.new("L", (12, 8))
    if len({y for _, y in points}) == 1:
        ImageDraw.Draw(canvas).line(points, fill=1)
    else:
        ImageDraw.Draw(canvas).polygon(points, fill=1)
    mask = whole_mask(PolygonMasks(_annotation(PolygonObject(points)), "a.json"), 0, (8, 12))
    assert np.array_equal(mask, np.asarray(canvas).astype(bool))


def test_an_object_in_a_single_row_is_a_line() -> None:
    masks = PolygonMasks(_annotation(PolygonObject([(2, 4), (6, 4), (3, 4)])), "a.json")
    row = whole_mask(masks, 0, (8, 12))
    assert np.flatnonzero(row.any(axis=1)).tolist() == [4]
    assert np.flatnonzero(row[4]).tolist() == [2, 3, 4, 5, 6]


def test_an_object_without_an_edge_has_no_mask() -> None:
    with pytest.raises(LabelError, match="1 points"):
        draw_patch(_annotation(), PolygonObject([(1, 1)]), "a.json")


def test_files_are_read_with_only_the_fields_that_count(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    objects = [
        {"label": "car", "polygon": SQUARE, "id": 4, "draw": True, "user": "x", "deleted": 1},
        {"label": "road", "polygon": [], "verified": 0},
    ]
    path.write_text(json.dumps({"imgHeight": 3, "imgWidth": 4, "objects": objects, "x": None}))
    annotation = read_polygon_file(path)
    assert annotation.size == (4, 3)
    assert annotation.find(4) is annotation.objects[0]
    assert annotation.find(1) is annotation.objects[1]


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{}",
        '{"imgHeight": 0, "imgWidth": 2, "objects": []}',
        '{"imgHeight": 2, "imgWidth": 2, "objects": [{"polygon": [[1, 2, 3]]}]}',
        '{"imgHeight": 2, "imgWidth": 2, "objects": [',
    ],
    ids=["empty", "no keys", "no size", "points in space", "cut"],
)
def test_what_is_no_polygon_file_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "a.json"
    path.write_text(text)
    with pytest.raises(LabelError) as caught:
        read_polygon_file(path)
    assert caught.value.where == str(path)


def test_this_pillow_fills_as_for_the_reference_and_another_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert polygons.fill_notes() == ()
    (triangle, pixels), *rest = polygons._PROBES
    monkeypatch.setattr(polygons, "_PROBES", ((triangle, pixels + 1), *rest))
    (note,) = polygons.fill_notes()
    assert not note.fatal
    assert "Pillow" in note.path
