"""An install as training code reads it: names, classes, pairs, and clear errors for what is not."""

from __future__ import annotations

import pickle
import subprocess
import sys
from pathlib import Path

import pytest

import wizard
from wizard.engine.journal import InstallState, write_install
from wizard.entry import exit_code
from wizard.errors import LabelError, UsageError
from wizard.steps.step import Place

RECIPE = """
id = "toys"
title = "Toys"
about = "Two small datasets."
root = "sets"

[[datasets]]
id = "tables"
title = "Tables"
folder = "api"
base = "dest"
required = true
about = "Lists."

[[datasets]]
id = "streets"
title = "Streets"
folder = "Streets"
about = "With taxonomies."
[[datasets.steps]]
kind = "verify"
tables = "api"
folder = "Streets"
taxonomies = ["streets-3", "streets-2"]

[[datasets]]
id = "pets"
title = "Pets"
folder = "pets"
about = "With lists of its own."
[[datasets.steps]]
kind = "check"
[[datasets.steps.checks]]
check = "listed"
list = "pets/lists/train.txt"
folder = "pets"
paths = ["{0}.jpg", "masks/{0}.png"]
skip = 1
"""


@pytest.fixture
def dest(tmp_path: Path) -> Path:
    recipe = tmp_path / "toys.toml"
    recipe.write_text(RECIPE)
    dest = tmp_path / "dest"
    home = dest / "api" / "dataset_lists"
    for name, classes in (("streets-3", "road\nsky\nunlabeled"), ("streets-2", "road\nsky")):
        (home / name / "list").mkdir(parents=True)
        (home / name / f"{name}_names.txt").write_text(classes)
        for split in ("train", "val"):
            lines = (f"{split}/{n}.jpg {name}/{n}.png" for n in range(3))
            (home / name / "list" / f"{split}.txt").write_text("\n".join(lines))
    (home / "streets-3" / "streets-3_colors.txt").write_text("1 2 3\n4 5 6\n0 0 0")
    (home / "streets-2" / "list" / "test.txt").write_text("test/0.jpg\n")
    (dest / "sets" / "pets" / "lists").mkdir(parents=True)
    (dest / "sets" / "pets" / "lists" / "train.txt").write_text("name\ncats/1\ncats/2\n")
    write_install(Place(dest=dest, root=dest), InstallState(collection=str(recipe)))
    return dest


def test_every_pair_has_absolute_paths(dest: Path) -> None:
    streets = wizard.open(dest).dataset("streets")
    samples = streets.samples("val", "streets-3")
    assert len(samples) == 3
    assert samples[-1].image == dest / "sets/Streets/val/2.jpg"
    assert samples[-1].label == dest / "sets/Streets/streets-3/2.png"
    assert [each.key for each in samples[:2]] == ["val/0", "val/1"]
    assert streets.samples("val")[0].label == dest / "sets/Streets/streets-2/0.png"
    with pytest.raises(IndexError):
        samples[3]


def test_test_lists_have_no_labels_and_are_no_proven_split(dest: Path) -> None:
    streets = wizard.open(dest).dataset("streets")
    assert streets.splits == ("train", "val")
    assert streets.samples("test")[0].label is None


def test_classes_have_published_colours_where_there_are_some(dest: Path) -> None:
    streets = wizard.open(dest).dataset("streets")
    access, _, unlabeled = streets.classes("streets-3")
    assert (access.id, access.name, access.color, access.ignored) == (0, "road", (1, 2, 3), False)
    assert unlabeled.ignored
    assert len(set(streets.palette())) == len(streets.classes()) == 2


def test_lists_of_checks_serve_datasets_without_taxonomies(dest: Path) -> None:
    pets = wizard.open(dest).dataset("pets")
    assert pets.splits == ("train",)
    assert pets.samples("train")[1].label == dest / "sets/pets/masks/cats/2.png"
    with pytest.raises(UsageError):
        pets.classes()


def test_unknown_names_list_what_there_is(dest: Path) -> None:
    install = wizard.open(dest)
    assert list(install.datasets) == ["streets", "pets"]
    with pytest.raises(KeyError, match="there are: streets, pets"):
        install.dataset("cities")
    with pytest.raises(KeyError, match="there are: train, val, test"):
        install.dataset("streets").samples("trian")
    with pytest.raises(KeyError, match="streets-3, streets-2"):
        install.dataset("streets").classes("streets-4")


def test_a_pickle_holds_no_lines(dest: Path) -> None:
    samples = wizard.open(dest).dataset("streets").samples("train")
    assert len(samples) == 3
    copy = pickle.dumps(samples)
    assert b"train/2" not in copy
    assert list(pickle.loads(copy)) == list(samples)


def test_a_broken_list_names_its_line(dest: Path) -> None:
    file = dest / "sets/pets/lists/train.txt"
    file.write_text("name\n\ncats/1\n")
    with pytest.raises(LabelError, match=r"train\.txt:2"):
        len(wizard.open(dest).dataset("pets").samples("train"))


def test_nothing_there_says_how_to_begin(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no install is here"):
        wizard.open(tmp_path)


def test_opening_brings_neither_numpy_nor_a_thread(dest: Path) -> None:
    program = (
        "import sys, threading, wizard\n"
        f"wizard.open({str(dest)!r}).dataset('streets').samples('train')[0]\n"
        "assert 'numpy' not in sys.modules and 'textual' not in sys.modules\n"
        "assert threading.active_count() == 1\n"
    )
    subprocess.run([sys.executable, "-c", program], check=True)


def test_the_commands_print_what_scripts_read(dest: Path, capsys: pytest.CaptureFixture) -> None:
    def said(*words: str) -> str:
        assert exit_code(words) == 0
        return capsys.readouterr().out

    assert said("path", "streets", "--dest", str(dest)) == f"{dest}/sets/Streets\n"
    listed = said("path", "streets", "--dest", str(dest), "--split", "val", "--list")
    assert listed.splitlines()[0].split("\t")[1].endswith("streets-2/0.png")
    assert f"export SEGWIZARD_DEST={dest}" in said("env", "--dest", str(dest))


@pytest.mark.parametrize("words", [("cities",), ("streets", "--taxonomy", "x"), ("--list",)])
def test_a_name_that_is_not_there_is_a_mistake(dest: Path, words: tuple[str, ...]) -> None:
    assert exit_code(("path", *words, "--dest", str(dest))) == 2
