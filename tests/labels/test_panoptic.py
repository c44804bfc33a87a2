"""Panoptic ids to categories, and the JSON that says which."""

from __future__ import annotations

import io
import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.errors import LabelError
from wizard.labels.pixels.panoptic import ImageSegments, PanopticIndex, classify, decode_pieces
from wizard.labels.pixels.runs import Runs


def _document(*annotations: tuple[str, list[tuple[int, int]]], **more: object) -> dict[str, object]:
    return {
        "images": [{"file_name": "annotation.jpg", "id": 1}],
        "annotations": [
            {
                "segments_info": [
                    {"id": number, "category_id": category, "bbox": [0, 0, 1, 1]}
                    for number, category in segments
                ],
                "file_name": name,
            }
            for name, segments in annotations
        ],
        **more,
    }


def _naive(ids: np.ndarray, segments: list[tuple[int, int]]) -> np.ndarray:
    classes = np.full(ids.shape, 255, np.uint8)
    for number, category in segments:
        classes[ids == number] = category
    return classes


def _segments(pairs: list[tuple[int, int]]) -> ImageSegments:
    table = np.array(pairs, np.int64).reshape(-1, 2)
    return ImageSegments(table[:, 0].astype(np.uint32), table[:, 1].astype(np.uint8))


@settings(max_examples=60)
@given(st.dictionaries(st.integers(1, (1 << 24) - 1), st.integers(0, 200), max_size=8), st.data())
def test_one_search_equals_a_comparison_per_segment(
    segments: dict[int, int], data: st.DataObject
) -> None:
    others = data.draw(st.lists(st.integers(0, 1 << 24), max_size=9))
    numbers = data.draw(st.permutations([*segments, *segments, *others, 0]))
    ids = np.array(numbers, np.uint32).reshape(1, -1)
    classes = classify(Runs.of(ids), _segments(list(segments.items())), "image.png")
    assert np.array_equal(classes, _naive(ids, list(segments.items())))


def test_ids_without_a_pixel_and_repeated_ids_are_named() -> None:
    ids = np.array([[1, 1], [2, 2]], np.uint32)
    with pytest.raises(LabelError, match="without a pixel: 70000"):
        classify(Runs.of(ids), _segments([(1, 5), (70000, 6)]), "image.png")
    with pytest.raises(LabelError, match="repeated: 1"):
        classify(Runs.of(ids), _segments([(1, 5), (1, 6)]), "image.png")


def test_the_index_finds_each_images_segments(tmp_path: Path) -> None:
    path = tmp_path / "panoptic.json"
    document = _document(("a.png", [(7, 0), (16777215, 200)]), ("b.png", []), ("c.png", [(1, 9)]))
    path.write_text(json.dumps(document))
    index = PanopticIndex.read(path)
    assert index.segments("a.png").ids.tolist() == [7, 16777215]
    assert index.segments("a.png").categories.tolist() == [0, 200]
    assert not len(index.segments("b.png").ids)
    assert index.segments("c.png").categories.tolist() == [9]
    with pytest.raises(LabelError, match=r"does not name d\.png"):
        index.segments("d.png")


@pytest.mark.parametrize("piece", [150, 151, 180, 333, 5000])
@pytest.mark.parametrize("indent", [None, 2])
def test_pieces_of_any_size_give_the_whole_list(piece: int, indent: int | None) -> None:
    entries = [(f"{number}.png", [(number, 1), (number + 50, 2)]) for number in range(9)]
    if indent:
        piece *= 4
    text = json.dumps(_document(*entries, info={"year": 2018}), indent=indent)
    read = [each for part in decode_pieces(io.BytesIO(text.encode()), piece) for each in part]
    assert [
        (each.file_name, [(s.id, s.category_id) for s in each.segments_info]) for each in read
    ] == entries


def test_braces_in_names_and_empty_lists_are_read_all_the_same(tmp_path: Path) -> None:
    path = tmp_path / "panoptic.json"
    path.write_text(json.dumps(_document(("}{.png", [(1, 2)]), ("]}.png", [(3, 4)]))))
    assert PanopticIndex.read(path).segments("]}.png").ids.tolist() == [3]
    path.write_text(json.dumps(_document()))
    assert PanopticIndex.read(path).starts == {}


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"annotations": {}}',
        '{"annotations": [{"file_name": "a.png"}]}',
        json.dumps(_document(("a.png", [(1 << 24, 1)]))),
        json.dumps(_document(("a.png", [(1, 256)]))),
        json.dumps(_document(("a.png", [(1, 2)])))[:-60],
    ],
    ids=["empty", "list", "no list", "no segments", "id", "category", "cut"],
)
def test_what_is_no_panoptic_json_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "panoptic.json"
    path.write_text(text)
    with pytest.raises(LabelError) as caught:
        PanopticIndex.read(path)
    assert caught.value.where == str(path)
    assert caught.value.hint
