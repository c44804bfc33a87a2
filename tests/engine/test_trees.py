"""Trees that other tools unpacked are taken in where they hold what is needed, or told."""

from __future__ import annotations

import dataclasses
from collections.abc import Container, Mapping
from pathlib import Path

import msgspec
import pytest

from tests.archives.makers import tree
from tests.engine.small_installs import install_of
from tests.engine.test_extract_step import step
from wizard.archives.specs import Rule
from wizard.kinds.fetching import imports
from wizard.kinds.fetching.imports import import_trees
from wizard.kinds.unpacking.evidence import Coverage
from wizard.kinds.unpacking.step import ExtractStep
from wizard.progress import CancelToken

PHOTOS = {"JPEGImages/1.jpg": b"1", "JPEGImages/2.jpg": b"2"}


@dataclasses.dataclass(frozen=True)
class Lists:
    """Stands in for published lists that name two photographs."""

    base: Path
    known: bool = True

    def verdict(self) -> Coverage:
        there = [path for path in PHOTOS if (self.base / "D" / path).exists()]
        return "all" if len(there) == len(PHOTOS) else "none"

    def listed(self) -> tuple[str, ...]:
        return tuple(f"D/{path}" for path in PHOTOS) if self.known else ()

    def lacking(self, unpacked: Container[str], made: object) -> tuple[str, ...] | None:
        wanted = (f"D/{path}" for path in PHOTOS)
        return tuple(path for path in wanted if path not in unpacked) if self.known else None


def voc(root: Path, **changes: object) -> ExtractStep:
    rules = (Rule(prefix="VOCdevkit/VOC2012/JPEGImages/", to="JPEGImages/"), Rule())
    made = step(root, "voc.tar", rules=rules, expects=("JPEGImages/*.jpg",))
    return dataclasses.replace(made, **{"evidence": Lists(root), **changes})


def grow(folder: Path, files: Mapping[str, bytes], below: str = "") -> Path:
    for name, data in files.items():
        path = folder / below / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return folder


def taken(
    made: ExtractStep, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> list[tuple[bool, str]]:
    monkeypatch.setattr(imports, "extract_steps", lambda install: iter([made]))
    install = install_of(made.into.parent)
    return [(each.taken, each.words) for each in import_trees(install, folder, CancelToken())]


@pytest.mark.parametrize(
    "below", ["VOCdevkit/VOC2012", "data/torch/VOCdevkit/VOC2012", "VOC2012", ""]
)
def test_a_tree_of_torchvision_is_taken_in(
    tmp_path: Path, below: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = grow(tmp_path / "old", {**PHOTOS, "Annotations/1.xml": b"x", ".DS_Store": b""}, below)
    before = tree(old)
    made = voc(tmp_path / "dest")
    ((done, words),) = taken(made, old, monkeypatch)
    assert done, words
    assert "holds voc.tar of d, unpacked: 2 files taken in" in words
    assert tree(tmp_path / "dest/D") == PHOTOS
    assert made.probe().state == "done"
    assert tree(old) == before
    assert (tmp_path / "dest/D/JPEGImages/1.jpg").samefile(
        next(path for path in old.rglob("1.jpg"))
    )
    assert taken(made, old, monkeypatch)[0][1].endswith("voc.tar is unpacked already")


@pytest.mark.parametrize(
    ("below", "names"),
    [
        ("vocdevkit/voc2012", {"jpegimages/1.JPG": b"1", "jpegimages/2.jpg": b"2"}),
        ("VOCDEVKIT/Voc2012", {"JpegImages/1.jpg": b"1", "JpegImages/2.jpg": b"2"}),
        ("D", {"JPEGIMAGES/1.jpg": b"1", "JPEGIMAGES/2.jpg": b"2", "other/9.jpg": b"9"}),
        ("", {"JPEGImages/1.jpg": b"1", "jpegimages/1.jpg": b"another", "jpegimages/2.jpg": b"2"}),
    ],
)
def test_names_in_other_capitals_are_read_as_the_lists_spell_them(
    tmp_path: Path, below: str, names: dict[str, bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    old = grow(tmp_path / "old", names, below)
    before = tree(old)
    made = voc(tmp_path / "dest")
    ((done, words),) = taken(made, old, monkeypatch)
    assert done, words
    assert tree(tmp_path / "dest/D") == PHOTOS
    assert made.probe().state == "done"
    assert tree(old) == before


def test_labels_made_beside_the_files_are_no_other_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = step(tmp_path / "dest", "voc.tar", expects=("*.jpg",))
    spec = msgspec.structs.replace(made.spec, into="D/JPEGImages")
    into, lists = tmp_path / "dest/D/JPEGImages", Lists(tmp_path / "dest")
    made = dataclasses.replace(made, spec=spec, into=into, evidence=lists)  # type: ignore[arg-type]
    names = {**PHOTOS, "labels/1.jpg": b"x", "labels/2.jpg": b"y"}
    ((done, words),) = taken(made, grow(tmp_path / "old", names, "d"), monkeypatch)
    assert done, words
    assert tree(tmp_path / "dest/D") == PHOTOS


def test_a_tree_that_lacks_listed_files_is_left_and_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = grow(tmp_path / "old", {"JPEGImages/1.jpg": b"1"}, "VOCdevkit/VOC2012")
    ((done, words),) = taken(voc(tmp_path / "dest"), old, monkeypatch)
    assert not done
    assert "lacks 1 file the lists name, such as D/JPEGImages/2.jpg" in words
    assert not (tmp_path / "dest/D").exists()


def test_without_lists_nothing_is_said_to_be_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = grow(tmp_path / "old", PHOTOS, "VOCdevkit/VOC2012")
    ((done, words),) = taken(voc(tmp_path / "dest", evidence=None), old, monkeypatch)
    assert not done
    assert "the archive is still needed" in words


def test_a_folder_that_only_might_be_it_waits_for_the_lists(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    unknown = Lists(tmp_path / "dest", known=False)
    bare = grow(tmp_path / "bare", PHOTOS)
    assert taken(voc(tmp_path / "dest", evidence=unknown), bare, monkeypatch) == []


def test_two_copies_in_one_folder_are_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for top in "ab":
        grow(tmp_path / "old", PHOTOS, f"{top}/VOCdevkit/VOC2012")
    ((done, words),) = taken(voc(tmp_path / "dest"), tmp_path / "old", monkeypatch)
    assert not done
    assert "in two places, a/ and b/" in words


def test_a_folder_of_something_else_is_passed_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = grow(tmp_path / "old", {"holiday/1.jpg": b"1", "notes.txt": b""})
    assert taken(voc(tmp_path / "dest"), old, monkeypatch) == []
