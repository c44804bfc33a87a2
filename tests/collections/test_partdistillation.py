"""Every trap of PartDistillation, by name, on an installed miniature (its fact sheet)."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from tests.archives.makers import make_tar, make_zip, tree, unpack, zip_bytes
from wizard.archives.listing import recognise
from wizard.archives.operations import Removal
from wizard.archives.specs import Extract
from wizard.kinds.arrangements import Remove
from wizard.kinds.registry import load_recipe
from wizard.labels.works.merge_annotations import read_instances, union_differences
from wizard.recipes.order import graph
from wizard.verify.checks.annotations import OutlinesExaminer
from wizard.verify.checks.files import JsonExaminer
from wizard.verify.checks.parts import PartIdsExaminer, PartNamesExaminer, read_objects
from wizard.verify.checks.trees import OnlyExaminer
from wizard.verify.specs.annotation_checks import Outlines, PartIds, PartNames, Union
from wizard.verify.specs.checks import Count, JsonCounts, Listed, Only
from wizard.verify.specs.datasets import Check

RECIPE = load_recipe("partdistillation")


@pytest.fixture
def root(partdistillation: Path) -> Path:
    """The collection's folder, laid out like a checkout."""
    return partdistillation / "PartDistillation"


@pytest.fixture
def datasets(root: Path) -> Path:
    """The folder of all datasets."""
    return root / "datasets"


def checks(dataset: str, kind: type) -> Iterator[object]:
    for step in RECIPE.dataset(dataset).steps:
        if isinstance(step, Check):
            yield from (check for check in step.checks if isinstance(check, kind))


def unpacked(dataset: str, archive: Path, into: Path) -> dict[str, bytes]:
    spec = next(
        step
        for step in RECIPE.dataset(dataset).steps
        if isinstance(step, Extract) and step.archive == archive.name
    )
    unpack(archive, into, rules=spec.rules, nested=spec.nested)
    return tree(into)


def test_trap_names_lose_the_class_the_hub_adds(datasets: Path) -> None:
    for path in (datasets / "imagenet_1k/train").glob("*/*"):
        assert path.stem.count("_") == 1
        assert path.stem.partition("_")[0] == path.parent.name


def test_trap_photographs_of_part_imagenet_are_read_from_imagenet(datasets: Path) -> None:
    for split in ("train", "val", "test", "valtest"):
        for image in read_instances(datasets / f"part_imagenet/{split}.json")["images"]:
            name = image["file_name"]
            head = name.partition("_")[0]
            assert (datasets / "imagenet_1k/train" / head / name).is_file()
            assert (datasets / "part_imagenet" / split / head / name).is_file()


def test_trap_a_name_with_the_class_at_its_end_is_not_found(tmp_path: Path) -> None:
    check = next(iter(checks("part-imagenet-photographs", JsonCounts)))
    assert isinstance(check, JsonCounts)
    folder = tmp_path / "datasets/imagenet_1k/train/n01440764"
    folder.mkdir(parents=True)
    (folder / "n01440764_1_n01440764.JPEG").touch()
    (tmp_path / check.file).parent.mkdir()
    (tmp_path / check.file).write_text(json.dumps({"images": [{"file_name": "n01440764_1.JPEG"}]}))
    found = list(JsonExaminer(check, tmp_path).examine(check.file))
    assert [finding.cause for finding in found] == ["missing-file"]


def test_trap_official_class_archives_become_folders(tmp_path: Path) -> None:
    inner = make_tar(tmp_path / "inner.tar", {"n01440764_18.JPEG": b"x"}).read_bytes()
    archive = make_tar(tmp_path / "ILSVRC2012_img_train.tar", {"n01440764.tar": inner})
    assert unpacked("imagenet-1k", archive, tmp_path / "out") == {
        "n01440764/n01440764_18.JPEG": b"x"
    }


def test_trap_the_22k_folder_goes_by_both_names(datasets: Path) -> None:
    assert (datasets / "imagenet_21k").resolve() == (datasets / "imagenet_22k").resolve()
    assert (datasets / "imagenet_21k").is_symlink()
    assert not (datasets / "imagenet_21k").readlink().is_absolute()


def test_trap_class_lists_are_read_from_the_22k_folder(datasets: Path) -> None:
    folder = datasets / "imagenet_22k"
    assert (folder / "synsets.dat").read_bytes() == (datasets / "metadata/synsets.dat").read_bytes()
    assert all("\t" in line for line in (folder / "words.txt").read_text().splitlines())


def test_trap_the_last_line_of_words_has_no_end() -> None:
    listed = [check for check in checks("metadata", Listed) if "words" in check.list]  # type: ignore[attr-defined]
    assert [check.count for check in listed] == [82_115]  # type: ignore[attr-defined]


