"""A root that is some folders off is found in every archive of every recipe, or clearly refused."""

from __future__ import annotations

import io
import posixpath
import tarfile
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from tests.archives.makers import make, make_zip, tree, unpack, zip_bytes
from wizard.archives.extract import Options, extract
from wizard.archives.roots import missing_kinds, pattern
from wizard.archives.specs import Extract, Nested, Rule
from wizard.demo.miniature import COLLECTIONS, build_miniature
from wizard.errors import ArchiveError
from wizard.files import PARTIAL
from wizard.kinds.registry import load_recipe
from wizard.progress import CancelToken, Counter

FOLDER = st.sampled_from(["data", "my copy", "2018-05", "KITTI", "training", "images", "a", "ü"])
KITTI = ("training/image_2/*.png", "training/semantic/*.png")


@cache
def drawn(collection: str) -> dict[tuple[str, str], dict[str, bytes]]:
    """Members of every archive of a miniature, by dataset and name."""
    with tempfile.TemporaryDirectory() as folder:
        made = build_miniature(Path(folder), collection=collection)
        found = {(each.dataset, each.name): members(each.path) for each in made.archives}
    return {key: files for key, files in found.items() if files}


def members(path: Path) -> dict[str, bytes]:
    if zipfile.is_zipfile(path) and path.suffix != ".pth":
        with zipfile.ZipFile(path) as packed:
            return {name: packed.read(name) for name in packed.namelist() if name[-1] != "/"}
    if tarfile.is_tarfile(path):
        with tarfile.open(path) as packed:
            files = [info for info in packed if info.isfile()]
            return {info.name: packed.extractfile(info).read() for info in files}  # type: ignore[union-attr]
    return {}


def extracts(collection: str) -> Iterator[tuple[Extract, dict[str, bytes]]]:
    for dataset in load_recipe(collection).datasets:
        for step in dataset.steps:
            files = drawn(collection).get((dataset.id, getattr(step, "archive", "")))
            if isinstance(step, Extract) and files:
                yield step, {posixpath.normpath(name): data for name, data in files.items()}


def unpacked(step: Extract, path: Path, into: Path) -> tuple[dict[str, int], str]:
    done = extract(
        path,
        into,
        rules=step.rules,
        nested=step.nested,
        counter=Counter(),
        token=CancelToken(),
        options=Options(lower=step.lower, expects=step.expects),
    )
    return {path: zlib.crc32(data) for path, data in tree(into).items()}, done.packed


def no_trace(folder: Path) -> bool:
    return not [path for path in folder.rglob("*") if path.name.startswith(PARTIAL)]


def test_every_archive_of_every_recipe_says_what_is_expected_of_it() -> None:
    for collection in COLLECTIONS:
        for dataset in load_recipe(collection).datasets:
            for step in dataset.steps:
                assert not isinstance(step, Extract) or step.expects, (dataset.id, step.archive)


@pytest.mark.slow
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_folders_around_and_archives_around_make_no_difference(
    collection: str, tmp_path: Path
) -> None:
    for number, (step, files) in enumerate(extracts(collection)):
        kind = "tar.gz" if number % 3 else "zip"
        place = tmp_path / str(number)
        place.mkdir()
        plain, told = unpacked(step, make(place / f"plain.{kind}", files), place / "plain")
        assert plain
        assert told == ""
        around = {f"copy/of it/{name}": data for name, data in files.items()}
        around |= {"copy/readme.txt": b"packed by hand", "__MACOSX/copy/._x": b"j"}
        wrapped, told = unpacked(step, make(place / f"around.{kind}", around), place / "around")
        assert wrapped.items() >= plain.items() if "**" in step.expects[0] else wrapped == plain
        assert not told or "packed inside copy/of it/" in told
        data = (place / f"plain.{kind}").read_bytes()
        once_more = make_zip(
            place / "more.zip", {f"x/{step.archive}.{kind}": data, ".DS_Store": b""}
        )
        repacked, told = unpacked(step, once_more, place / "more")
        assert repacked == plain, step.archive
        assert "packed once more" in told or step.nested
        assert no_trace(place)


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(st.data())
def test_any_layout_gives_the_same_tree_or_a_clear_refusal(data: st.DataObject) -> None:
    step, files = data.draw(st.sampled_from([*extracts("mseg"), *extracts("openseg")]))
    kind = data.draw(st.sampled_from(["zip", "tar", "tar.gz"]))
    fewer = data.draw(st.integers(0, 2))
    more = "".join(f"{each}/" for each in data.draw(st.lists(FOLDER, max_size=3)))
    moved = {
        more + "/".join(name.split("/")[fewer:] or [name]): held for name, held in files.items()
    }
    assume(len(moved) == len(files))
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        plain, _ = unpacked(step, make(place / "plain.zip", files), place / "plain")
        try:
            found, told = unpacked(step, make(place / f"moved.{kind}", moved), place / "moved")
        except ArchiveError as error:
            assert "inside are" in error.message or "two places" in error.message
            assert not (place / "moved").exists()
            assert fewer, (more, error)
        else:
            wanted = {
                path for each in step.expects for path in plain if pattern(each).fullmatch(path)
            }
            assert {path: found.get(path) for path in wanted} == {p: plain[p] for p in wanted}
            assert not told or "strip" in told or "added" in told
        assert no_trace(place)


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
def test_missing_folders_are_added(kind: str, tmp_path: Path) -> None:
    archive = make(
        tmp_path / f"a.{kind}", {"image_2/1.png": b"1", "semantic/1.png": b"2", "n": b""}
    )
    done = unpack(archive, tmp_path / "out", options=Options(expects=KITTI))
    assert tree(tmp_path / "out") == {
        "training/image_2/1.png": b"1", "training/semantic/1.png": b"2", "training/n": b"",
    }  # fmt: skip
    assert done.packed == "packed without training/, which was added"


