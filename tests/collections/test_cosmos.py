"""Every trap of the COSMOS tasks, by name, on an installed miniature (fact sheet downstream)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.archives.makers import make_tar, make_zip, tree, unpack
from wizard.archives.extract import Options
from wizard.archives.specs import Extract
from wizard.demo.classification import mat, table
from wizard.errors import ArchiveError
from wizard.kinds.registry import load_recipe
from wizard.labels.specs.taxonomies import Lookup
from wizard.labels.works.derived import LookupWork
from wizard.recipes.order import graph
from wizard.verify.checks.annotations import (
    CaptionListsExaminer,
    MatTableExaminer,
    NumberedExaminer,
)
from wizard.verify.specs.annotation_checks import CaptionLists, MatTable, Numbered
from wizard.verify.specs.checks import Count, Hash, Listed
from wizard.verify.specs.datasets import Check

RECIPE = load_recipe("cosmos")


@pytest.fixture
def root(cosmos: Path) -> Path:
    """The collection's folder."""
    return cosmos / "cosmos"


def checks(dataset: str, kind: type) -> Iterator[object]:
    for step in RECIPE.dataset(dataset).steps:
        if isinstance(step, Check):
            yield from (check for check in step.checks if isinstance(check, kind))


def extraction(dataset: str, archive: str) -> Extract:
    return next(
        step
        for step in RECIPE.dataset(dataset).steps
        if isinstance(step, Extract) and step.archive == archive
    )


def unpacked(dataset: str, archive: Path, into: Path) -> dict[str, bytes]:
    spec = extraction(dataset, archive.name)
    unpack(archive, into, rules=spec.rules, nested=spec.nested, options=Options())
    return tree(into)


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def test_trap_flickr_lists_join_their_paths_to_the_parent_of_the_folder(root: Path) -> None:
    for split, count in (("val", 3), ("test", 2)):
        rows = json.loads((root / f"flickr30k-images/flickr30k_{split}.json").read_text())
        assert len(rows) == count
        assert all((root / row["image"]).is_file() for row in rows)


def test_trap_flickr_lists_are_not_in_the_repository() -> None:
    archives = {each.name: each for each in RECIPE.dataset("flickr30k").archives}
    assert "storage.googleapis.com" in archives["flickr30k_val.json"].urls[0]
    assert archives["flickr_annotations_30k.csv"].alternative == "table"
    dependencies = graph(RECIPE, RECIPE.datasets)
    assert not any("json" in request for request in dependencies["flickr30k/captions"])


def test_trap_a_caption_is_a_list(tmp_path: Path) -> None:
    (check, _) = checks("flickr30k", CaptionLists)
    assert isinstance(check, CaptionLists)
    path = tmp_path / check.file
    path.parent.mkdir()
    path.write_text(json.dumps([{"image": "flickr30k-images/1.jpg", "caption": "one text"}]))
    (found,) = CaptionListsExaminer(check, tmp_path).examine(check.file)
    assert found.cause == "bad-captions"


def test_trap_macos_junk_is_no_photograph(root: Path) -> None:
    names = [path.name for path in (root / "flickr30k-images").iterdir()]
    assert not any(name.startswith("._") for name in names)
    assert not (root / "__MACOSX").exists()


def test_trap_val_annotations_come_in_the_archive_of_both_splits(root: Path) -> None:
    assert [path.name for path in (root / "coco/annotations").iterdir()] == [
        "captions_val2017.json"
    ]


def test_trap_official_names_would_make_50000_folders(tmp_path: Path) -> None:
    names = {f"ILSVRC2012_val_{number:08d}.JPEG": b"x" for number in (1, 2)}
    with pytest.raises(ArchiveError, match="none of the files"):
        unpacked("imagenet", make_tar(tmp_path / "val_images.tar.gz", names), tmp_path / "out")


def test_trap_a_stray_folder_shifts_every_class(root: Path) -> None:
    folders = sorted(path.name for path in (root / "imagenet/data/val_images").iterdir())
    assert folders == ["n01440764", "n01871265", "n02085620"]
    for path in (root / "imagenet/data/val_images").glob("*/*"):
        assert path.stem.endswith(path.parent.name)


