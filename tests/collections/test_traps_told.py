"""Traps that lie beside the files: what is told beforehand, which address and proof is right."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.access import put
from wizard.kinds.fetching.adopt import judge_archive
from wizard.kinds.registry import load_recipe
from wizard.progress import CancelToken
from wizard.recipes.model import Archive
from wizard.verify.checks.annotations import UnionExaminer
from wizard.verify.checks.pixels import PairsExaminer
from wizard.verify.specs.annotation_checks import PartNames, Union
from wizard.verify.specs.checks import Decodes, Occurs, Only, Pairs
from wizard.verify.specs.datasets import Check

COLLECTIONS = ("fptrans", "openseg", "cosmos", "partdistillation")
TRAIN2014 = "0da8c0bd3d6becc4dcb32757491aca88"
VAL2017 = "442b8da7639aecaf257c1dceb8ba8c80"


def checks(collection: str, kind: type) -> Iterator[object]:
    for dataset in load_recipe(collection).datasets:
        for step in dataset.steps:
            if isinstance(step, Check):
                yield from (check for check in step.checks if isinstance(check, kind))


def archive(collection: str, name: str) -> Archive:
    for dataset in load_recipe(collection).datasets:
        for each in dataset.archives:
            if each.name == name:
                return each
    raise KeyError(name)


def told(collection: str) -> str:
    """All a person reads of a collection before it begins."""
    recipe = load_recipe(collection)
    words = [each.why for each in recipe.reading]
    for dataset in recipe.datasets:
        words += [dataset.about, dataset.request.how if dataset.request else ""]
        words += [f"{each.note} {each.access.how}" for each in dataset.archives]
    return " ".join(words)


@pytest.mark.parametrize(
    ("collection", "words"),
    [
        ("fptrans", "`cuda`, a shell function"),
        ("fptrans", "NumPy 1.21 and PyTorch 1.10"),
        ("fptrans", "ask on the keyboard"),
        ("fptrans", "names 29, which is a DeiT"),
        ("fptrans", "Class names it prints for COCO are out of order"),
        ("openseg", "Newer Pillow and NumPy break its evaluator and segfix.py"),
        ("openseg", "reads ~/datasets/LIP unless you add --data_dir"),
        ("openseg", "without its resource key it shows nothing"),
        ("openseg", "its script cannot read"),
        ("openseg", "single_person"),
        ("cosmos", "python -m refuses"),
        ("cosmos", "PYTHONHASHSEED"),
        ("cosmos", "The document says the lists come with it; they do not"),
        ("cosmos", "gone since April 2023"),
        ("partdistillation", "pascal_part_valtest that does not exist"),
        ("partdistillation", "an older commit, whose code also wants imagenet_1k/labels.txt"),
        ("partdistillation", "cannot be imported from Python 3.10 on"),
        ("partdistillation", "its code never opens them"),
        ("partdistillation", "autumn 2011, which the site has no more"),
    ],
)
def test_trap_told_before_anything_begins(collection: str, words: str) -> None:
    assert words in told(collection)


@pytest.mark.parametrize("collection", COLLECTIONS)
def test_trap_hosts_that_are_often_down_come_second(collection: str) -> None:
    for dataset in load_recipe(collection).datasets:
        for each in dataset.archives:
            hosts = [url.split("/")[2] for url in each.urls]
            assert hosts[:1] != ["host.robots.ox.ac.uk"]
            assert "pjreddie.com" not in hosts


@pytest.mark.parametrize("name", ["train2014.zip", "val2014.zip", "annotations_trainval2014.zip"])
def test_trap_the_certificate_of_coco_names_another_host(name: str) -> None:
    urls = archive("fptrans", name).urls
    assert urls[0].startswith("https://s3.amazonaws.com/images.cocodataset.org/")
    assert not any(url.startswith("https://images.cocodataset.org") for url in urls)


def test_trap_wrong_hashes_of_coco_are_about() -> None:
    assert archive("fptrans", "train2014.zip").md5 == TRAIN2014
    assert archive("cosmos", "val2017.zip").md5 == VAL2017


def test_trap_main_of_partdistillation_is_an_old_commit() -> None:
    for dataset in load_recipe("partdistillation").datasets:
        for each in dataset.archives:
            if any("facebookresearch/PartDistillation/main" in url for url in each.urls):
                assert "/b5c5177" in each.urls[0], each.name


def test_trap_conversions_need_neither_a_gpu_nor_opencv_nor_panoptic_parts() -> None:
    """OpenCV draws polygons otherwise by version, torch asks for CUDA, and the last breaks."""
    code = (
        "import sys, wizard.kinds.labels, wizard.kinds.verify;"
        "import wizard.labels.pixels.panoptic, wizard.labels.drawing.scanfill;"
        "print([n for n in ('cv2', 'torch', 'panoptic_parts', 'detail') if n in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("collection", "folder"),
    [
        ("fptrans", "data/VOCdevkit/VOC2012/JPEGImages"),
        ("fptrans", "data/COCO/train2014"),
        ("openseg", "data/cityscapes/train/image"),
        ("openseg", "data/cityscapes/val/image"),
        ("openseg", "data/cityscapes/coarse/image"),
        ("openseg", "data/pascal_context/*/image"),
        ("cosmos", "flickr30k-images"),
    ],
)
def test_trap_a_picture_cut_short_stops_training_in_the_middle(
    collection: str, folder: str
) -> None:
    assert any(check.files.startswith(folder) for check in checks(collection, Decodes))  # type: ignore[attr-defined]


def test_trap_a_frame_without_its_partner_is_skipped_in_silence(tmp_path: Path) -> None:
    pairs = [check for check in checks("openseg", Pairs) if isinstance(check, Pairs)]
    check = next(each for each in pairs if each.first.endswith("cityscapes/train/image"))
    put(tmp_path / check.first / "a.png", b"x")
    (tmp_path / check.second).mkdir(parents=True)
    work = PairsExaminer(check, tmp_path)
    causes = {each.cause for subject in work.subjects() for each in work.examine(subject)}
    assert causes
    assert "skipped" in check.why


def test_trap_training_ids_would_be_misread_as_label_ids() -> None:
    found = [check for check in checks("openseg", Occurs) if isinstance(check, Occurs)]
    assert {each.files.split("/")[2] for each in found} == {"train", "val", "coarse"}
    assert all(min(each.values) == 19 for each in found)


def test_trap_labels_keep_the_name_of_their_image() -> None:
    found = [check for check in checks("openseg", Only) if isinstance(check, Only)]
    labels = [each for each in found if "cityscapes" in each.folder and "label" in each.folder]
    assert len(labels) == 3
    assert all(each.fits.endswith(r"_leftImg8bit\.png") for each in labels)


@pytest.mark.parametrize("name", ["gtFine_trainvaltest.zip", "leftImg8bit_trainvaltest.zip"])
def test_trap_wget_saves_a_login_page_under_the_name_of_the_zip(tmp_path: Path, name: str) -> None:
    path = put(tmp_path / name, b"<!DOCTYPE html><html><title>Login</title>")
    verdict = judge_archive(path, archive("openseg", name), {}, by_name=True, token=CancelToken())
    assert not verdict.accepted
    assert "web page" in verdict.words(name, archive("openseg", name))


def test_trap_repeated_ids_drop_images_without_a_word(tmp_path: Path) -> None:
    (check,) = checks("partdistillation", Union)
    assert isinstance(check, Union)
    row = {"id": 1, "file_name": "n00000001_1.JPEG", "image_id": 1, "category_id": 0}
    part = {"images": [row], "annotations": [{**row, "segmentation": []}], "categories": []}
    other = {**part, "images": [{**row, "file_name": "n00000002_1.JPEG"}]}
    joint = {**part, "images": part["images"] + other["images"]}
    for path, document in zip((*check.parts, check.file), (part, other, joint), strict=True):
        put(tmp_path / path, json.dumps(document).encode())
    assert [each for each in UnionExaminer(check, tmp_path).examine(check.file) if each.fatal]


def test_trap_parts_are_of_voc_2010_and_lists_of_2012() -> None:
    """Images of the lists without a file of parts are passed over; the reverse is an error."""
    steps = load_recipe("partdistillation").dataset("pascal-parts").steps
    found = [each for step in steps if isinstance(step, Check) for each in step.checks]
    (pairs,) = (each for each in found if isinstance(each, Pairs))
    assert pairs.first.endswith("annotations")
    assert pairs.one_way
    (names,) = (each for each in found if isinstance(each, PartNames))
    assert "boat" in names.names


def test_trap_only_validation_shards_are_named_not_the_whole_repository() -> None:
    for dataset in ("imagenet", "flickr30k"):
        for each in load_recipe("cosmos").dataset(dataset).archives:
            assert all("/resolve/" in url for url in each.urls if "huggingface.co" in url)
