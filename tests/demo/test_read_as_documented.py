"""Miniatures read by readers written from the formats' documents, not by the product's own."""

from __future__ import annotations

import io
import json
import pickle
import tarfile
import zipfile
from pathlib import Path
from typing import IO, Any
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from wizard.demo.miniature import Miniature, build_miniature


@pytest.fixture(scope="module")
def mseg(tmp_path_factory: pytest.TempPathFactory) -> Miniature:
    return build_miniature(tmp_path_factory.mktemp("mseg"))


@pytest.mark.parametrize(
    "collection, name",
    [
        ("mseg", "VOCtrainval_11-May-2012.tar"),
        ("mseg", "VOCtrainval_03-May-2010.tar"),
        ("fptrans", "VOCtrainval_11-May-2012.tar"),
        ("openseg", "VOCtrainval_03-May-2010.tar"),
        ("partdistillation", "VOCtrainval_11-May-2012.tar"),
    ],
)
def test_annotations_of_voc_say_what_its_development_kit_says(
    collection: str, name: str, tmp_path: Path, mseg: Miniature
) -> None:
    """Size, and objects with a name and a box from 1 to the width and height, ends included."""
    made = mseg if collection == "mseg" else build_miniature(tmp_path, collection=collection)
    with tarfile.open(made.archive(name).path) as devkit:
        files = {each.name: each for each in devkit if each.isfile()}
        described = [each for each in files if "/Annotations/" in each]
        assert described
        for each in described:
            root = ElementTree.parse(devkit.extractfile(files[each])).getroot()  # type: ignore[arg-type]
            assert root.tag == "annotation"
            photo = root.findtext("filename")
            place = f"{each.rpartition('/Annotations/')[0]}/JPEGImages/{photo}"
            held = devkit.extractfile(files[place])
            assert held is not None
            with Image.open(held) as image:
                width, height = image.size
            assert (root.findtext("size/width"), root.findtext("size/height")) == (
                str(width),
                str(height),
            )
            assert root.findall("object")
            for found in root.findall("object"):
                assert found.findtext("name")
                left, top, right, bottom = (
                    int(found.findtext(f"bndbox/{side}") or 0)
                    for side in ("xmin", "ymin", "xmax", "ymax")
                )
                assert 1 <= left <= right <= width
                assert 1 <= top <= bottom <= height


