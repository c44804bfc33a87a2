"""Class folders, Parquet shards, caption lists and joint annotation files."""

from __future__ import annotations

import csv
import json
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.io import savemat

from tests.archives.makers import tree
from wizard.errors import LabelError
from wizard.labels.specs.assemblies import Captions, ClassFolders, MergeInstances, ParquetImages
from wizard.labels.works.merge_annotations import (
    CaptionWork,
    MergeWork,
    merge_instances,
    union_differences,
)
from wizard.labels.works.shards import (
    ClassFolderWork,
    ShardRow,
    ShardWork,
    read_synsets,
    shard_classes,
)

ROWS = [(1, "n00000001", 0), (2, "n00000002", 0), (3, "n09999999", 2)]
"""Two leaves, and a synset above them."""


def devkit(root: Path, truth: str) -> ClassFolderWork:
    """Three images as the official tar names them, and a devkit."""
    for number in range(1, 4):
        path = root / "official" / f"ILSVRC2012_val_{number:08d}.JPEG"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"%d" % number)
    names = ("ILSVRC2012_ID", "WNID", "num_children")
    table = np.empty((len(ROWS), 1), [(name, object) for name in names])
    for place, row in enumerate(ROWS):
        table[place, 0] = row
    (root / "devkit").mkdir()
    savemat(root / "devkit/meta.mat", {"synsets": table})
    (root / "devkit/truth.txt").write_text(truth)
    spec = ClassFolders(
        images="official/*.JPEG", truth="devkit/truth.txt", synsets="devkit/meta.mat", into="val"
    )
    return ClassFolderWork(root, spec)


def test_images_go_to_the_folder_of_their_class_by_the_ground_truth(tmp_path: Path) -> None:
    work = devkit(tmp_path, "2\n1\n2\n")
    for item in work.items():
        work.process(item)
    assert tree(tmp_path / "val") == {
        "n00000001/ILSVRC2012_val_00000002_n00000001.JPEG": b"2",
        "n00000002/ILSVRC2012_val_00000001_n00000002.JPEG": b"1",
        "n00000002/ILSVRC2012_val_00000003_n00000002.JPEG": b"3",
    }
    assert [Path(*row).exists() for row in work.expected()] == [True] * 3


def test_only_leaves_are_classes(tmp_path: Path) -> None:
    devkit(tmp_path, "")
    assert read_synsets(tmp_path / "devkit/meta.mat") == {1: "n00000001", 2: "n00000002"}


@pytest.mark.parametrize(
    ("truth", "said"), [("1\n2\n", "2 lines for 3"), ("1\n2\n3\n", "class 3"), ("a\n", "read")]
)
def test_a_ground_truth_that_does_not_fit_moves_nothing(
    tmp_path: Path, truth: str, said: str
) -> None:
    with pytest.raises(LabelError, match=said):
        devkit(tmp_path, truth).items()
    assert not (tmp_path / "val").exists()


def test_a_missing_devkit_is_told(tmp_path: Path) -> None:
    work = devkit(tmp_path, "1\n1\n1\n")
    (tmp_path / "devkit/meta.mat").unlink()
    with pytest.raises(LabelError, match="MATLAB"):
        work.items()


def shards(root: Path, *tables: list[tuple[str | None, bytes, int]]) -> ShardWork:
    arrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    for number, rows in enumerate(tables):
        images = [{"bytes": data, "path": path} for path, data, _ in rows]
        kind = arrow.struct({"bytes": arrow.binary(), "path": arrow.string()})
        labels = arrow.array([label for *_, label in rows], arrow.int64())
        table = arrow.table({"image": arrow.array(images, kind), "label": labels})
        parquet.write_table(table, root / f"validation-{number:05d}.parquet", row_group_size=2)
    name = "ILSVRC2012_val_{row:08}_{wnid}.JPEG"
    return ShardWork(root, ParquetImages(shards="validation-*.parquet", into="val", name=name))