@pytest.mark.parametrize("kind", ["zip", "tar", "tar.gz"])
@pytest.mark.parametrize(
    ("files", "says"),
    [
        ({"kv1/1.png": b"1", "kv2/2.png": b"2"}, r"image_2/\*.png.*inside are kv1/, kv2/"),
        ({"training/image_2/1.png": b"1"}, r"expected of it: training/semantic/\*.png; inside"),
        ({"a/training/image_2/1.png": b"1", "b/training/semantic/1.png": b""}, "not hold what is"),
        (
            {f"{top}/{each.replace('*', '1')}": b"1" for top in "ab" for each in KITTI},
            "two places, a/ and b/",
        ),
    ],
)
def test_anything_else_is_told_and_leaves_nothing(
    kind: str, files: dict[str, bytes], says: str, tmp_path: Path
) -> None:
    archive = make(tmp_path / f"a.{kind}", files)
    with pytest.raises(ArchiveError, match=says) as caught:
        unpack(archive, tmp_path / "out", options=Options(expects=KITTI))
    assert archive.name in caught.value.where
    assert caught.value.hint
    assert list(tmp_path.iterdir()) == [archive]


def test_an_archive_inside_that_has_a_folder_more(tmp_path: Path) -> None:
    inner = zip_bytes({"copy/panoptic_val/1.png": b"1"})
    archive = make(
        tmp_path / "a.zip", {"annotations/val.zip": inner, "annotations/val.json": b"{}"}
    )
    nested = [Nested(member="annotations/*.zip", into="annotations")]
    expects = ("annotations/val.json", "annotations/panoptic_val/*.png")
    unpack(archive, tmp_path / "out", nested=nested, options=Options(expects=expects))
    assert tree(tmp_path / "out") == {
        "annotations/val.json": b"{}", "annotations/panoptic_val/1.png": b"1",
    }  # fmt: skip


def test_a_rule_that_drops_the_rest_is_met_from_the_shifted_root(tmp_path: Path) -> None:
    rules = [Rule(prefix="VOCdevkit/VOC2010/JPEGImages/", to="JPEGImages/"), Rule()]
    for number, top in enumerate(("x/VOCdevkit/VOC2010/JPEGImages", "VOC2010/JPEGImages")):
        archive = make(tmp_path / f"{number}.tar", {f"{top}/1.jpg": b"1", "other": b""})
        out = tmp_path / str(number)
        unpack(archive, out, rules=rules, options=Options(expects=("JPEGImages/*.jpg",)))
        assert tree(out) == {"JPEGImages/1.jpg": b"1"}


def test_stars_stay_within_a_folder_unless_doubled() -> None:
    assert missing_kinds(["a/b/c.png"], ["a/*.png", "a/**/*.png", "*/b/*.png"]) == ("a/*.png",)
    assert pattern("**/x").fullmatch("x")
    assert not pattern("a.c").fullmatch("abc")
    buffer = io.StringIO("[x]")
    assert pattern(buffer.read()).fullmatch("[x]")
