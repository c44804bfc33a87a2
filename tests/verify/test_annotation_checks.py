"""Checks of numbers, tables, captions, annotation files and parts, where each does not hold."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.verify.test_examine import causes, findings, write
from wizard.demo.classification import mat, table
from wizard.verify.checks.parts import spelled_out
from wizard.verify.specs.annotation_checks import (
    CaptionLists,
    Categories,
    MatTable,
    Numbered,
    Outlines,
    PartIds,
    PartNames,
    Union,
)


def document(images: list[str], *regions: tuple[int, list[float]]) -> dict:
    """Images numbered from 0, and annotations of one outline each."""
    return {
        "images": [{"id": place, "file_name": name} for place, name in enumerate(images)],
        "annotations": [
            {"id": place, "image_id": image, "category_id": 0, "segmentation": [outline]}
            for place, (image, outline) in enumerate(regions)
        ],
        "categories": [{"id": 0, "name": "Head"}],
    }


SQUARE = [0.0, 0, 1, 0, 1, 1]


def test_numbered_files(tmp_path: Path) -> None:
    for name in ("a/image_0001.jpg", "a/image_0002.jpg", "b/image_0001.jpg"):
        write(tmp_path / name, "x")
    check = Numbered(folders="*", name="image_{n:04}.jpg")
    assert causes(tmp_path, check) == []
    write(tmp_path / "a/Thumbs.db", "x")
    write(tmp_path / "b/.DS_Store", "x")
    found = findings(tmp_path, check)
    assert [each.path for each in found] == ["a/Thumbs.db", "b/.DS_Store"]
    assert causes(tmp_path, Numbered(folders="no/*", name="{n}")) == ["missing-folder"]


def test_mat_tables(tmp_path: Path) -> None:
    rows = [(1, "00001.jpg"), (2, "00002.jpg")]
    write(tmp_path / "with.mat", mat(annotations=table(rows, "class", "fname")))
    write(tmp_path / "bare.mat", mat(annotations=table(rows, "bbox", "fname")))
    columns = ("fname", "class")
    good = MatTable(file="with.mat", variable="annotations", columns=columns, count=2)
    bare = MatTable(file="bare.mat", variable="annotations", columns=columns, count=2)
    assert causes(tmp_path, good) == []
    assert [each.detail for each in findings(tmp_path, bare)] == ["has no class"]
    write(tmp_path / "with.mat", mat(annotations=table(rows[:1], "class", "fname")))
    assert causes(tmp_path, good) == ["wrong-count"]
    write(tmp_path / "with.mat", b"<html>")
    assert causes(tmp_path, good) == ["bad-mat"]


def test_caption_lists(tmp_path: Path) -> None:
    rows = [{"image": "f/1.jpg", "caption": ["a", "b"]}, {"image": "f/2.jpg", "caption": ["c"]}]
    write(tmp_path / "val.json", json.dumps(rows))
    write(tmp_path / "f/1.jpg", "x")
    check = CaptionLists(file="val.json", images=2, captions=3)
    assert [(each.cause, each.path) for each in findings(tmp_path, check)] == [
        ("missing-file", "f/2.jpg")
    ]
    rows[0]["caption"] = "a"
    write(tmp_path / "val.json", json.dumps(rows))
    assert causes(tmp_path, check) == ["bad-captions"]


def test_short_outlines_are_told_and_nothing_more(tmp_path: Path) -> None:
    content = document(["a"], (0, SQUARE), (0, [0, 0, 1, 1]), (0, [0, 0]))
    write(tmp_path / "val.json", json.dumps(content))
    found = findings(tmp_path, Outlines(file="val.json"))
    assert [(each.cause, each.fatal) for each in found] == [("short-polygon", False)] * 2


def test_categories_count_from_0(tmp_path: Path) -> None:
    write(tmp_path / "val.json", json.dumps(document(["a"])))
    assert causes(tmp_path, Categories(file="val.json", count=1)) == []
    assert causes(tmp_path, Categories(file="val.json", count=2)) == ["other-categories"]


def test_unions(tmp_path: Path) -> None:
    first, second = document(["a"], (0, SQUARE)), document(["b"], (0, SQUARE))
    union = document(["a", "b"], (0, SQUARE), (1, SQUARE))
    for name, content in (("a", first), ("b", second), ("ab", union)):
        write(tmp_path / f"{name}.json", json.dumps(content))
    check = Union(file="ab.json", parts=("a.json", "b.json"))
    assert causes(tmp_path, check) == []
    union["annotations"][1]["id"] = 0
    union["annotations"][1]["image_id"] = 9
    union["annotations"][0]["ignore"] = 1
    write(tmp_path / "ab.json", json.dumps(union))
    assert set(causes(tmp_path, check)) == {
        "other-union",
        "repeated-id",
        "lost-annotation",
        "ignored-annotation",
    }


def parts(path: Path, *objects: tuple[str, list[tuple[str, np.ndarray]]]) -> None:
    rows = [
        (name, 1, np.ones((2, 2)), table(held, "part_name", "mask") if held else np.empty((0, 0)))
        for name, held in objects
    ]
    anno = np.empty((1, 1), [("imname", object), ("objects", object)])
    anno[0, 0] = (path.stem, table(rows, "class", "class_ind", "mask", "parts"))
    savemat(path, {"anno": anno})


def test_part_names(tmp_path: Path) -> None:
    some, none = np.eye(2, dtype=np.uint8), np.zeros((2, 2), np.uint8)
    parts(
        tmp_path / "2008_000002.mat",
        ("person", [("leye", some), ("headlight_1", some)]),
        ("car", [("door_12", some), ("door_13", none)]),
        ("table", [("top", some)]),
        ("sofa", []),
    )
    names = {"person": ("{l,r}eye",), "car": ("door",), "sofa": ()}
    found = findings(tmp_path, PartNames(files="*.mat", names=names))
    assert [each.cause for each in found] == ["unknown-part", "empty-part"]
    assert "'headlight_1'" in found[0].detail
    write(tmp_path / "2008_000002.mat", b"x" * 200)
    assert causes(tmp_path, PartNames(files="*.mat", names=names)) == ["bad-mat"]


def test_braces_are_spelled_out() -> None:
    assert list(spelled_out("{l,r}{u,l}leg")) == ["luleg", "llleg", "ruleg", "rlleg"]
    assert list(spelled_out("tail")) == ["tail"]


@pytest.fixture
def tif(tmp_path: Path) -> Path:
    """One image of parts with its instances; part 5 of a person is an oddity."""
    ids = np.array([[7, 24, 26001], [2400104, 2600205, 2800003]], np.int32)
    save(tmp_path / "P/val/x/x_gtFineParts.tif", ids)
    instances = np.array([[7, 24, 26001], [24001, 26002, 28000]], np.uint16)
    path = tmp_path / "gtFine/val/x/x_gtFine_instanceIds.png"
    path.parent.mkdir(parents=True)
    Image.fromarray(instances).save(path)
    return tmp_path


def save(path: Path, ids: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(ids).save(path)


CHECK = PartIds(
    files="P/*/*/*.tif",
    replace=("P", "gtFine"),
    ending=("_gtFineParts.tif", "_gtFine_instanceIds.png"),
    parts={"24": 4, "26": 5, "28": 5},
)


def test_part_ids_agree_with_instances(tif: Path) -> None:
    assert causes(tif, CHECK) == []
    (tif / "gtFine/val/x/x_gtFine_instanceIds.png").unlink()
    assert len(causes(tif, CHECK)) == 1


@pytest.mark.parametrize(
    ("number", "cause", "fatal"),
    [
        (2400105, "known-oddity", False),
        (2500104, "other-instances", True),
        (500, "illegal-id", True),
    ],
)
def test_odd_part_ids(tif: Path, number: int, cause: str, fatal: bool) -> None:  # noqa: FBT001
    ids = np.array([[7, 24, 26001], [number, 2600205, 2800003]], np.int32)
    save(tif / "P/val/x/x_gtFineParts.tif", ids)
    found = [each for each in findings(tif, CHECK) if each.cause == cause]
    assert [each.fatal for each in found] == [fatal]


def test_parts_stored_otherwise_are_refused(tif: Path) -> None:
    save(tif / "P/val/x/x_gtFineParts.tif", np.zeros((2, 3), np.float32))
    assert causes(tif, CHECK) == ["wrong-kind"]