def test_panoptic_json_names_images_categories_boxes_and_areas(mseg: Miniature) -> None:
    """Of every segment: its category is listed, its area and box are those of its pixels."""
    with zipfile.ZipFile(mseg.archive("panoptic_annotations_trainval2017.zip").path) as outer:
        document = json.loads(outer.read("annotations/panoptic_val2017.json"))
        with zipfile.ZipFile(io.BytesIO(outer.read("annotations/panoptic_val2017.zip"))) as labels:
            pixels = {
                each["file_name"]: Image.open(
                    io.BytesIO(labels.read(f"panoptic_val2017/{each['file_name']}"))
                ).convert("RGB")
                for each in document["annotations"]
            }
    photos = {each["id"]: each for each in document["images"]}
    known = {each["id"] for each in document["categories"]}
    assert all(each["name"] and each["isthing"] in (0, 1) for each in document["categories"])
    for each in document["annotations"]:
        image = pixels[each["file_name"]]
        photo = photos[each["image_id"]]
        assert image.size == (photo["width"], photo["height"])
        assert photo["file_name"].removesuffix(".jpg") == each["file_name"].removesuffix(".png")
        for segment in each["segments_info"]:
            assert segment["category_id"] in known
            number = segment["id"]
            colour = (number % 256, number // 256 % 256, number // 65536)
            places = [
                (x, y)
                for x in range(image.width)
                for y in range(image.height)
                if image.getpixel((x, y)) == colour
            ]
            assert len(places) == segment["area"]
            if places:
                left, top, width, height = segment["bbox"]
                assert (left, top) == (min(x for x, _ in places), min(y for _, y in places))
                assert left + width - 1 == max(x for x, _ in places)
                assert top + height - 1 == max(y for _, y in places)


def test_the_merged_annotations_list_the_categories_they_use(tmp_path: Path) -> None:
    made = build_miniature(tmp_path, collection="cosmos")
    document = json.loads(made.archive("trainval_merged.json").path.read_text())
    known = {each["id"]: each["name"] for each in document["categories"]}
    used = {each["category_id"] for each in document["annos_segmentation"]}
    assert used <= known.keys()
    assert all(known.values())


def test_fptrans_keeps_images_of_every_fold(tmp_path: Path) -> None:
    """An image counts by a class of the fold with 2,048 pixels; 0 and 255 count for nothing."""
    made = build_miniature(tmp_path, collection="fptrans")
    with tarfile.open(made.archive("SegmentationClassAug.archive").path) as masks:
        labels = {each.name: masks.extractfile(each) for each in masks if each.isfile()}
        sizes = {name: _areas(held) for name, held in labels.items() if held}
    for name in ("val.txt", "voc_sbd_merge_noduplicate.txt"):
        rows = made.archive(name).path.read_text().splitlines()
        kept = [row for row in rows if max(sizes[row.split(" ")[1]].values(), default=0) >= 2048]
        assert kept == rows


def _areas(file: IO[bytes]) -> dict[int, int]:
    with Image.open(file) as image:
        assert image.mode == "L"
        counted = image.getcolors() or []
    return {int(value): number for number, value in counted if value not in (0, 255)}  # type: ignore[arg-type]


COCO_FILES = (
    ("fptrans", "annotations_trainval2014.zip", ("train2014", "val2014")),
    ("cosmos", "annotations_trainval2017.zip", ("train2017", "val2017")),
)


@pytest.mark.parametrize("collection, name, splits", COCO_FILES)
def test_annotations_of_coco_say_what_its_format_says(
    collection: str, name: str, splits: tuple[str, ...], tmp_path: Path
) -> None:
    """Every field of the format's page, ids that are one each, boxes and areas of the rings."""
    made = build_miniature(tmp_path, collection=collection)
    with zipfile.ZipFile(made.archive(name).path) as files:
        for kind in ("instances", "person_keypoints", "captions"):
            for split in splits:
                document = json.loads(files.read(f"annotations/{kind}_{split}.json"))
                _holds_coco(document, kind)


def _holds_coco(document: dict[str, Any], kind: str) -> None:
    images = {each["id"]: each for each in document["images"]}
    notes = document["annotations"]
    assert images and notes and document["info"] and document["licenses"]
    assert len({each["id"] for each in notes}) == len(notes)
    assert all(each["width"] and each["height"] and each["file_name"] for each in images.values())
    assert all(each["image_id"] in images for each in notes)
    if kind == "captions":
        assert all(each["caption"] for each in notes)
        return
    known = {each["id"] for each in document["categories"]}
    if kind == "person_keypoints":
        (person,) = document["categories"]
        assert all(len(each["keypoints"]) == 3 * len(person["keypoints"]) for each in notes)
    else:
        assert len(known) == 80
        assert max(known) == 90
    for each in notes:
        assert each["category_id"] in known
        if each["iscrowd"]:
            height, width = each["segmentation"]["size"]
            assert sum(each["segmentation"]["counts"]) == height * width
            continue
        left, top, width, height = each["bbox"]
        for ring in each["segmentation"]:
            assert len(ring) >= 6
            assert len(ring) % 2 == 0
            assert all(left <= x <= left + width + 1e-6 for x in ring[::2])
            assert all(top <= y <= top + height + 1e-6 for y in ring[1::2])
        assert 0 < each["area"] <= width * height * len(each["segmentation"])


CITYSCAPES = (
    ("mseg", "gtFine_trainvaltest.zip"),
    ("openseg", "gtFine_trainvaltest.zip"),
    ("cosmos", "gtFine_trainvaltest.zip"),
    ("partdistillation", "gtFine_trainvaltest.zip"),
)


@pytest.mark.parametrize("collection, name", CITYSCAPES)
def test_polygons_of_cityscapes_name_size_and_objects(
    collection: str, name: str, tmp_path: Path, mseg: Miniature
) -> None:
    """Size of the label beside it; objects of a known name with corners, the first one drawn."""
    made = mseg if collection == "mseg" else build_miniature(tmp_path, collection=collection)
    with zipfile.ZipFile(made.archive(name).path) as files:
        found = [each for each in files.namelist() if each.endswith("_polygons.json")]
        assert found
        for each in found:
            document = json.loads(files.read(each))
            label = files.read(each.replace("_polygons.json", "_labelIds.png"))
            with Image.open(io.BytesIO(label)) as image:
                assert image.size == (document["imgWidth"], document["imgHeight"])
            assert document["objects"]
            for one in document["objects"]:
                assert one["label"]
                assert all(len(corner) == 2 for corner in one["polygon"])
                assert len(one["polygon"]) >= 3


def test_files_of_torch_are_zips_it_opens(tmp_path: Path) -> None:
    """One folder, nothing compressed, with the pickle and the version its reader asks for."""
    made = build_miniature(tmp_path / "p", collection="partdistillation")
    others = build_miniature(tmp_path / "o", collection="openseg")
    names = [each for each in made.archives if each.name.endswith(".pkl")]
    for each in (*names, *others.archives):
        if not zipfile.is_zipfile(each.path) or not each.name.endswith((".pkl", ".pth")):
            continue
        with zipfile.ZipFile(each.path) as file:
            top = {info.filename.partition("/")[0] for info in file.infolist()}
            assert len(top) == 1
            assert all(info.compress_type == zipfile.ZIP_STORED for info in file.infolist())
            assert int(file.read(f"{min(top)}/version")) >= 3
            held = _Plain(io.BytesIO(file.read(f"{min(top)}/data.pkl"))).load()
        assert isinstance(held, dict | list)
    assert len(names) == 5


class _Plain(pickle.Unpickler):
    """Takes builtin types alone, as a careful reader does."""

    def find_class(self, module: str, name: str) -> Any:
        raise pickle.UnpicklingError(f"{module}.{name}")


def test_the_configuration_of_vistas_lists_its_classes(mseg: Miniature) -> None:
    with zipfile.ZipFile(mseg.archive("mapillary-vistas-dataset_public_v1.1.zip").path) as files:
        labels = json.loads(files.read("config.json"))["labels"]
    assert len({each["readable"] for each in labels}) == len(labels) > 1
    for each in labels:
        assert each["name"] and each["readable"]
        assert len(each["color"]) == 3


def test_weights_of_vit_are_arrays(tmp_path: Path) -> None:
    made = build_miniature(tmp_path, collection="fptrans")
    (weights,) = [each for each in made.archives if each.name.startswith("B_16")]
    with np.load(weights.path) as arrays:
        assert all(arrays[name].dtype == np.float32 for name in arrays.files)
        assert arrays.files
