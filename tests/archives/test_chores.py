"""Placed files, second names, texts and removals: each knows whether it is so."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from wizard.archives.chores import PlacedFile, Removal, SecondName, TextFile
from wizard.errors import ArchiveError


def test_a_placed_file_is_whole_or_not_made(tmp_path: Path) -> None:
    source, target = tmp_path / "a.json", tmp_path / "deep" / "b.json"
    source.write_text("content")
    chore = PlacedFile(source, target)
    assert not chore.made()
    chore.make()
    assert chore.made()
    assert target.read_text() == "content"
    target.unlink()
    target.write_text("cut")
    assert not chore.made()


def test_a_placed_file_outlives_its_archive(tmp_path: Path) -> None:
    source, target = tmp_path / "a", tmp_path / "b"
    source.write_text("content")
    chore = PlacedFile(source, target)
    chore.make()
    source.unlink()
    assert chore.made()
    target.unlink()
    with pytest.raises(ArchiveError, match="missing"):
        chore.make()


def test_a_second_name_leads_to_the_folder_wherever_the_tree_goes(tmp_path: Path) -> None:
    (tmp_path / "tree" / "imagenet_22k").mkdir(parents=True)
    chore = SecondName(tmp_path / "tree/imagenet_21k", tmp_path / "tree/imagenet_22k")
    assert not chore.made()
    chore.make()
    assert chore.made()
    (tmp_path / "tree").rename(tmp_path / "moved")
    assert (tmp_path / "moved/imagenet_21k").resolve() == tmp_path / "moved/imagenet_22k"


def test_a_dangling_link_is_replaced(tmp_path: Path) -> None:
    name, target = tmp_path / "metadata", tmp_path / "datasets" / "metadata"
    name.symlink_to("/datasets01/imagenet_full_size")
    target.mkdir(parents=True)
    chore = SecondName(name, target)
    assert not chore.made()
    chore.make()
    assert chore.made()


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
    chore = SecondName(name, target)
    assert not chore.made()
    with pytest.raises(ArchiveError, match="belongs"):
        chore.make()
    assert name.exists()
    assert name.resolve() != target


def test_a_text_is_made_when_it_reads_the_same(tmp_path: Path) -> None:
    chore = TextFile(tmp_path / "config", "a = 1\n")
    assert not chore.made()
    chore.make()
    assert chore.made()
    (tmp_path / "config").write_bytes(b"\xff\xfe")
    assert not chore.made()


def test_everything_is_removed_that_a_pattern_fits(tmp_path: Path) -> None:
    for name in ("a.pkl", "b.pkl", "c.txt"):
        (tmp_path / name).write_text("x")
    chore = Removal(tmp_path, ("*.pkl",))
    assert not chore.made()
    chore.make()
    assert chore.made()
    assert [path.name for path in tmp_path.iterdir()] == ["c.txt"]


def test_only_caches_older_than_the_labels_go(tmp_path: Path) -> None:
    labels = tmp_path / "labels"
    labels.mkdir()
    os.utime(labels, (1000, 1000))
    for name, moment in (("old.pkl", 999), ("new.pkl", 1001)):
        (tmp_path / name).write_text("x")
        os.utime(tmp_path / name, (moment, moment))
    chore = Removal(tmp_path, ("*.pkl",), labels)
    chore.make()
    assert [path.name for path in tmp_path.glob("*.pkl")] == ["new.pkl"]
    assert chore.made()


@pytest.mark.parametrize("pattern", ["*", "imagenet_1k"])
def test_only_links_that_lead_nowhere_go(tmp_path: Path, pattern: str) -> None:
    (tmp_path / "folder").mkdir()
    (tmp_path / "good").symlink_to("folder")
    (tmp_path / "imagenet_1k").symlink_to("/datasets01/imagenet_full_size")
    (tmp_path / "file").touch()
    chore = Removal(tmp_path, (pattern,), dangling=True)
    assert not chore.made()
    chore.make()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["file", "folder", "good"]
    assert chore.made()


def test_nothing_is_stale_without_labels(tmp_path: Path) -> None:
    (tmp_path / "old.pkl").write_text("x")
    assert Removal(tmp_path, ("*.pkl",), tmp_path / "absent").made()
