"""The extract step: done means checked, the disk is the truth, later steps may use files up."""

from __future__ import annotations

import dataclasses
import os
import shutil
from pathlib import Path

import pytest

from tests.archives.makers import make_tar, make_zip, tree, zip_bytes
from wizard.archives.limits import Limits
from wizard.engine.kinds.extract import ExtractStep, UsedUp
from wizard.engine.step import StepContext
from wizard.errors import ArchiveError
from wizard.recipes.steps import Extract, Mat, Nested, Rule

FILES = {"images/1.jpg": b"1" * 10, "images/2.jpg": b"2" * 20, "labels/1.png": b"3"}


def step(root: Path, name: str = "a.zip", **spec: object) -> ExtractStep:
    """A step that unpacks ``name`` below ``root``."""
    given = Extract(archive=name, into="D", **spec)  # type: ignore[arg-type]
    return ExtractStep(
        address="d/extract",
        dataset="d",
        title="",
        kind="extract",
        needs=(),
        spec=given,
        archive=root / "D" / name,
        into=root / "D",
        record=root / ".segwizard/steps/d.extract.json",
        used_up=UsedUp(
            base=root,
            edited=frozenset({"D/labels/1.png"}),
            converted=(Mat(sources="D/mat/*.mat", variable="x", into="D/png", remove="D/mat"),),
        ),
        workers=2,
        limits=Limits(),
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    (tmp_path / "D").mkdir()
    return tmp_path


def run(made: ExtractStep) -> None:
    """Run a step and expect it to be done."""
    made.run(StepContext())
    assert made.probe().state == "done"


def test_from_nothing_to_done(root: Path) -> None:
    made = step(root)
    assert made.probe().state == "todo"
    make_zip(made.archive, FILES)
    assert (made.probe().state, made.probe().total) == ("todo", 3)
    run(made)
    assert (made.probe().done, made.probe().total) == (3, 3)
    assert {path: data for path, data in tree(root / "D").items() if path != "a.zip"} == FILES


def test_it_stays_done_without_its_archive(root: Path) -> None:
    made = step(root)
    run_with(made)
    made.archive.unlink()
    assert made.probe().state == "done"


def run_with(made: ExtractStep) -> None:
    make_zip(made.archive, FILES)
    run(made)


@pytest.mark.parametrize("harm", ["missing", "torn"])
def test_a_file_that_went_or_changed_is_noticed_and_mended(root: Path, harm: str) -> None:
    made = step(root)
    run_with(made)
    victim = root / "D/images/2.jpg"
    victim.unlink()
    if harm == "torn":
        victim.write_bytes(b"2")
    assert (made.probe().state, made.probe().done) == ("partial", 2)
    run(made)
    assert victim.read_bytes() == FILES["images/2.jpg"]


def test_an_install_made_by_hand_is_adopted_without_rewriting(root: Path) -> None:
    made = step(root)
    make_zip(made.archive, FILES)
    for path, data in FILES.items():
        (root / "D" / path).parent.mkdir(exist_ok=True)
        (root / "D" / path).write_bytes(data)
    inode = (root / "D/images/1.jpg").stat().st_ino
    assert (made.probe().state, made.probe().done) == ("partial", 3)
    run(made)
    assert (root / "D/images/1.jpg").stat().st_ino == inode


def test_another_archive_under_the_same_name_is_unpacked_anew(root: Path) -> None:
    made = step(root)
    run_with(made)
    make_zip(made.archive, {**FILES, "images/1.jpg": b"9" * 10})
    assert made.probe().state == "partial"
    run(made)
    assert (root / "D/images/1.jpg").read_bytes() == b"9" * 10


def test_the_same_archive_fetched_again_changes_nothing(root: Path) -> None:
    made = step(root)
    run_with(made)
    os.utime(made.archive, (1, 1))
    assert made.probe().state == "done"


def test_a_recipe_that_places_members_elsewhere_runs_again(root: Path) -> None:
    run_with(step(root))
    moved = step(root, rules=(Rule(prefix="images/", to="pictures/"),))
    assert moved.probe().state == "partial"
    run(moved)
    assert (root / "D/pictures/1.jpg").exists()


def test_a_file_a_later_step_edits_may_differ_but_must_exist(root: Path) -> None:
    made = step(root)
    run_with(made)
    (root / "D/labels/1.png").write_bytes(b"edited by a later step")
    assert made.probe().state == "done"
    (root / "D/images/1.jpg").unlink()
    run(made)
    assert (root / "D/labels/1.png").read_bytes() == b"edited by a later step"
    (root / "D/labels/1.png").unlink()
    assert made.probe().state == "partial"


def test_converted_sources_may_go_as_long_as_what_was_made_of_them_is_there(root: Path) -> None:
    made = step(root, "a.tgz")
    make_tar(made.archive, {"mat/1.mat": b"m", "mat/2.mat": b"m", "x": b""})
    run(made)
    (root / "D/png").mkdir()
    for stem in "12":
        (root / f"D/png/{stem}.png").write_bytes(b"p")
    shutil.rmtree(root / "D/mat")
    assert made.probe().state == "done"
    (root / "D/x").unlink()
    run(made)
    assert not (root / "D/mat").exists()
    (root / "D/png/2.png").unlink()
    assert (made.probe().state, made.probe().done) == ("partial", 2)
    run(made)
    assert [path.name for path in (root / "D/mat").iterdir()] == ["2.mat"]


def test_archives_inside_count_by_what_they_hold(root: Path) -> None:
    made = step(root, nested=(Nested(member="in*.zip", into="inner"),))
    make_zip(made.archive, {"in1.zip": zip_bytes({"a": b"1", "b": b"2"}), "c": b"3"})
    assert (made.probe().state, made.probe().total) == ("todo", 1)
    run(made)
    assert made.probe().total == 3


def test_a_damaged_archive_or_record_raises_no_error_when_looked_at(root: Path) -> None:
    made = step(root)
    made.archive.write_bytes(b"<html><title>quota</title>")
    assert made.probe().state == "todo"
    assert "quota" in made.probe().detail
    with pytest.raises(ArchiveError, match="quota"):
        made.run(StepContext())
    run_with(made)
    made.record.write_bytes(b"{")
    assert made.probe().state == "partial"
    run(made)


@pytest.mark.parametrize("vouched", [False, True])
def test_an_archive_that_cannot_be_unpacked_makes_room_unless_a_hash_vouches(
    root: Path, *, vouched: bool
) -> None:
    made = dataclasses.replace(step(root), vouched=vouched)
    made.archive.write_bytes(b"PK\x03\x04 nothing behind it")
    with pytest.raises(ArchiveError) as caught:
        made.run(StepContext())
    rejected = made.archive.with_name(f"{made.archive.name}.rejected")
    assert made.archive.exists() is vouched
    assert rejected.exists() is not vouched
    assert ("run again" in caught.value.hint) is not vouched