def test_trap_the_tarball_may_be_gone_and_only_validation_shards_are_fetched() -> None:
    dataset = RECIPE.dataset("imagenet")
    assert [alternative.id for alternative in dataset.alternatives] == [
        "hub",
        "parquet",
        "official",
    ]
    shards = [each for each in dataset.archives if each.alternative == "parquet"]
    assert len(shards) == 14
    assert all(each.name.startswith("validation-") for each in shards)
    assert all(
        each.access.kind == "token"
        for each in dataset.archives
        if each.alternative in ("hub", "parquet")
    )


def test_trap_dtd_lies_in_a_folder_of_its_own_name(root: Path) -> None:
    assert (root / "classification/dtd/dtd/labels/test1.txt").is_file()


def test_trap_background_google_has_to_exist(root: Path) -> None:
    categories = root / "classification/caltech101/101_ObjectCategories"
    assert (categories / "BACKGROUND_Google").is_dir()
    assert any("BACKGROUND_Google" in check.files for check in checks("caltech101", Count))  # type: ignore[attr-defined]


def test_trap_annotations_of_caltech_are_unpacked_too(root: Path) -> None:
    assert (root / "classification/caltech101/Annotations/Faces/annotation_0001.mat").is_file()


def test_trap_a_stray_file_breaks_the_numbers_of_caltech(tmp_path: Path) -> None:
    (check,) = checks("caltech101", Numbered)
    assert isinstance(check, Numbered)
    folder = tmp_path / "classification/caltech101/101_ObjectCategories/Faces"
    folder.mkdir(parents=True)
    for name in ("image_0001.jpg", "Thumbs.db"):
        (folder / name).touch()
    work = NumberedExaminer(check, tmp_path)
    found = [finding for subject in work.subjects() for finding in work.examine(subject)]
    assert [finding.path.rpartition("/")[2] for finding in found] == ["Thumbs.db"]


@pytest.mark.parametrize("top", ["", "cars_train/", "stanford_cars/cars_train/"])
def test_trap_folders_of_cars_lie_in_folders_of_the_same_name(tmp_path: Path, top: str) -> None:
    files = {f"{top}cars_train/00001.jpg": b"1", "cars_test_annos_withlabels (1).mat": b"m"}
    archive = make_zip(tmp_path / "torchvision-stanford-cars.zip", files)
    assert unpacked("stanford-cars", archive, tmp_path / "out") == {
        "cars_train/00001.jpg": b"1",
        "cars_test_annos_withlabels.mat": b"m",
    }


def test_trap_labels_of_the_devkit_have_no_classes(tmp_path: Path) -> None:
    check = next(
        check
        for check in checks("stanford-cars", MatTable)
        if "withlabels" in check.file  # type: ignore[attr-defined]
    )
    assert isinstance(check, MatTable)
    path = tmp_path / check.file
    path.parent.mkdir(parents=True)
    path.write_bytes(mat(annotations=table([(1, "00001.jpg")], "bbox_x1", "fname")))
    found = [each.detail for each in MatTableExaminer(check, tmp_path).examine(check.file)]
    assert "has no class" in found


def test_trap_dead_addresses_are_not_asked() -> None:
    for name in ("sun397", "stanford-cars"):
        dataset = RECIPE.dataset(name)
        assert dataset.request is not None
        for archive in dataset.archives:
            assert not any("princeton" in url or "stanford.edu" in url for url in archive.urls)
    assert RECIPE.dataset("sun397").archive("SUN397.tar.gz").md5 == (
        "8ca2778205c41d23104230ba66911c7a"
    )


def test_trap_sun397_has_to_be_whole() -> None:
    counts = [check.count for check in checks("sun397", Count)]  # type: ignore[attr-defined]
    assert 108_754 in counts


def test_trap_torchvision_hashes_members_even_without_download() -> None:
    assert len(list(checks("cifar10", Hash))) == 7
    assert len(list(checks("cifar100", Hash))) == 3
    assert len(list(checks("flowers", Hash))) == 2


def test_trap_the_real_number_of_pets_is_3669() -> None:
    (check,) = checks("pets", Listed)
    assert isinstance(check, Listed)
    assert check.count == 3_669


