"""The extract step: done means checked, the disk is the truth, later steps may use files up."""

from __future__ import annotations

import dataclasses
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from tests.archives.makers import make_tar, make_zip, tree, zip_bytes
from tests.state.harm import HARM, clear
from wizard.archives.bounds import UnpackLimits
from wizard.archives.deflate import crc32
from wizard.archives.specs import Extract, Nested, Rule
from wizard.errors import ArchiveError
from wizard.kinds.assign import Assign
from wizard.kinds.unpacking.checked_files import UsedUp
from wizard.kinds.unpacking.edits import Edit
from wizard.kinds.unpacking.step import ExtractStep
from wizard.state.notices import clear_damage
from wizard.state.store import copy_of, restore_copies
from wizard.steps.step import StepContext

FILES = {"images/1.jpg": b"1" * 10, "images/2.jpg": b"2" * 20, "labels/1.png": b"3"}


def edit(root: Path) -> Edit:
    """A label in which a later step sets something, as far as unpacking knows."""
    table = Assign(file="D/labels/1.png", name="X", value="")
    return Edit(root / table.file, root / ".segwizard/set.json", table, root / "kept")


def step(root: Path, name: str = "a.zip", **spec: object) -> ExtractStep:
    """A step that unpacks ``name`` below ``root``."""
    given = Extract(archive=name, into="D", **spec)  # type: ignore[arg-type]
    return ExtractStep(
        address="d/extract",
        dataset="d",
        title="",
        kind="extract",
        dependencies=(),
        spec=given,
        archive=root / "D" / name,
        into=root / "D",
        record=root / ".segwizard/steps/d.extract.json",
        used_up=UsedUp(
            base=root,
            edits={"D/labels/1.png": edit(root)},
            converted=(("D/mat", "D/png"),),
        ),
        workers=2,
        limits=UnpackLimits(),
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


@pytest.mark.parametrize("harm", [*HARM, "gone"])
@pytest.mark.parametrize("which", ["record", "copy"])
def test_what_was_unpacked_is_known_when_a_record_came_to_harm(
    root: Path, harm: str, which: str
) -> None:
    made = step(root)
    run_with(made)
    made.archive.unlink()
    path = made.record if which == "record" else copy_of(made.record)
    (HARM | {"gone": clear})[harm](path)
    assert made.probe().state == "done"
    for name in ("images/1.jpg", "images/2.jpg"):
        with (root / "D" / name).open("ab") as file:
            file.write(b"more" if name == "images/1.jpg" else b"")
    assert (made.probe().state, made.probe().done) == ("partial", 2)
    flipped = root / "D/images/2.jpg"
    flipped.write_bytes(b"x" * 20)
    assert flipped in set(made.altered())
    run_with(made)
    assert flipped.read_bytes() == FILES["images/2.jpg"]
    clear_damage()
    restore_copies(made.record.parent)
    assert made.record.is_file() and copy_of(made.record).is_file()


def run_with(made: ExtractStep) -> None:
    make_zip(made.archive, FILES)
    run(made)


def test_a_record_of_the_first_version_still_counts(root: Path) -> None:
    made = step(root)
    run_with(made)
    head = msgspec.json.decode(made.record.read_bytes().splitlines()[0])
    kept = {key: head[key] for key in ("by", "layout", "fingerprint", "content")}
    members = [[path, len(data), crc32(data)] for path, data in FILES.items()]
    for path in (made.record, copy_of(made.record)):
        path.write_bytes(msgspec.json.encode({"version": 1, **kept, "members": members}))
    assert (made.probe().state, made.probe().done) == ("done", 3)
    (root / "D/images/2.jpg").unlink()
    assert (made.probe().state, made.probe().done) == ("partial", 2)
    run(made)
    assert msgspec.json.decode(made.record.read_bytes().splitlines()[0])["version"] == 2


def test_labels_are_not_made_anew_when_the_same_archive_is_unpacked_again(root: Path) -> None:
    made = step(root)
    run_with(made)
    named = made.record.read_bytes().replace(_content(made).encode(), b"c" * 32, 1)
    for path in (made.record, copy_of(made.record)):
        path.write_bytes(named)
    (root / "D/images/2.jpg").unlink()
    run(made)
    assert _content(made) == "c" * 32
    make_zip(made.archive, {**FILES, "images/1.jpg": b"9" * 10})
    run(made)
    assert _content(made) not in ("c" * 32, "")


def _content(made: ExtractStep) -> str:
    content: str = msgspec.json.decode(made.record.read_bytes().splitlines()[0])["content"]
    return content


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


def test_files_of_which_no_list_tells_are_told(root: Path) -> None:
    made = step(root, expects=("images/*.jpg",))
    assert made.probe().detail == ""
    (root / "D/images").mkdir()
    assert made.probe().detail == ""
    (root / "D/images/1.jpg").write_bytes(b"1")
    assert "no list tells whether these are all" in made.probe().detail


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


def test_what_changed_elsewhere_in_an_edited_file_is_kept_and_put_back(root: Path) -> None:
    made, label = step(root), root / "D/labels/1.png"
    run_with(made)
    published = label.read_bytes()
    edit(root).note()
    label.write_bytes(published[::-1] + b"mine")
    assert (made.probe().state, made.probe().done) == ("partial", 2)
    context = StepContext()
    made.run(context)
    (note,) = context.failures
    assert (note.cause, note.fatal, label.read_bytes()) == ("changed-file", False, published)
    (kept,) = (root / "kept").iterdir()
    assert kept.read_bytes() == published[::-1] + b"mine" and str(kept) in note.hint
    assert made.probe().state == "done"


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
    copy_of(made.record).write_bytes(b"{")
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


@pytest.mark.parametrize("make", [make_zip, make_tar])
def test_what_a_desktop_left_in_an_archive_is_neither_made_nor_missed(
    root: Path, make: Callable[[Path, dict[str, bytes]], object]
) -> None:
    made = step(root, "a.zip" if make is make_zip else "a.tar")
    make(made.archive, {**FILES, "labels/Thumbs.db": b"old", "images/.DS_Store": b"mac"})
    run(made)
    names = {Path(path).name for path in tree(root / "D")}
    assert not names & {"Thumbs.db", ".DS_Store"}
    # An install of before this held has them; taking one away changes nothing.
    (root / "D/labels/Thumbs.db").write_bytes(b"old")
    made.archive.unlink()
    assert made.probe().state == "done"
    (root / "D/labels/Thumbs.db").unlink()
    assert made.probe().state == "done"


def test_what_changed_since_is_told_by_its_bytes_and_unpacked_again(root: Path) -> None:
    made = step(root)
    make_zip(made.archive, FILES)
    run(made)
    (root / "D/images/1.jpg").write_bytes(b"1" * 9 + b"0")
    (root / "D/images/2.jpg").touch()
    (root / "D/labels/1.png").write_bytes(b"x")  # a later step sets this file
    assert list(made.altered()) == [root / "D/images/1.jpg"]
    shutil.rmtree(root / "D/images")
    (root / "D/images/2.jpg").mkdir(parents=True)
    run(made)
    found = tree(root / "D")
    assert {path: found[path] for path in FILES} == {**FILES, "labels/1.png": b"x"}