def test_shards_give_back_the_bytes_they_hold(tmp_path: Path) -> None:
    work = shards(
        tmp_path,
        [
            ("ILSVRC2012_val_00000007_n00000001.JPEG", b"\xff\xd8a", 0),
            (None, b"\xff\xd8b", 1),
            ("x/ILSVRC2012_val_00000009_n00000002.JPEG", b"\xff\xd8c", 1),
        ],
        [],
        [(None, b"\xff\xd8d", 0)],
    )
    for item in work.items():
        work.process(item)
    assert tree(tmp_path / "val") == {
        "n00000001/ILSVRC2012_val_00000007_n00000001.JPEG": b"\xff\xd8a",
        "n00000002/ILSVRC2012_val_00000002_n00000002.JPEG": b"\xff\xd8b",
        "n00000002/ILSVRC2012_val_00000009_n00000002.JPEG": b"\xff\xd8c",
        "n00000001/ILSVRC2012_val_00000004_n00000001.JPEG": b"\xff\xd8d",
    }


def _peak_of_listing(root: Path, count: int) -> int:
    """Bytes of Python's own that listing so many shards of 600 rows takes at once."""
    root.mkdir()
    rows = [(f"x_{'y' * 60}_{n}_n00000001.JPEG", b"", 0) for n in range(600)]
    work = replace(shards(root, *[rows] * count), kept=root / "kept.json")
    work.start()
    tracemalloc.start()
    assert sum(len(outputs) for outputs in work.expected()) == 600 * count
    items = work.items()
    assert sum(len(item.outputs) for item in items) == 600 * count
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    return peak


@pytest.mark.slow
def test_listing_shards_takes_no_more_memory_for_more_of_them(tmp_path: Path) -> None:
    # The first goes for what is made once, however many there are.
    _, few, many = (
        _peak_of_listing(tmp_path / str(n), count) for n, count in enumerate((12, 3, 12))
    )
    assert many < 1.5 * few


def test_names_that_are_kept_stand_for_deleted_shards(tmp_path: Path) -> None:
    rows = [(f"x_{n}_n00000001.JPEG", b"", 0) for n in range(5)]
    work = replace(shards(tmp_path, rows, rows[:1]), kept=tmp_path / "kept.json")
    work.start()
    before = list(work.expected())
    for shard in tmp_path.glob("*-00000.parquet"):
        shard.unlink()
    assert list(work.expected()) == before
    assert [item.key for item in work.items()] == ["validation-00001.parquet:0"]


def test_a_shard_that_is_something_else_is_told(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    work = shards(tmp_path)
    (tmp_path / "validation-0.parquet").write_bytes(b"<html>gated</html>")
    with pytest.raises(LabelError, match="Parquet"):
        work.items()


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([ShardRow(0, "a_n00000001.JPEG"), ShardRow(0, "b_n00000002.JPEG")], "label 0 is"),
        ([ShardRow(0, "a_n00000001.JPEG"), ShardRow(1, "")], "label 1"),
        ([ShardRow(0, "a_n00000002.JPEG"), ShardRow(1, "b_n00000001.JPEG")], "ascending"),
    ],
)
def test_labels_that_do_not_number_the_classes_are_refused(rows: list[ShardRow], said: str) -> None:
    with pytest.raises(LabelError, match=said):
        shard_classes(rows)


def captions(root: Path, rows: list[tuple[str, str, str]]) -> CaptionWork:
    with (root / "table.csv").open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["raw", "sentids", "split", "filename", "img_id"])
        for number, (raw, split, name) in enumerate(rows):
            writer.writerow([raw, "[]", split, name, number])
    spec = Captions(table="table.csv", folder="flickr30k-images", into="out/{split}.json")
    return CaptionWork(root, spec)


def test_caption_lists_keep_the_order_of_the_table_and_lists_for_captions(tmp_path: Path) -> None:
    rows = [
        ('["b", "a \\"quoted\\" one"]', "val", "2.jpg"),
        ('["x"]', "train", "9.jpg"),
        ('["c"]', "val", "1.jpg"),
        ('["d"]', "test", "3.jpg"),
    ]
    work = captions(tmp_path, rows)
    for item in work.items():
        work.process(item)
    assert json.loads((tmp_path / "out/val.json").read_text()) == [
        {"image": "flickr30k-images/2.jpg", "caption": ["b", 'a "quoted" one']},
        {"image": "flickr30k-images/1.jpg", "caption": ["c"]},
    ]
    assert len(json.loads((tmp_path / "out/test.json").read_text())) == 1


