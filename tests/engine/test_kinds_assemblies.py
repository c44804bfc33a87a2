"""Assembly steps from the plan to the disk: what they make, and that the disk says so."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.engine.small_installs import bound, install_of
from wizard.errors import LabelError
from wizard.labels.specs.assemblies import Captions, ClassFolders, MergeInstances
from wizard.steps.step import StepContext


def instances(number: int) -> str:
    image = {"id": number, "file_name": f"{number}.JPEG"}
    return json.dumps({"images": [image], "annotations": [], "categories": []})


def test_joint_annotations_are_made_once_their_sources_are_there(tmp_path: Path) -> None:
    spec = MergeInstances(id="merge", sources=("D/val.json", "D/test.json"), into="D/both.json")
    step = bound(install_of(tmp_path, spec), "merge")
    assert step.probe().state == "todo"
    with pytest.raises(LabelError):
        step.run(StepContext())
    for number, name in enumerate(("val", "test")):
        path = tmp_path / f"data/D/{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(instances(number))
    step.run(StepContext())
    assert step.probe().state == "done"
    both = json.loads((tmp_path / "data/D/both.json").read_text())
    assert [row["id"] for row in both["images"]] == [0, 1]


def test_caption_lists_are_counted(tmp_path: Path) -> None:
    spec = Captions(id="lists", table="D/t.csv", folder="D", into="D/{split}.json")
    step = bound(install_of(tmp_path, spec), "lists")
    (tmp_path / "data/D").mkdir(parents=True)
    (tmp_path / "data/D/t.csv").write_text(
        'raw,split,filename\n"[""a""]",val,1.jpg\n"[""b""]",test,2.jpg\n'
    )
    step.run(StepContext())
    assert (step.probe().done, step.probe().unit) == (2, "lists")


def test_class_folders_wait_for_their_images(tmp_path: Path) -> None:
    spec = ClassFolders(id="sort", images="D/*.JPEG", truth="t.txt", synsets="m.mat", into="val")
    step = bound(install_of(tmp_path, spec), "sort")
    assert step.probe().state == "todo"
    with pytest.raises(LabelError, match="nothing to make labels from"):
        step.run(StepContext())