def test_trap_neither_conversion_of_coco_takes_the_others_labels(root: Path) -> None:
    folder = root / "segmentation/coco_stuff164k/annotations/val2017"
    names = sorted(path.name for path in folder.iterdir())
    assert len(names) == 12
    assert not any(name.count("TrainIds") > 1 for name in names)
    specs = [step for step in RECIPE.dataset("coco-stuff").steps if isinstance(step, Lookup)]
    assert [step.id for step in specs] == ["stuff", "objects"]
    for spec in specs:
        assert len(LookupWork(root, spec).items()) == 4


def test_trap_a_folder_named_trainids_hides_nothing(tmp_path: Path) -> None:
    root = tmp_path / "allTrainIds"
    folder = root / "segmentation/coco_stuff164k/annotations/val2017"
    folder.mkdir(parents=True)
    Image.fromarray(np.zeros((2, 2), np.uint8)).save(folder / "000000000139.png")
    spec = next(step for step in RECIPE.dataset("coco-stuff").steps if isinstance(step, Lookup))
    assert len(LookupWork(root, spec).items()) == 1


def test_trap_unlabelled_is_ignored_in_stuff_and_background_in_objects(root: Path) -> None:
    folder = root / "segmentation/coco_stuff164k/annotations/val2017"
    seen = 0
    for source in folder.glob("0*[0-9].png"):
        raw = pixels(source)
        stuff = pixels(source.with_name(f"{source.stem}_labelTrainIds.png"))
        things = pixels(source.with_name(f"{source.stem}_instanceTrainIds.png"))
        seen += int((raw == 255).sum())
        assert np.array_equal(raw == 255, stuff == 255)
        assert not things[(raw >= 91) | (raw == 255)].any()
        assert things.max() <= 80
    assert seen


def test_trap_context_59_and_60_are_one_set_of_files(root: Path) -> None:
    devkit = root / "segmentation/VOCdevkit/VOC2010"
    names = (devkit / "ImageSets/SegmentationContext/val.txt").read_text()
    assert names.endswith("\n")
    assert names.split() == sorted(names.split())
    values = {
        int(value)
        for path in (devkit / "SegmentationClassContext").iterdir()
        for value in np.unique(pixels(path))
    }
    assert values <= set(range(60))
    assert 0 in values


def test_trap_cityscapes_labels_come_from_ids_not_from_polygons(root: Path) -> None:
    for path in (root / "segmentation/cityscapes/gtFine/val").glob("*/*_labelIds.png"):
        train = pixels(path.with_name(path.name.replace("labelIds", "labelTrainIds")))
        ids = pixels(path)
        assert np.array_equal(train == 0, ids == 7)
        assert np.array_equal(train == 18, ids == 33)
        assert set(np.unique(train[ids == 4])) <= {255}


def test_trap_voc_masks_keep_their_palette(root: Path) -> None:
    for path in (root / "segmentation/VOCdevkit/VOC2012/SegmentationClass").iterdir():
        with Image.open(path) as image:
            assert image.mode == "P"


def test_trap_only_validation_data_is_kept(root: Path) -> None:
    segmentation = root / "segmentation"
    assert not (segmentation / "cityscapes/leftImg8bit/train").exists()
    assert not (segmentation / "ade/ADEChallengeData2016/images/training").exists()
    assert not (segmentation / "coco_stuff164k/annotations/train2017").exists()


def test_trap_data_root_is_set_in_eight_configs(root: Path) -> None:
    text = (root / "settings.txt").read_text()
    configs = ("voc20", "voc21", "context59", "context60", "coco_object", "coco_stuff164k")
    assert all(f"cfg_{name}.py" in text for name in (*configs, "city_scapes", "ade20k"))
    lines = [line for line in text.splitlines() if line.startswith("data_root = ")]
    assert len(lines) == 5
    for line in lines:
        names: dict[str, str] = {}
        exec(line, names)  # noqa: S102 - what a config file does with it
        assert Path(names["data_root"]).is_dir()
    assert "--data-root-dir" in text


def test_trap_what_no_layout_can_mend_is_told_beforehand() -> None:
    told = " ".join(reading.why for reading in RECIPE.reading)
    assert "SUN397 only" in told
    assert "PYTHONHASHSEED" in told