@pytest.mark.parametrize("raw", ['"one caption"', "not json", "[1]"])
def test_a_caption_that_is_no_list_of_texts_is_refused(tmp_path: Path, raw: str) -> None:
    work = captions(tmp_path, [(raw, "val", "1.jpg"), ('["a"]', "test", "2.jpg")])
    with pytest.raises(LabelError, match="captions"):
        work.process(work.items()[0])
    assert not (tmp_path / "out").exists()


def test_a_table_without_a_split_is_refused(tmp_path: Path) -> None:
    work = captions(tmp_path, [('["a"]', "test", "1.jpg")])
    with pytest.raises(LabelError, match="no image is of the split val"):
        work.process(work.items()[0])


def document(images: dict[int, str], regions: dict[int, int]) -> dict:
    """Images by id, and annotations by id with the image each is of."""
    return {
        "images": [{"id": number, "file_name": name} for number, name in images.items()],
        "annotations": [
            {"id": number, "image_id": image, "category_id": 0, "segmentation": [[0, 0, 1, 1]]}
            for number, image in regions.items()
        ],
        "categories": [{"id": 0, "name": "Head"}],
    }


def test_ids_stay_where_they_are_free() -> None:
    first, second = document({1: "a"}, {5: 1}), document({2: "b"}, {6: 2})
    joint = merge_instances([first, second])
    assert [row["id"] for row in joint["images"]] == [1, 2]
    assert [row["id"] for row in joint["annotations"]] == [5, 6]


def test_ids_that_meet_are_shifted_behind_the_first_files() -> None:
    first, second = document({3: "a", 7: "b"}, {1: 3, 2: 7}), document({0: "c", 3: "d"}, {2: 3})
    joint = merge_instances([first, second])
    assert [row["id"] for row in joint["images"]] == [3, 7, 8, 11]
    assert joint["annotations"][-1] | {"segmentation": 0} == {
        "id": 5,
        "image_id": 11,
        "category_id": 0,
        "segmentation": 0,
    }


@settings(max_examples=30)
@given(st.sets(st.integers(0, 20), min_size=1), st.sets(st.integers(0, 20), min_size=1))
def test_a_joint_file_holds_all_of_its_parts_under_ids_of_their_own(
    first: set[int], second: set[int]
) -> None:
    parts = [
        document({n: f"{name}{n}" for n in ids}, {n: n for n in ids})
        for name, ids in (("a", first), ("b", second))
    ]
    joint = merge_instances(parts)
    for key in ("images", "annotations"):
        ids = [row["id"] for row in joint[key]]
        assert len(set(ids)) == len(ids) == len(first) + len(second)
    assert list(union_differences(joint, parts)) == []


def test_other_categories_do_not_join() -> None:
    other = document({1: "a"}, {}) | {"categories": [{"id": 1, "name": "Head"}]}
    with pytest.raises(LabelError, match="categories"):
        merge_instances([document({0: "b"}, {}), other])


def test_differences_are_told_whatever_the_ids() -> None:
    parts = [document({1: "a"}, {1: 1}), document({2: "b"}, {1: 2})]
    other_ids = document({50: "b", 60: "a"}, {8: 50, 9: 60})
    assert list(union_differences(other_ids, parts)) == []
    assert any("missing" in each for each in union_differences(document({1: "a"}, {1: 1}), parts))
    moved = document({1: "a", 2: "b"}, {1: 1, 2: 1})
    assert any("too many" in each for each in union_differences(moved, parts))


def test_a_source_that_is_no_annotation_file_is_told(tmp_path: Path) -> None:
    (tmp_path / "val.json").write_text(json.dumps(document({1: "a"}, {1: 1})))
    (tmp_path / "test.json").write_text("[]")
    spec = MergeInstances(sources=("val.json", "test.json"), into="valtest.json")
    (item,) = (work := MergeWork(tmp_path, spec)).items()
    with pytest.raises(LabelError, match="not an annotation file"):
        work.process(item)
    (tmp_path / "test.json").write_text(json.dumps(document({1: "b"}, {1: 1})))
    work.process(item)
    joint = json.loads((tmp_path / "valtest.json").read_text())
    assert [row["id"] for row in joint["images"]] == [1, 3]
