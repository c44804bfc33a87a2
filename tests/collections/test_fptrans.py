"""Every trap of FPTrans, by name, on an installed miniature (fact sheet fptrans 0, 6 and 8)."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.conformance.conftest import segwizard
from wizard.archives.chores import Removal, SecondName
from wizard.errors import ArchiveError
from wizard.labels.mat import MatWork
from wizard.labels.value_table import LookupWork
from wizard.recipes.conversions import BoundaryWeights
from wizard.recipes.loader import load
from wizard.recipes.order import graph
from wizard.recipes.postconditions import Check, Hash, Listed, Pixels
from wizard.verify.checks_files import HashExaminer, ListedExaminer, digest
from wizard.verify.checks_pixels import PixelsExaminer

RECIPE = load("fptrans")


def steps(kind: type) -> dict[str, object]:
    return {
        f"{dataset.id}/{step.id}": step
        for dataset in RECIPE.datasets
        for step in dataset.steps
        if isinstance(step, kind)
    }


def checks(dataset: str, kind: type) -> Iterator[object]:
    for step in RECIPE.dataset(dataset).steps:
        if isinstance(step, Check):
            yield from (check for check in step.checks if isinstance(check, kind))


def test_trap_label_folders_are_singular_and_answer_to_plural_names(fptrans: Path) -> None:
    coco = fptrans / "FPTrans/data/COCO"
    for split in ("train2014", "val2014"):
        assert (coco / f"{split}_label").is_dir()
        assert not (coco / f"{split}_label").is_symlink()
        assert os.readlink(coco / f"{split}_labels") == f"{split}_label"


def test_trap_a_plural_only_tree_is_noticed(tmp_path: Path) -> None:
    (tmp_path / "train2014_labels").mkdir()
    name = SecondName(tmp_path / "train2014_labels", tmp_path / "train2014_label")
    assert not name.made()
    with pytest.raises(ArchiveError) as error:
        name.make()
    assert "rename it to train2014_label" in error.value.hint


def test_trap_crowds_are_background_and_crowd_only_images_have_no_label(fptrans: Path) -> None:
    coco = fptrans / "FPTrans/data/COCO"
    document = json.loads((coco / "annotations/instances_train2014.json").read_text())
    shapes = [each for each in document["annotations"] if not each["iscrowd"]]
    drawn = {each["image_id"] for each in shapes}
    assert drawn < {each["id"] for each in document["images"]}
    labels = {int(path.stem[-12:]) for path in (coco / "train2014_label").iterdir()}
    assert labels == drawn


def test_trap_classes_are_places_in_the_json_not_coco_ids(fptrans: Path) -> None:
    folder = fptrans / "FPTrans/data/COCO/train2014_label"
    found = set()
    for path in folder.iterdir():
        with Image.open(path) as image:
            assert image.mode == "L"
            found |= set(np.unique(image))
    assert found <= set(range(7))
    assert max(found) > 3


def test_trap_coco_weights_stay_bytes_and_pascal_weights_floats(fptrans: Path) -> None:
    specs = steps(BoundaryWeights)
    assert specs["coco-20i/weights"].as_bytes
    assert not specs["pascal-5i/weights"].as_bytes
    places = {"COCO": np.uint8, "VOCdevkit/VOC2012": np.float32}
    for place, dtype in places.items():
        for path in (fptrans / "FPTrans/data" / place / "weights").iterdir():
            with np.load(path) as stored:
                assert stored["x"].dtype == dtype
                assert stored["x"].max() == (255 if dtype == np.uint8 else 1)
                assert stored["c"].dtype == np.int64


def test_trap_masks_with_a_palette_are_refused(fptrans_copy: Path) -> None:
    masks = fptrans_copy / "FPTrans/data/VOCdevkit/VOC2012/SegmentationClassAug"
    broken = sorted(masks.iterdir())[0]
    own = broken.parent.with_name("SegmentationClass")
    palette = sorted(own.iterdir())[0]
    broken.write_bytes(palette.read_bytes())
    (check,) = checks("pascal-5i", Pixels)
    examiner = PixelsExaminer(check, fptrans_copy / "FPTrans")
    found = [each for subject in examiner.subjects() for each in examiner.examine(subject)]
    assert [(each.cause, Path(each.path).name) for each in found] == [("wrong-kind", broken.name)]
    assert "palette" in check.why


def test_trap_a_missing_label_is_told_before_training_skips_it(fptrans_copy: Path) -> None:
    root = fptrans_copy / "FPTrans"
    gone = sorted((root / "data/COCO/train2014_label").iterdir())[0]
    gone.unlink()
    found = [
        each
        for check in checks("coco-20i", Listed)
        for each in ListedExaminer(check, root, exact=False).examine(check.list)
        if each.fatal
    ]
    assert [Path(each.path).name for each in found] == [gone.name]


def test_trap_stale_list_caches_are_removed_and_fresh_ones_stay(tmp_path: Path) -> None:
    (tmp_path / "lists").mkdir()
    (tmp_path / "labels").mkdir()
    for name, moment in (("old.pkl", 100), ("fresh.pkl", 300), ("val.txt", 100)):
        (tmp_path / "lists" / name).write_bytes(b"x")
        os.utime(tmp_path / "lists" / name, (moment, moment))
    os.utime(tmp_path / "labels", (200, 200))
    chore = Removal(tmp_path, ("lists/*.pkl",), tmp_path / "labels")
    assert not chore.made()
    chore.make()
    assert chore.made()
    assert sorted(path.name for path in (tmp_path / "lists").iterdir()) == ["fresh.pkl", "val.txt"]


def test_trap_lists_keep_their_order(fptrans: Path) -> None:
    archives = fptrans / "demo-archives"
    for archive in RECIPE.dataset("lists").archives:
        installed = fptrans / "FPTrans" / archive.path
        assert installed.read_bytes() == (archives / archive.name).read_bytes()
    lines = (fptrans / "FPTrans/lists/coco/train_data_list.txt").read_text().splitlines()
    assert lines != sorted(lines)


def test_trap_the_list_nobody_hashed_is_proven_by_its_git_id(tmp_path: Path) -> None:
    (tmp_path / "list.txt").write_bytes(b"hello\n")
    assert digest(tmp_path / "list.txt", "git blob") == "ce013625030ba8dba906f756967f9e9ca394464a"
    check = Hash(file="list.txt", git_blob="2cc78cc3b78172c2f8befcad318283e40dec9c43")
    (finding,) = HashExaminer(check, tmp_path).examine("list.txt")
    assert finding.fatal
    stated = {each.file: each.git_blob for each in checks("lists", Hash)}
    assert stated["lists/coco/train_data_list.txt"] == check.git_blob


def test_trap_a_dry_run_only_prints(fptrans_copy: Path, tmp_path: Path) -> None:
    weights = fptrans_copy / "FPTrans/data/COCO/weights"
    for path in weights.iterdir():
        path.unlink()
    weights.rmdir()
    listed = segwizard(
        "make", "coco-20i/weights", "--dest", fptrans_copy, "--dry-run", home=tmp_path / "home"
    )
    assert listed.returncode == 0, listed.stderr
    assert len(listed.stdout.splitlines()) == 4
    assert all(line.endswith(".npz") for line in listed.stdout.splitlines())
    assert not weights.exists()


def test_trap_weights_need_no_image_and_no_val(fptrans: Path) -> None:
    weights = (fptrans / "FPTrans/data/COCO/weights").iterdir()
    assert all(path.name.startswith("COCO_train2014_") for path in weights)
    needs = graph(RECIPE, RECIPE.datasets)
    waited, open_needs = set(), ["coco-20i/weights"]
    while open_needs:
        for need in needs[open_needs.pop()]:
            waited.add(need)
            open_needs.append(need)
    assert "coco-20i/fetch:train2014.zip" not in waited
    assert "lists/check" in waited


def test_trap_published_weights_are_asked_of_nobody_in_vain(fptrans: Path, tmp_path: Path) -> None:
    status = segwizard("status", "--dest", fptrans, "--json", home=tmp_path / "home")
    snapshot = json.loads(status.stdout)
    assert snapshot["complete"]


def test_masks_can_be_rebuilt_when_nobody_hands_them_out() -> None:
    dataset = RECIPE.dataset("pascal-5i")
    assert [way.id for way in dataset.ways] == ["published", "rebuilt"]
    needs = graph(RECIPE, RECIPE.datasets)
    assert "pascal-5i/fetch:SegmentationClassAug.archive" not in needs["pascal-5i/gray-masks"]
    assert "pascal-5i/gray-masks" in needs["pascal-5i/sbd-masks"]


def test_rebuilt_masks_are_vocs_own_first_and_then_those_of_sbd(tmp_path: Path) -> None:
    voc = tmp_path / "data/VOCdevkit/VOC2012/SegmentationClass"
    sbd = tmp_path / "data/sbd/cls"
    voc.mkdir(parents=True)
    sbd.mkdir(parents=True)
    own = Image.fromarray(np.full((3, 4), 20, np.uint8))
    own.putpalette([place * 7 % 256 for place in range(768)])
    own.save(voc / "2008_000001.png")
    for stem in ("2008_000001", "2008_000002"):
        masks = {"Segmentation": np.full((3, 4), 5, np.uint8), "Boundaries": np.zeros(2)}
        savemat(sbd / f"{stem}.mat", {"GTcls": masks})
    lookup, mat = (
        next(s for s in RECIPE.dataset("pascal-5i").steps if s.id == name)
        for name in ("gray-masks", "sbd-masks")
    )
    for work in (LookupWork(tmp_path, lookup), MatWork(tmp_path, mat)):
        for item in work.items():
            if not item.outputs[0].exists():
                work.process(item)
    made = tmp_path / "data/VOCdevkit/VOC2012/SegmentationClassAug"
    values = {}
    for path in made.iterdir():
        with Image.open(path) as image:
            values[path.stem] = (image.mode, np.unique(image).tolist())
    assert values == {"2008_000001": ("L", [20]), "2008_000002": ("L", [5])}


def test_archives_shared_with_mseg_are_the_same_files() -> None:
    ours = RECIPE.dataset("pascal-5i").archive("VOCtrainval_11-May-2012.tar")
    theirs = load("mseg").dataset("pascal-voc-2012").archive("VOCtrainval_11-May-2012.tar")
    assert (ours.size, ours.md5, ours.sha1, ours.sha256) == (
        theirs.size,
        theirs.md5,
        theirs.sha1,
        theirs.sha256,
    )