def test_trap_stray_files_of_22k_become_samples(tmp_path: Path) -> None:
    (check,) = checks("imagenet-22k", Only)
    assert isinstance(check, Only)
    folder = tmp_path / check.folder
    (folder / "n01440764").mkdir(parents=True)
    (folder / "n01440764.tar").touch()
    found = [each.path for each in OnlyExaminer(check, tmp_path).examine(check.folder)]
    assert [path.rpartition("/")[2] for path in found] == ["n01440764.tar"]


def test_trap_the_mapper_reads_metadata_at_the_root(root: Path) -> None:
    assert (root / "metadata/imagenet1k_to_22k_mapping.pkl").is_file()
    assert (root / "metadata").readlink().as_posix() == "datasets/metadata"


def test_trap_the_mapping_is_taken_as_it_ships() -> None:
    archive = RECIPE.dataset("metadata").archive("imagenet1k_to_22k_mapping.pkl")
    assert archive.md5 == "e2e3a60704b8f226af59cd78281e63cf"


def test_trap_every_trainer_lists_part_imagenet_when_it_starts(datasets: Path) -> None:
    for split in ("train", "val", "test", "valtest"):
        assert any((datasets / "part_imagenet" / split).iterdir())


def test_trap_valtest_is_no_part_of_the_release(datasets: Path) -> None:
    part = datasets / "part_imagenet"
    names = {path.name for path in (part / "valtest").iterdir()}
    assert names == {path.name for split in ("val", "test") for path in (part / split).iterdir()}
    parts = [read_instances(part / f"{split}.json") for split in ("val", "test")]
    assert list(union_differences(read_instances(part / "valtest.json"), parts)) == []


def test_trap_valtest_takes_no_second_copy(datasets: Path) -> None:
    for path in (datasets / "part_imagenet/valtest").glob("*/*"):
        assert path.stat().st_nlink > 1


def test_trap_the_shipped_union_may_be_gone() -> None:
    dataset = RECIPE.dataset("part-imagenet")
    assert [alternative.id for alternative in dataset.alternatives] == ["shipped", "joined"]
    dependencies = graph(RECIPE, RECIPE.datasets)["part-imagenet/merge-instances"]
    assert not any("valtest.json" in request for request in dependencies)
    assert any(isinstance(check, Union) for check in checks("part-imagenet", Union))


def test_trap_archives_lie_in_the_archive_and_folders_in_folders(tmp_path: Path) -> None:
    for number, files in enumerate(
        (
            {"PartImageNet_OOD/val.zip": zip_bytes({"val.json": b"{}", "val/n01484850/a": b"a"})},
            {"PartImageNet_OOD/images/val/n01484850/a": b"a", "PartImageNet_OOD/val.json": b"{}"},
            {"val/val/n01484850/a": b"a", "annotations/val/val.json": b"{}", "README": b"r"},
        )
    ):
        folder = tmp_path / str(number)
        folder.mkdir()
        archive = make_zip(folder / "PartImageNet_OOD.zip", files)
        assert unpacked("part-imagenet", archive, folder / "out") == {
            "val.json": b"{}",
            "val/n01484850/a": b"a",
        }


def test_trap_the_release_seg_does_not_fit(tmp_path: Path) -> None:
    versions = RECIPE.dataset("part-imagenet").archive("PartImageNet_OOD.zip").versions
    other = make_zip(tmp_path / "seg.zip", {"PartImageNet_Seg/annotations/train/1.png": b"x"})
    right = make_zip(tmp_path / "ood.zip", {"PartImageNet_OOD/val.zip": b"x"})
    assert not recognise(other, versions).accepted  # type: ignore[union-attr]
    assert recognise(right, versions).accepted  # type: ignore[union-attr]


def test_trap_polygons_of_fewer_than_three_points_are_told_not_mended(root: Path) -> None:
    (check, _) = checks("part-imagenet", Outlines)
    assert isinstance(check, Outlines)
    found = list(OutlinesExaminer(check, root).examine(check.file))
    assert found
    assert not any(finding.fatal for finding in found)
    document = read_instances(root / check.file)
    assert any(len(each) < 6 for row in document["annotations"] for each in row["segmentation"])


def test_trap_main_lists_are_read_and_annotations_too(datasets: Path) -> None:
    images = datasets / "pascal_parts/images"
    for split in ("train", "val"):
        for stem in (images / f"ImageSets/Main/{split}.txt").read_text().split():
            assert (images / f"JPEGImages/{stem}.jpg").is_file()
            assert (images / f"Annotations/{stem}.xml").is_file()
    lists = {check.list for check in checks("pascal-parts", Listed)}  # type: ignore[attr-defined]
    assert all("ImageSets/Main" in name for name in lists)


