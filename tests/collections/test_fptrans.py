"""Every trap of FPTrans, by name, on an installed miniature (fact sheet fptrans 0, 6 and 8)."""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.conformance.conftest import segwizard
from tests.servers.misbehaving import Misbehaving
from wizard.archives.operations import Removal, SecondName
from wizard.errors import ArchiveError
from wizard.kinds.registry import load_recipe
from wizard.labels.specs.conversions import BoundaryWeights
from wizard.labels.works.derived import LookupWork
from wizard.labels.works.mat import MatWork
from wizard.recipes.order import graph
from wizard.verify.checks.files import HashExaminer, ListedExaminer, digest
from wizard.verify.checks.pixels import PixelsExaminer
from wizard.verify.specs.checks import Hash, Listed, Pixels
from wizard.verify.specs.datasets import Check

RECIPE = load_recipe("fptrans")


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


def test_training_finds_images_in_every_list(fptrans: Path) -> None:
    """It keeps an image by a class, neither 0 nor 255, of 2,048 pixels; weights lie beside."""
    root = fptrans / "FPTrans"
    for name, data in (
        ("pascal/val.txt", "VOCdevkit/VOC2012"),
        ("pascal/voc_sbd_merge_noduplicate.txt", "VOCdevkit/VOC2012"),
        ("coco/val_data_list.txt", "COCO"),
        ("coco/train_data_list.txt", "COCO"),
    ):
        rows = [row.split(" ") for row in (root / "lists" / name).read_text().splitlines()]
        kept = 0
        for image, label in rows:
            assert (root / "data" / data / image).is_file()
            pixels = np.asarray(Image.open(root / "data" / data / label))
            counts = np.bincount(pixels.ravel(), minlength=256)
            kept += bool((counts[1:255] >= 2048).any())
        assert kept == len(rows), name


def test_trap_a_tree_with_both_names_for_two_folders_is_noticed(tmp_path: Path) -> None:
    for folder in ("train2014_labels", "train2014_label"):
        (tmp_path / folder).mkdir()
    name = SecondName(tmp_path / "train2014_labels", tmp_path / "train2014_label")
    assert not name.made()
    with pytest.raises(ArchiveError) as error:
        name.make()
    assert "rename it to train2014_label" in error.value.hint


def as_the_document_draws_it(fptrans: Path, dest: Path) -> Path:
    """Leave of an install what somebody has who followed the document, without segwizard."""
    root = Path(shutil.copytree(fptrans / "FPTrans", dest / "FPTrans", symlinks=True))
    for split in ("train2014", "val2014"):
        (root / f"data/COCO/{split}_labels").unlink()
        (root / f"data/COCO/{split}_label").rename(root / f"data/COCO/{split}_labels")
    # Brought to the miniature in time or not, they would take the place of what was computed.
    for ready in root.rglob("*_weights.tar"):
        ready.unlink()
    return root


def run(dest: Path, fptrans: Path, home: Path) -> subprocess.CompletedProcess[str]:
    """Run on a tree while nothing can be fetched: no server has the miniature any more."""
    served = (fptrans / "demo-archives/site.toml").read_text()
    site = dest.with_name("site.toml")
    with Misbehaving() as empty:
        site.write_text(re.sub(r"http://127\.0\.0\.1:\d+", empty.url, served))
        return segwizard("run", "fptrans", "--site", site, "--dest", dest, "--yes", home=home)


def test_a_tree_as_the_document_draws_it_is_adopted(fptrans: Path, tmp_path: Path) -> None:
    root = as_the_document_draws_it(fptrans, tmp_path / "dest")
    inodes = _inodes(root)
    done = run(tmp_path / "dest", fptrans, tmp_path / "home")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "train2014_labels is train2014_label from now on" in done.stderr
    now = _inodes(root)
    anew = {now[inode] for inode in now.keys() - inodes.keys()}
    assert anew == set(), done.stderr
    assert (root / "data/COCO/train2014_labels").is_symlink()
    assert run(tmp_path / "dest", fptrans, tmp_path / "home").returncode == 0


def _inodes(root: Path) -> dict[int, str]:
    files = (path for path in root.rglob("*") if path.is_file())
    return {path.stat().st_ino: path.relative_to(root).as_posix() for path in files}


