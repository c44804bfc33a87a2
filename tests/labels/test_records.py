from __future__ import annotations

import gc
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from wizard.errors import LabelError
from wizard.labels.tables.lists import Pair, TableText
from wizard.labels.tables.records import (
    RECORD_FILE,
    Segment,
    SegmentNames,
    image_key,
    load_records,
    read_record_table,
)
from wizard.labels.tables.taxonomies import Tables

TABLE = '''
from somewhere import Record  # never imported

"""A string between."""
other_records = []
town_records: list = [
    # a comment, then every way to write a call
    Record('town', 'train', 'rider', 'bicyclist', 'rider/train_bicyclist.txt'),
    Record("town-v1", "train", "rider",
           "unlabeled",   "rider/" "train_none.txt"),
    records.Record(dataset_name='town', split='val', orig_class='rider',
                   relabeled_class='bicyclist', txt_fpath='rider/val.txt',),
]
'''


@pytest.fixture
def tables(tmp_path: Path) -> Tables:
    write(tmp_path / RECORD_FILE, TABLE)
    home = tmp_path / "dataset_lists" / "town"
    write(home / "town_names.txt", "road\nrider\nbicyclist")
    write(home / "list" / "train.txt", "img/one_2.jpg out/train/one.png")
    write(home / "list" / "val.txt", "img/two.jpg out/a/two.png\nimg/3.jpg out/b/3.png")
    write(tmp_path / "relabeled_data/rider/train_bicyclist.txt", "one_2_7.png\none_2_5.png")
    write(tmp_path / "relabeled_data/rider/train_none.txt", "one_2_6.png\r\n")
    write(tmp_path / "relabeled_data/rider/val.txt", "")
    return Tables(tmp_path)


def write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def test_records_come_in_table_then_line_order(tables: Tables) -> None:
    assert load_records(tables, "town_records", "train", "town") == {
        ("train", "one_2"): (
            Segment(7, 1, 2, "one_2_7.png"),
            Segment(5, 1, 2, "one_2_5.png"),
            Segment(6, 1, 255, "one_2_6.png"),
        )
    }


def test_an_image_is_known_by_label_folder_and_image_stem() -> None:
    assert image_key(Pair("img/x/one_2.jpg", "out/train/one.png")) == ("train", "one_2")


@pytest.mark.parametrize(
    ("template", "name", "expected"),
    [
        ("{stem}_{id}", "ADE_train_00000001_113.png", (("here", "ADE_train_00000001"), 113)),
        ("{stem}_{id}", "000000024880_7237508.png", (("here", "000000024880"), 7237508)),
        (
            "seq{parent}_{stem}_{id}",
            "seqaachen_aachen_000014_000019_leftImg8bit_84.jpg",
            (("aachen", "aachen_000014_000019_leftImg8bit"), 84),
        ),
        ("seq{parent}_{stem}_{id}", "seq7_799_leftImg8bit_3.jpg", (("7", "799_leftImg8bit"), 3)),
        ("mapillary_{stem}_{id}", "mapillary__-a_b_256.jpg", (("here", "_-a_b"), 256)),
        ("mapillary_{stem}_{id}", "other_a_256.jpg", None),
        ("{stem}_{id}", "one_x.png", None),
        ("{stem}_{id}", "one.png", None),
        ("{stem}_{id}", "../one_1.png", None),
        ("seq{parent}_{stem}_{id}", "seqaachen_84.jpg", None),
    ],
)
def test_segment_names_are_read_by_their_template(
    template: str, name: str, expected: object
) -> None:
    assert SegmentNames.of(template, "here").read(name) == expected


def fails(tables: Tables, split: str = "train") -> LabelError:
    with pytest.raises(LabelError) as caught:
        load_records(tables, "town_records", split, "town")
    return caught.value


def test_names_without_parent_need_one_label_folder(tables: Tables) -> None:
    error = fails(tables, "val")
    assert "found 2" in error.message
    assert error.where.endswith("val.txt")


def test_a_malformed_segment_is_named(tables: Tables) -> None:
    path = tables.folder / "relabeled_data/rider/train_none.txt"
    write(path, "one_2_6.png\none.png\n")
    error = fails(tables)
    assert error.where == f"{path}:2"
    assert "one.png" in error.message


def test_a_missing_segment_list_is_named(tables: Tables) -> None:
    (tables.folder / "relabeled_data/rider/train_none.txt").unlink()
    error = fails(tables)
    assert error.where == f"{tables.folder / RECORD_FILE}:9"
    assert "rider/train_none.txt" in error.message


def test_an_unknown_class_is_named(tables: Tables) -> None:
    write(tables.folder / "dataset_lists/town/town_names.txt", "road\nrider")
    error = fails(tables)
    assert error.where == f"{tables.folder / RECORD_FILE}:8"
    assert "'bicyclist'" in error.message


@pytest.mark.parametrize(
    ("entry", "line"),
    [
        ("Record('a', 'train', 'b', 'c')", 3),
        ("Record('a', 'train', 'b', 'c', open('x').read())", 3),
        ("Record('a', 'dev', 'b', 'c', 'd')", 3),
        ("Record('a', 'train', 'b', 'c', 'd', 'e')", 3),
        ("'train'", 3),
    ],
)
def test_an_entry_that_is_no_record_is_named(tmp_path: Path, entry: str, line: int) -> None:
    path = tmp_path / "records.py"
    write(path, f"town = [\n\n    {entry},\n]\n")
    with pytest.raises(LabelError, match="five string literals") as caught:
        read_record_table(TableText.of(path), "town")
    assert caught.value.where == f"{path}:{line}"


DEEP = ("-" * 200_000 + "1", "+".join("1" * 200_000), "a." * 100_000 + "b", "(" * 10_000)


@pytest.mark.parametrize("text", ["town = make()", "x = []", "town = [", "town = {1: 2}"])
def test_a_table_that_is_no_list_is_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "records.py"
    write(path, text)
    with pytest.raises(LabelError):
        read_record_table(TableText.of(path), "town")


@pytest.mark.parametrize("deep", DEEP, ids=["minus", "plus", "dots", "brackets"])
def test_a_table_nested_without_end_is_refused(tmp_path: Path, deep: str) -> None:
    path = tmp_path / "records.py"
    write(path, f"town = [{deep}]")
    with pytest.raises(LabelError, match="record table|string literals"):
        read_record_table(TableText.of(path), "town")


def give_way(*_: object) -> None:
    time.sleep(0)


def test_tables_are_read_by_several_workers_at_once(tmp_path: Path) -> None:
    """Collecting garbage while a tree is made lets another worker begin with its own."""
    entry = "R('town', 'train', 'rider', 'bicyclist', 'a.txt')"
    files = []
    for number in range(24):
        path = tmp_path / f"{number}.py"
        write(path, f"town = [{', '.join([entry] * 300)}]\n")
        files.append(TableText.of(path))
    before = gc.get_threshold()
    gc.callbacks.append(give_way)
    gc.set_threshold(50)
    try:
        with ThreadPoolExecutor(4) as pool:
            found = [*pool.map(lambda file: len(read_record_table(file, "town")), files)]
    finally:
        gc.set_threshold(*before)
        gc.callbacks.remove(give_way)
    assert found == [300] * 24
