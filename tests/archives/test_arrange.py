"""Arranging: files get the names code looks for, once, wholly, and never over each other."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from wizard.archives.operations import ArrangeWork, arranged, walk
from wizard.archives.specs import Arrange, Move
from wizard.errors import ArchiveError, RecipeError

FLAT = Move(pattern=r"(?P<stem>.+)_(?P<wnid>n\d{8})\.JPEG", to="{wnid}/{stem}_{wnid}.JPEG")


def put(folder: Path, *names: str) -> None:
    for name in names:
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(name)


def work(root: Path, *moves: Move, **options: object) -> ArrangeWork:
    return ArrangeWork(root, Arrange(source="in", into="out", moves=moves, **options))  # type: ignore[arg-type]


def run(work: ArrangeWork) -> None:
    work.start()
    for item in work.items():
        work.process(item)
    work.finish()


def missing(work: ArrangeWork) -> int:
    return sum(not Path(path).exists() for row in work.expected() for path in row)


def test_files_go_by_the_first_move_that_fits(tmp_path: Path) -> None:
    put(tmp_path / "in", "a_n00000001.JPEG", "b_n00000002.JPEG", "notes.txt")
    any_image = Move(pattern=r"(?P<name>[^/]+)\.JPEG", to="other/{name}.JPEG")
    job = work(tmp_path, FLAT, any_image)
    assert missing(job) == 2
    run(job)
    assert list(walk(tmp_path / "out")) == [
        "n00000001/a_n00000001.JPEG",
        "n00000002/b_n00000002.JPEG",
    ]
    assert (tmp_path / "in" / "notes.txt").exists()
    assert missing(job) == 0


def test_a_link_takes_no_second_copy(tmp_path: Path) -> None:
    put(tmp_path / "in", "a_n00000001.JPEG")
    run(work(tmp_path, FLAT))
    first, second = tmp_path / "in/a_n00000001.JPEG", tmp_path / "out/n00000001/a_n00000001.JPEG"
    assert first.samefile(second)
    assert not second.is_symlink()


def test_symlinks_are_relative_so_that_the_tree_can_move(tmp_path: Path) -> None:
    put(tmp_path / "here" / "in", "a_n00000001.JPEG")
    run(work(tmp_path / "here", FLAT, how="symlink"))
    (tmp_path / "here").rename(tmp_path / "there")
    link = tmp_path / "there/out/n00000001/a_n00000001.JPEG"
    assert link.is_symlink()
    assert link.read_text() == "a_n00000001.JPEG"


def test_two_files_never_share_a_name(tmp_path: Path) -> None:
    put(tmp_path / "in", "x/a.png", "y/a.png")
    with pytest.raises(ArchiveError, match="would both become"):
        work(tmp_path, Move(pattern=r".*/(?P<name>[^/]+)", to="{name}")).items()


def test_sources_are_removed_only_at_the_end_and_stay_removed(tmp_path: Path) -> None:
    put(tmp_path / "in", "a_n00000001.JPEG")
    job = work(tmp_path, FLAT, remove="in")
    run(job)
    assert not (tmp_path / "in").exists()
    assert [list(row) for row in job.expected()] == [
        [str(tmp_path / "out/n00000001/a_n00000001.JPEG")]
    ]
    run(job)
    assert missing(job) == 0


def test_a_run_cut_short_goes_on_where_it_was(tmp_path: Path) -> None:
    put(tmp_path / "in", "a_n00000001.JPEG", "b_n00000002.JPEG")
    job = work(tmp_path, FLAT, remove="in")
    job.process(job.items()[0])
    assert missing(job) == 1
    run(job)
    assert missing(job) == 0


def test_a_move_may_depend_on_what_is_there(tmp_path: Path) -> None:
    put(tmp_path / "in", "a.jpg", "b.jpg")
    put(tmp_path / "out", "labels/a.png")
    run(work(tmp_path, Move(pattern=r"(?P<n>\w+)\.jpg", to="{n}.jpg", when="labels/{n}.png")))
    assert sorted(walk(tmp_path / "out")) == ["a.jpg", "labels/a.png"]


def test_hidden_files_are_left_alone(tmp_path: Path) -> None:
    put(tmp_path / "in", "._a_n00000001.JPEG", ".git/b_n00000001.JPEG")
    assert work(tmp_path, FLAT).items() == []


def test_a_broken_pattern_is_the_recipes_fault(tmp_path: Path) -> None:
    put(tmp_path / "in", "a")
    with pytest.raises(RecipeError, match="no regular expression"):
        work(tmp_path, Move(pattern="(", to="x")).items()


@settings(max_examples=30)
@given(st.sets(st.from_regex(r"[a-z]{1,4}(/[a-z]{1,4}){0,2}\.png", fullmatch=True), max_size=8))
def test_what_is_listed_is_what_was_there(tmp_path_factory: pytest.TempPathFactory, names) -> None:
    folder = tmp_path_factory.mktemp("tree")
    put(folder, *names)
    everything = Move(pattern=r"(?P<path>.*)", to="{path}")
    assert dict(arranged(folder, (everything,), folder)) == {name: name for name in names}