def test_trap_annotations_of_context_go_by_the_same_name(tmp_path: Path) -> None:
    versions = RECIPE.dataset("pascal-parts").archive("trainval.tar.gz").versions
    context = make_tar(tmp_path / "a.tar.gz", {"trainval/2008_000002.mat": b"x"})
    parts = make_tar(tmp_path / "b.tar.gz", {"Annotations_Part/2008_000002.mat": b"x"})
    assert not recognise(context, versions).accepted  # type: ignore[union-attr]
    assert recognise(parts, versions).accepted  # type: ignore[union-attr]


def test_trap_objects_without_parts_and_tables_are_passed_over(root: Path, datasets: Path) -> None:
    (check,) = checks("pascal-parts", PartNames)
    assert isinstance(check, PartNames)
    path = next(iter(sorted((datasets / "pascal_parts/annotations").glob("*.mat"))))
    held = {name: len(parts) for name, parts in read_objects(path)}
    assert held["table"] == 1
    assert held["sofa"] == 0
    assert "table" not in check.names
    work = PartNamesExaminer(check, root)
    assert [found for subject in work.subjects() for found in work.examine(subject)] == []


def test_trap_every_part_name_the_loader_knows_is_listed() -> None:
    (check,) = checks("pascal-parts", PartNames)
    assert isinstance(check, PartNames)
    assert len(check.names) == 20
    work = PartNamesExaminer(check, Path())
    known = work._known
    assert {"lbho", "rfuleg", "rear"} <= known["horse"]
    assert {"bliplate", "leftmirror", "backside"} <= known["bus"] & known["car"]
    assert "muzzle" in known["dog"] - known["cat"]
    assert {"hroofside", "coach", "cleftside"} <= known["train"]
    assert {"lebrow", "rlarm", "llleg"} <= known["person"]


def test_trap_gtfine_is_needed_though_the_document_leaves_it_out(datasets: Path) -> None:
    part = datasets / "cityscapes_part"
    for path in (part / "leftImg8bit").glob("*/*/*"):
        core = path.name.removesuffix("_leftImg8bit.png")
        folder = f"{path.parent.parent.name}/{path.parent.name}"
        for ending in ("instanceIds.png", "labelIds.png", "polygons.json"):
            assert (part / f"gtFine/{folder}/{core}_gtFine_{ending}").is_file()
        name = f"gtFinePanopticParts/{folder}/{core}_gtFinePanopticParts.tif"
        assert (part / name).is_file()


def test_trap_the_code_reads_leftimg8bit(datasets: Path) -> None:
    assert (datasets / "cityscapes_part/leftImg8bit/train").is_dir()


def test_trap_part_5_of_people_is_told_not_mended(root: Path) -> None:
    (check,) = checks("cityscapes-part", PartIds)
    assert isinstance(check, PartIds)
    work = PartIdsExaminer(check, root)
    found = [each for subject in work.subjects() for each in work.examine(subject)]
    assert {(each.cause, each.fatal) for each in found} == {("known-oddity", False)}
    assert all("munster" in each.path for each in found)


def test_trap_parts_are_int32_whatever_numpy_would_prefer(root: Path) -> None:
    from PIL import Image

    (check,) = checks("cityscapes-part", PartIds)
    for path in root.glob(check.files):  # type: ignore[attr-defined]
        with Image.open(path) as image:
            assert np.asarray(image).dtype == np.int32


def test_trap_links_of_the_authors_machines_are_taken_away(tmp_path: Path) -> None:
    for dataset in RECIPE.datasets:
        for step in dataset.steps:
            if isinstance(step, Remove):
                for name in step.patterns:
                    path = tmp_path / dataset.id / name
                    if path.parent.is_symlink():
                        continue
                    path.parent.mkdir(parents=True, exist_ok=True)
                    path.symlink_to("/datasets01/imagenet_full_size")
                base = tmp_path / dataset.id
                Removal(base, step.patterns, dangling=step.dangling).make()
                assert not any(path.is_symlink() for path in base.rglob("*"))


def test_trap_no_archive_is_put_where_a_dangling_link_may_be() -> None:
    cleared = {
        name
        for dataset in RECIPE.datasets
        for step in dataset.steps
        if isinstance(step, Remove)
        for name in step.patterns
    }
    for dataset in RECIPE.datasets:
        for archive in dataset.archives:
            place = dataset.archive_path(archive)
            assert not any(place.startswith(f"{name}/") for name in cleared)


def test_trap_counts_are_those_of_the_release_with_classes_apart() -> None:
    counts = [
        check.count  # type: ignore[attr-defined]
        for check in checks("part-imagenet", Count)
    ]
    assert counts == [109, 19, 30, 49]
