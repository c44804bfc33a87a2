"""Placed files, second names, texts and removals: each knows whether it is so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wizard.archives.operations import PlacedFile, Removal, SecondName, TextFile
from wizard.errors import ArchiveError


def test_a_placed_file_is_whole_or_not_made(tmp_path: Path) -> None:
    source, target = tmp_path / "a.json", tmp_path / "deep" / "b.json"
    source.write_text("content")
    operation = PlacedFile(source, target)
    assert not operation.made()
    operation.make()
    assert operation.made()
    assert target.read_text() == "content"
    target.unlink()
    target.write_text("cut")
    assert not operation.made()


def test_a_copy_that_came_to_harm_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a file system has no second names, only the bytes tell."""
    source, target = tmp_path / "a.json", tmp_path / "b.json"
    source.write_text("content")
    operation = PlacedFile(source, target)
    monkeypatch.setattr(os, "link", _refuse)
    operation.make()
    assert not os.path.samefile(source, target) and operation.made()
    os.utime(target, (1, 1))
    assert operation.made(), "a copy that lost its time is a copy"
    target.write_text("kontent")
    assert not operation.made()
    operation.make()
    assert operation.made() and target.read_text() == "content"


def _refuse(*_: object, **__: object) -> None:
    raise PermissionError(1, "no second names here")


def test_a_placed_file_outlives_its_archive(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_text("content")
    operation = PlacedFile(source, target, source.stat().st_size)
    operation.make()
    source.unlink()
    assert operation.made()
    target.unlink()
    with pytest.raises(ArchiveError, match="missing"):
        operation.make()


def test_a_second_name_leads_to_the_folder_wherever_the_tree_goes(tmp_path: Path) -> None:
    (tmp_path / "tree" / "imagenet_22k").mkdir(parents=True)
    operation = SecondName(tmp_path / "tree/imagenet_21k", tmp_path / "tree/imagenet_22k")
    assert not operation.made()
    operation.make()
    assert operation.made()
    (tmp_path / "tree").rename(tmp_path / "moved")
    assert (tmp_path / "moved/imagenet_21k").resolve() == tmp_path / "moved/imagenet_22k"


def test_a_dangling_link_is_replaced(tmp_path: Path) -> None:
    name, target = tmp_path / "metadata", tmp_path / "datasets" / "metadata"
    name.symlink_to("/datasets01/imagenet_full_size")
    target.mkdir(parents=True)
    operation = SecondName(name, target)
    assert not operation.made()
    operation.make()
    assert operation.made()


@pytest.mark.parametrize("what", ["folder", "file", "other link"])
def test_what_a_person_put_there_is_never_replaced(tmp_path: Path, what: str) -> None:
    name, target, other = tmp_path / "name", tmp_path / "target", tmp_path / "other"
    target.mkdir()
    other.mkdir()
    if what == "folder":
        name.mkdir()
    elif what == "file":
        name.write_text("mine")
    else:
        name.symlink_to(other)
    operation = SecondName(name, target)
    assert not operation.made()
    with pytest.raises(ArchiveError, match="belongs"):
        operation.make()
    assert name.exists()
    assert name.resolve() != target


def test_a_folder_that_only_has_the_other_name_gets_its_own(tmp_path: Path) -> None:
    name, target = tmp_path / "labels", tmp_path / "deep" / "label"
    name.mkdir()
    (name / "1.png").write_text("drawn")
    operation = SecondName(name, target)
    assert not operation.made()
    assert operation.make() == "labels is label from now on"
    assert operation.made()
    assert (target / "1.png").read_text() == "drawn"
    assert name.is_symlink()


def test_the_other_name_goes_on_where_it_was_cut_off(tmp_path: Path) -> None:
    name, target = tmp_path / "labels", tmp_path / "label"
    target.mkdir()
    assert SecondName(name, target).make() is None
    assert name.resolve() == target


def test_a_text_is_made_when_it_reads_the_same(tmp_path: Path) -> None:
    operation = TextFile(tmp_path / "config", "a = 1\n")
    assert not operation.made()
    operation.make()
    assert operation.made()
    (tmp_path / "config").write_bytes(b"\xff\xfe")
    assert not operation.made()


def test_everything_is_removed_that_a_pattern_fits(tmp_path: Path) -> None:
    for name in ("a.pkl", "b.pkl", "c.txt"):
        (tmp_path / name).write_text("x")
    operation = Removal(tmp_path, ("*.pkl",))
    assert not operation.made()
    operation.make()
    assert operation.made()
    assert [path.name for path in tmp_path.iterdir()] == ["c.txt"]


def test_only_caches_older_than_the_labels_go(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    os.utime(labels, (1000, 1000))
    for name, moment in (("old.pkl", 999), ("new.pkl", 1001)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (moment, moment))
    operation = Removal(tmp_path, ("*.pkl",), labels)
    operation.make()
    assert [path.name for path in tmp_path.glob("*.pkl")] == ["new.pkl"]
    assert operation.made()


@pytest.mark.parametrize("pattern", ["*", "imagenet_1k"])
def test_only_links_that_lead_nowhere_go(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "good").symlink_to("folder")
    (tmp_path / "imagenet_1k").symlink_to("/datasets01/imagenet_full_size")
    (tmp_path / "file").touch()
    operation = Removal(tmp_path, (pattern,), dangling=True)
    assert not operation.made()
    operation.make()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "good"]
    assert operation.made()


def test_nothing_is_stale_without_labels(tmp_path: Path) -> None:
    (tmp_path / "old.pkl").write_text("x")
    assert Removal(tmp_path, ("*.pkl",), tmp_path / "absent").made()


def test_a_placed_file_that_was_cut_is_not_there_though_its_source_is_gone(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    target.write_text("cont")
    assert PlacedFile(source, target).made(), "nothing tells"
    assert not PlacedFile(source, target, 7).made()