@pytest.mark.parametrize(
    ("harmed", "archive"),
    [
        ("data/COCO/train2014/*.jpg", "train2014.zip"),
        ("data/COCO/annotations/instances_val2014.json", "annotations_trainval2014.zip"),
        ("data/VOCdevkit/VOC2012/JPEGImages/*.jpg", "VOCtrainval_11-May-2012.tar"),
        ("data/VOCdevkit/VOC2012/SegmentationClass/*.png", "VOCtrainval_11-May-2012.tar"),
    ],
)
def test_of_a_tree_that_lacks_files_the_archive_is_wanted(
    fptrans: Path, tmp_path: Path, harmed: str, archive: str
) -> None:
    root = as_the_document_draws_it(fptrans, tmp_path / "dest")
    listed = (root / "lists/coco/train_data_list.txt").read_text()
    listed += (root / "lists/pascal/val.txt").read_text()
    for path in root.glob(harmed):
        if path.suffix == ".json":
            path.write_bytes(path.read_bytes()[:-9])
        elif path.stem in listed:
            path.write_bytes(b"")
            break
    done = run(tmp_path / "dest", fptrans, tmp_path / "home")
    assert done.returncode != 0
    fetches = [line for line in done.stderr.splitlines() if ": failed" in line and "Fetch" in line]
    assert [archive in line for line in fetches] == [True], done.stderr


def test_trap_crowds_are_background_and_crowd_only_images_have_no_label(fptrans: Path) -> None:
    coco = fptrans / "FPTrans/data/COCO"
    document = json.loads((coco / "annotations/instances_train2014.json").read_text())
    shapes = [each for each in document["annotations"] if not each["iscrowd"]]
    drawn = {each["image_id"] for each in shapes}
    assert drawn < {each["id"] for each in document["images"]}
    labels = {int(path.stem[-12:]) for path in (coco / "train2014_label").iterdir()}
    assert labels == drawn


def test_trap_classes_are_places_in_the_json_not_coco_ids(fptrans: Path) -> None:
    coco = fptrans / "FPTrans/data/COCO"
    document = json.loads((coco / "annotations/instances_train2014.json").read_text())
    order = [each["id"] for each in document["categories"]]
    used = {each["category_id"] for each in document["annotations"] if not each["iscrowd"]}
    assert max(used) > len(order)
    folder = coco / "train2014_label"
    found = set()
    for path in folder.iterdir():
        with Image.open(path) as image:
            assert image.mode == "L"
            found |= set(np.unique(image))
    assert found <= {0, *(order.index(each) + 1 for each in used)}
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
    operation = Removal(tmp_path, ("lists/*.pkl",), tmp_path / "labels")
    assert not operation.made()
    operation.make()
    assert operation.made()
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
    dependencies = graph(RECIPE, RECIPE.datasets)
    waited, open_needs = set(), ["coco-20i/weights"]
    while open_needs:
        for request in dependencies[open_needs.pop()]:
            waited.add(request)
            open_needs.append(request)
    assert "coco-20i/fetch:train2014.zip" not in waited
    assert "lists/check" in waited


def test_trap_published_weights_are_asked_of_nobody_in_vain(fptrans: Path, tmp_path: Path) -> None:
    status = segwizard("status", "--dest", fptrans, "--json", home=tmp_path / "home")
    snapshot = json.loads(status.stdout)
    assert snapshot["complete"]


def test_masks_can_be_rebuilt_when_nobody_hands_them_out() -> None:
    dataset = RECIPE.dataset("pascal-5i")
    assert [alternative.id for alternative in dataset.alternatives] == ["published", "rebuilt"]
    dependencies = graph(RECIPE, RECIPE.datasets)
    assert (
        "pascal-5i/fetch:SegmentationClassAug.archive" not in dependencies["pascal-5i/gray-masks"]
    )
    assert "pascal-5i/gray-masks" in dependencies["pascal-5i/sbd-masks"]


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
    theirs = load_recipe("mseg").dataset("pascal-voc-2012").archive("VOCtrainval_11-May-2012.tar")
    assert (ours.size, ours.md5, ours.sha1, ours.sha256) == (
        theirs.size,
        theirs.md5,
        theirs.sha1,
        theirs.sha256,
    )
