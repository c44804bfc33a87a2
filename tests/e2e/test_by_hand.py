"""Installs made by hand with the reference scripts: recognised by what is on disk, continued."""

from __future__ import annotations

import json
import random
import re
import shutil
from pathlib import Path

import pytest

from tests.e2e.miniature import contents, finish


@pytest.fixture(scope="module")
def calm(lab: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A whole install."""
    folder = tmp_path_factory.mktemp("calm")
    words = ("run", "mseg", "--site", lab, "--yes", "--delete-archives", "--dest")
    finish(folder / "home", *words, folder / "dest")
    return folder / "dest"


def by_hand(calm: Path, dest: Path) -> Path:
    """Leave of an install what the reference scripts leave: the files, no archive, no record."""
    shutil.copytree(calm / "mseg_dataset", dest / "mseg_dataset")
    return dest


def fetched(lab: Path, dest: Path, home: Path) -> set[str]:
    """Run to the end and return the archives that were fetched."""
    said = finish(home, "run", "mseg", "--site", lab, "--yes", "--dest", dest, "--json")
    told = [json.loads(line) for line in said.splitlines() if line.startswith("{")]
    assert told[-1]["complete"], said
    texts = [each.get("text", "") for each in told]
    return {
        text.removeprefix("Fetch ").removesuffix(": started")
        for text in texts
        if text.startswith("Fetch ") and text.endswith(": started")
    }


def test_nothing_but_the_tables_is_fetched(lab: Path, calm: Path, tmp_path: Path) -> None:
    dest = by_hand(calm, tmp_path / "dest")
    assert fetched(lab, dest, tmp_path / "home") == {"mseg-api.tar.gz"}
    assert contents(dest) == contents(calm)


CAPITALS = {
    "Camvid": "CamVid",
    "COCOPanoptic/images": "COCOPanoptic/Images",
    "COCOPanoptic": "cocopanoptic",
    "KITTI/training": "KITTI/Training",
    "SUNRGBD": "sunrgbd",
    "Cityscapes/leftImg8bit/train": "Cityscapes/leftImg8bit/TRAIN",
    "IDD": "idd",
    "PASCAL_VOC_2012": "pascal_voc_2012",
}


def test_names_in_other_capitals_are_taken_in(lab: Path, calm: Path, tmp_path: Path) -> None:
    dest = by_hand(calm, tmp_path / "dest")
    for old, new in CAPITALS.items():
        (dest / "mseg_dataset" / old).rename(dest / "mseg_dataset" / new)
    before = {path for path in (dest / "mseg_dataset").rglob("*") if path.is_file()}
    said = finish(tmp_path / "home", "run", "mseg", "--site", lab, "--yes", "--dest", dest)
    # Which archive of a folder is first is a matter of order; the next may find its files in place.
    told = set(re.findall(r"taken-over: 1 time, first: \S*/mseg_dataset/(\w+) holds", said))
    assert told == {new.partition("/")[0] for new in CAPITALS.values()} - {"COCOPanoptic"}, said
    assert "is complete" in said
    assert all(path.is_file() for path in before), "what a person has stays as it is"
    made, wanted = contents(dest), contents(calm)
    assert {name: made[name] for name in wanted if name in made}.items() <= wanted.items()
    unlisted = {name.rpartition("/")[0] for name in wanted.keys() - made.keys()}
    assert unlisted <= {"SUNRGBD/label13/test", "SUNRGBD/label13/train"}, unlisted


def test_it_is_recognised_before_the_lists_are_there(lab: Path, calm: Path, tmp_path: Path) -> None:
    """Nothing but the lists is missing: status, plan and the check of room tell so alike."""
    dest = by_hand(calm, tmp_path / "dest")
    words = ("mseg", "--site", lab, "--dest", dest)
    said = json.loads(finish(tmp_path / "home", "status", *words, "--json", code=3))
    seeming = {step["address"] for step in said["steps"] if step["presumed"]}
    assert "ade20k/extract-challenge" in seeming
    plan = json.loads(finish(tmp_path / "home", "plan", *words, "--json"))
    told = {row["name"]: row for row in plan["archives"] if not row["reserve"]}
    assert [name for name, row in told.items() if not row["present"]] == ["mseg-api.tar.gz"]
    assert plan["fetch_bytes"] == told["mseg-api.tar.gz"]["bytes"]
    words_said = finish(tmp_path / "home", "status", *words, code=3)
    assert f"{len(seeming)} more seem to be here" in words_said
    shutil.rmtree(dest / "mseg_dataset" / "ADE20K")
    plan = json.loads(finish(tmp_path / "home", "plan", *words, "--json"))
    lacking = {row["name"] for row in plan["archives"] if not row["present"] and not row["reserve"]}
    assert lacking == {"mseg-api.tar.gz", "ADEChallengeData2016.zip", "ADE20K_2016_07_26.zip"}


def killed_half_way(folder: Path, base: Path, dice: random.Random) -> None:
    """Leave of a folder of labels what a script that is killed in it leaves.

    The later half is not there yet, one file is cut where the script was, and some of those that
    are there are copies of what they are made from, whose segments were not yet given their class.
    """
    made = sorted(folder.rglob("*.png"))
    for path in made[len(made) // 2 :]:
        path.unlink()
    cut, *whole = dice.sample(made[: len(made) // 2], len(made) // 2)
    cut.write_bytes(cut.read_bytes()[: dice.randrange(cut.stat().st_size)])
    for path in whole[:1]:
        shutil.copy(base / path.relative_to(folder), path)


@pytest.mark.parametrize("script", ["remap", "relabel", "both"])
def test_one_run_mends_what_a_killed_reference_script_left(
    lab: Path, calm: Path, tmp_path: Path, script: str
) -> None:
    dest = by_hand(calm, tmp_path / "dest")
    dice = random.Random(script)
    ade = dest / "mseg_dataset/ADE20K/ADEChallengeData2016"
    coco = dest / "mseg_dataset/COCOPanoptic"
    if script != "relabel":
        killed_half_way(ade / "annotations_semseg150", ade / "annotations", dice)
        killed_half_way(coco / "semantic_annotations201", coco / "semantic_annotations133", dice)
    if script != "remap":
        relabelled = ade / "annotations_semseg150_relabeled"
        killed_half_way(relabelled, calm / ade.relative_to(dest) / "annotations_semseg150", dice)
    assert fetched(lab, dest, tmp_path / "home") == {"mseg-api.tar.gz"}
    assert contents(dest) == contents(calm)


def test_what_is_missing_is_fetched_and_made(lab: Path, calm: Path, tmp_path: Path) -> None:
    dest = by_hand(calm, tmp_path / "dest")
    root = dest / "mseg_dataset"
    next((root / "KITTI" / "training" / "image_2").iterdir()).unlink()
    shutil.rmtree(root / "COCOPanoptic" / "semantic_relabeled133")
    next((root / "ADE20K" / "ADE20K_2016_07_26").rglob("ADE_train_*_seg.png")).unlink()
    wanted = {"mseg-api.tar.gz", "data_semantics.zip", "ADE20K_2016_07_26.zip"}
    assert fetched(lab, dest, tmp_path / "home") == wanted
    assert contents(dest) == contents(calm)


def test_only_a_deep_verification_decodes_every_image(calm: Path, tmp_path: Path) -> None:
    dest = Path(shutil.copytree(calm, tmp_path / "dest"))
    image = next((dest / "mseg_dataset/Cityscapes/leftImg8bit/val").rglob("*.png"))
    data = bytearray(image.read_bytes())
    data[data.index(b"IDAT") + 20] ^= 0xFF
    image.write_bytes(data)
    words = ("verify", "mseg", "--dest", dest, "--only", "cityscapes")
    assert "every check holds" in finish(tmp_path / "home", *words)
    assert image.name in finish(tmp_path / "home", *words, "--deep", code=1)
