"""Every way a prepared dataset can be wrong is planted, found, and named."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.verify.town import SIZE, Town, load, save
from wizard.files import PARTIAL
from wizard.verify.scan import is_harmless, is_system_file

BASE, MAPPED, RELABELLED = "town-4", "town-3", "town-3-relabeled"
Plant = Callable[[Town], Path]
"""Damages a town and returns the path the finding must name."""


def set_pixel(path: Path, y: int, x: int, value: int) -> Path:
    pixels = load(path)
    assert pixels[y, x] != value
    pixels[y, x] = value
    save(path, pixels)
    return path


def cut(path: Path, keep: float = 0.6) -> Path:
    data = path.read_bytes()
    path.write_bytes(data[: int(len(data) * keep)])
    return path


def remove(path: Path) -> Path:
    path.unlink()
    return path


def empty(path: Path) -> Path:
    path.write_bytes(b"")
    return path


def put(path: Path, data: bytes = b"junk") -> Path:
    path.write_bytes(data)
    return path


def colour(path: Path) -> Path:
    with Image.open(path) as image:
        image.convert("RGB").save(path)
    return path


def resize(path: Path) -> Path:
    save(path, np.zeros((SIZE[1] + 1, SIZE[0]), np.uint8))
    return path


def flip_byte(path: Path) -> Path:
    data = bytearray(path.read_bytes())
    data[data.index(b"IDAT") + 10] ^= 0xFF
    path.write_bytes(bytes(data))
    return path


def swap(town: Town) -> Path:
    first, second = town.label(MAPPED, "one"), town.label(MAPPED, "three")
    kept = first.read_bytes()
    first.write_bytes(second.read_bytes())
    second.write_bytes(kept)
    return first


def list_ghost(town: Town) -> Path:
    with town.list(MAPPED).open("a") as file:
        file.write("img/train/a/ghost.jpg gt3/train/a/ghost_ids.png\n")
    return town.root / "Town/gt3/train/a/ghost_ids.png"


def record_ghost(town: Town) -> Path:
    with town.segments("train_bicyclist.txt").open("a") as file:
        file.write("\nseqa_one_99.jpg")
    return town.label(RELABELLED)


def shrink_polygon(town: Town) -> Path:
    text = town.polygons().read_text()
    moved = text.replace("14, 1", "114, 1").replace("20, 1", "120, 1")
    town.polygons().write_text(moved.replace("20, 3", "120, 3").replace("14, 3", "114, 3"))
    return town.label(RELABELLED)


def set_class(town: Town) -> Path:
    with Image.open(town.label(BASE)) as image:
        pixels = np.array(image)
    pixels[0, 0] = 9
    save(town.label(BASE), pixels)
    return town.label(BASE)


FAULTS: dict[str, tuple[str, Plant]] = {
    "missing image": ("missing-image", lambda town: remove(town.image())),
    "missing source label": ("missing-label", lambda town: remove(town.label(BASE))),
    "missing remapped label": ("missing-label", lambda town: remove(town.label(MAPPED))),
    "missing relabelled label": ("missing-label", lambda town: remove(town.label(RELABELLED))),
    "list names a missing file": ("missing-label", list_ghost),
    "empty label": ("empty-file", lambda town: empty(town.label(MAPPED))),
    "empty image": ("empty-file", lambda town: empty(town.image())),
    "truncated jpeg": ("truncated-image", lambda town: cut(town.image("one"))),
    "truncated png image": ("truncated-image", lambda town: cut(town.image("two"))),
    "html for an image": ("broken-image", lambda town: put(town.image(), b"<html>no</html>")),
    "truncated label": ("truncated-label", lambda town: cut(town.label(MAPPED))),
    "damaged label": ("broken-label", lambda town: flip_byte(town.label(RELABELLED))),
    "junk for a label": ("broken-label", lambda town: put(town.label(MAPPED))),
    "colour label": ("wrong-mode", lambda town: colour(town.label(MAPPED))),
    "colour source label": ("wrong-mode", lambda town: colour(town.label(BASE))),
    "label of another size": ("wrong-size", lambda town: resize(town.label(MAPPED))),
    "class outside our taxonomy": (
        "wrong-value",
        lambda town: set_pixel(town.label(MAPPED), 0, 0, 77),
    ),
    "class outside the source taxonomy": ("wrong-value", set_class),
    "wrong pixel of a remapped label": (
        "wrong-pixels",
        lambda town: set_pixel(town.label(MAPPED), 12, 3, (load(town.label(MAPPED))[12, 3] == 0)),
    ),
    "wrong pixel outside every mask": (
        "wrong-pixels",
        lambda town: set_pixel(town.label(RELABELLED), 15, 23, 1 + (_at(town, 15, 23) == 1)),
    ),
    "wrong pixel inside a mask": (
        "wrong-segment",
        lambda town: set_pixel(town.label(RELABELLED), 2, 15, 0),
    ),
    "earlier record wins where masks overlap": (
        "wrong-segment",
        lambda town: set_pixel(town.label(RELABELLED), 5, 6, 2),
    ),
    "swapped labels": ("wrong-pixels", swap),
    "stray file": ("extra-file", lambda town: put(town.label(MAPPED).with_name("copy.png"))),
    "desktop junk": (
        "harmless-file",
        lambda town: put(town.label(BASE).with_name("._one_ids.png")),
    ),
    "leftover": ("leftover", lambda town: put(town.label(MAPPED).with_name(f"{PARTIAL}ab12"))),
    "record names no segment": ("empty-segment", record_ghost),
    "segment outside the image": ("empty-segment", shrink_polygon),
    "example has another class": (
        "wrong-example",
        lambda town: set_pixel(town.label(RELABELLED), 5, 7, 3),
    ),
    "mask file is missing": ("no-mask", lambda town: _without_polygons(town)),
}


def _at(town: Town, y: int, x: int) -> int:
    return int(load(town.label(RELABELLED))[y, x])


def _without_polygons(town: Town) -> Path:
    town.polygons().unlink()
    return town.label(RELABELLED)


def test_a_sound_tree_has_nothing_to_mend(town: Town) -> None:
    summary = town.verify()
    assert summary.sound
    assert [group.cause for group in summary.groups] == ["no-example"]
    assert summary.checked.paths == 24
    assert summary.checked.images == 4
    assert summary.checked.labels == 12
    assert summary.checked.segments == 12
    assert (summary.checked.examples, summary.checked.examples_not_applicable) == (1, 1)


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_named(town: Town, name: str) -> None:
    cause, plant = FAULTS[name]
    culprit = plant(town).relative_to(town.root).as_posix()
    found = [(finding.cause, finding.path) for finding in town.verify().findings]
    assert (cause, culprit) in found


def test_all_faults_at_once_are_all_found(town: Town) -> None:
    remove(town.image("three"))
    cut(town.label(MAPPED, "two"))
    set_pixel(town.label(RELABELLED), 2, 15, 0)
    resize(town.label(MAPPED, "four"))
    causes = {finding.cause for finding in town.verify().findings if finding.fatal}
    assert {"missing-image", "truncated-label", "wrong-segment", "wrong-size"} <= causes


def test_a_wrong_segment_is_named_with_what_it_holds(town: Town) -> None:
    set_pixel(town.label(RELABELLED), 2, 15, 0)
    finding = next(each for each in town.verify().findings if each.cause == "wrong-segment")
    assert finding.detail == "seqa_one_3.jpg holds 0 instead of 1 (first at y=2, x=15)"
    assert finding.hint == "have our labels made anew: segwizard run town"


@pytest.mark.parametrize("name", ["Thumbs.db", ".DS_Store", "._x", "desktop.ini", "a_ids (1).png"])
@pytest.mark.parametrize("taxonomy", [BASE, MAPPED])
def test_what_desktops_and_browsers_leave_is_at_most_a_note(
    town: Town, taxonomy: str, name: str
) -> None:
    put(town.label(taxonomy).with_name(name))
    summary = town.verify()
    assert summary.sound
    assert {group.cause for group in summary.groups} <= {"no-example", "harmless-file"}


def test_any_other_file_of_no_list_is_a_warning_that_fails_nothing(town: Town) -> None:
    stray = put(town.label(MAPPED).with_name("mine.png"))
    summary = town.verify()
    found = {finding.path: finding.fatal for finding in summary.findings}
    assert summary.sound
    assert found[stray.relative_to(town.root).as_posix()] is False


@pytest.mark.parametrize(
    ("name", "system", "harmless"),
    [
        ("Thumbs.db", True, True), ("ehthumbs.db", True, True), ("Desktop.ini", True, True),
        ("@eaDir", True, True), ("._a.png", True, True), (".nfs0000a1", True, True),
        ("a (2).png", False, True), ("a copy.png", False, True), ("a.png~", False, True),
        (".a.png.swp", False, True), ("a.png.crdownload", False, True),
        ("a.png", False, False), ("copy.png", False, False), ("part_1.png", False, False),
        ("0001TP_1_L.png", False, False), ("thumbs.png", False, False),
    ],
)  # fmt: skip
def test_only_names_that_programs_give_are_harmless(
    name: str, *, system: bool, harmless: bool
) -> None:
    assert (is_system_file(name), is_harmless(name)) == (system, harmless)
