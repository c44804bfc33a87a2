"""Fixed tables of 256 values: as written, as published, and from file to file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from wizard.errors import LabelError, RecipeError
from wizard.labels.pixels.png import write_label
from wizard.labels.specs.taxonomies import Lookup
from wizard.labels.works.derived import LookupWork, value_table


def test_single_values_ranges_and_the_rest() -> None:
    table = value_table({"7": 0, "10-12": 100}, other=255)
    assert table.dtype == np.uint8
    assert [table[n] for n in (6, 7, 10, 11, 12, 13)] == [255, 0, 100, 101, 102, 255]


def test_the_rest_stays_where_nothing_is_said_of_it() -> None:
    table = value_table({"7": 0})
    assert table[7] == 0
    assert np.array_equal(np.delete(table, 7), np.delete(np.arange(256), 7))


@pytest.mark.parametrize(
    ("values", "other"),
    [
        ({"-1": 0}, None),
        ({"a": 0}, None),
        ({"5-": 0}, None),
        ({"250-256": 0}, None),
        ({"5-4": 0}, None),
        ({"5": 256}, None),
        ({"5": -1}, None),
        ({"0-9": 250}, None),
        ({}, 256),
    ],
)
def test_a_table_that_cannot_be_meant_is_refused(values: dict[str, int], other: int | None) -> None:
    with pytest.raises(RecipeError):
        value_table(values, other)


def test_a_table_that_is_not_the_published_one_is_refused() -> None:
    with pytest.raises(RecipeError, match="sha256"):
        value_table({}, sha256="0" * 64)


@settings(max_examples=40)
@given(st.dictionaries(st.integers(0, 255), st.integers(0, 255)), st.integers(0, 255))
def test_every_value_goes_where_it_is_said(values: dict[int, int], other: int) -> None:
    table = value_table({str(key): value for key, value in values.items()}, other)
    assert [int(each) for each in table] == [values.get(n, other) for n in range(256)]


def lookup(root: Path, **options: object) -> LookupWork:
    usual = {"sources": "in/**/*.png", "replace": (".png", "_x.png"), "values": {"1": 9}}
    return LookupWork(root, Lookup(**{**usual, **options}))  # type: ignore[arg-type]


def stored(path: Path) -> tuple[str, list[list[int]]]:
    with Image.open(path) as image:
        return image.mode, np.asarray(image).tolist()


def test_labels_are_written_beside_their_sources(tmp_path: Path) -> None:
    write_label(tmp_path / "in/val/a.png", np.array([[0, 1], [255, 2]], np.uint8))
    (item,) = (work := lookup(tmp_path)).items()
    work.process(item)
    assert item.outputs == (tmp_path / "in/val/a_x.png",)
    assert stored(item.outputs[0]) == ("L", [[0, 9], [255, 2]])


def test_labels_may_go_to_a_tree_of_their_own(tmp_path: Path) -> None:
    write_label(tmp_path / "in/val/a.png", np.zeros((1, 1), np.uint8))
    (item,) = lookup(tmp_path, folder="in", into="out", replace=(".png", ".png")).items()
    assert item.outputs == (tmp_path / "out/val/a.png",)


def test_what_was_made_before_is_no_source(tmp_path: Path) -> None:
    for name in ("a.png", "a_labelTrainIds.png", "b_instanceTrainIds.png"):
        write_label(tmp_path / "in" / name, np.zeros((1, 1), np.uint8))
    items = lookup(tmp_path, skip="TrainIds").items()
    assert [item.source.name for item in items] == ["a.png"]


def test_a_name_with_another_ending_is_no_source(tmp_path: Path) -> None:
    write_label(tmp_path / "in/a.png", np.zeros((1, 1), np.uint8))
    write_label(tmp_path / "in/a_ids.png", np.zeros((1, 1), np.uint8))
    items = lookup(tmp_path, replace=("_ids.png", "_x.png")).items()
    assert [item.source.name for item in items] == ["a_ids.png"]


def test_palette_labels_are_read_as_indices(tmp_path: Path) -> None:
    image = Image.fromarray(np.array([[0, 1]], np.uint8))
    image.putpalette([0, 0, 0, 255, 255, 255])
    (tmp_path / "in").mkdir()
    image.save(tmp_path / "in/a.png")
    (item,) = (work := lookup(tmp_path)).items()
    work.process(item)
    assert stored(item.outputs[0]) == ("L", [[0, 9]])


def test_colour_is_no_label(tmp_path: Path) -> None:
    (tmp_path / "in").mkdir()
    Image.new("RGB", (2, 2)).save(tmp_path / "in/a.png")
    (item,) = (work := lookup(tmp_path)).items()
    with pytest.raises(LabelError):
        work.process(item)
