"""Arrangement steps: what they make, and that the disk says whether it is made."""

from __future__ import annotations

import shlex
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.engine.small_installs import bound, install_of
from wizard.archives.specs import Arrange, Move
from wizard.errors import ArchiveError, RecipeError
from wizard.kinds.arrangements import PlaceFiles, Remove, Symlinks, Write
from wizard.kinds.labelling.arrangements import filled
from wizard.labels.pixels.png import write_label
from wizard.labels.specs.taxonomies import Lookup
from wizard.recipes.model import Archive
from wizard.recipes.step_table import StepTable
from wizard.steps.step import Step, StepContext


def put(path: Path, text: str = "x") -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)


def step(dest: Path, spec: StepTable) -> Step:
    archive = Archive(name="list.json", urls=("https://a.example/list.json",))
    return bound(install_of(dest, spec, archives=(archive,)), spec.id)


def states(step: Step) -> tuple[str, str]:
    """What the disk says before and after a run."""
    before = step.probe().state
    step.run(StepContext())
    return before, step.probe().state


def test_place_puts_a_fetched_file_where_it_is_read(tmp_path: Path) -> None:
    put(tmp_path / "data/D/list.json", "[]")
    made = step(tmp_path, PlaceFiles(id="place", archive="list.json", to="annotations/list.json"))
    assert states(made) == ("todo", "done")
    assert (tmp_path / "data/annotations/list.json").read_text() == "[]"


def test_symlinks_are_counted_one_by_one(tmp_path: Path) -> None:
    (tmp_path / "data/a").mkdir(parents=True)
    (tmp_path / "data/b").mkdir()
    links = {"one": "a", "two": "b"}
    made = step(tmp_path, Symlinks(id="names", links=links))
    (tmp_path / "data/one").symlink_to("a")
    assert (made.probe().state, made.probe().done, made.probe().total) == ("partial", 1, 2)
    assert states(made) == ("partial", "done")


def test_a_file_in_the_way_of_a_link_is_told_and_left(tmp_path: Path) -> None:
    put(tmp_path / "data/one", "mine")
    (tmp_path / "data/a").mkdir()
    with pytest.raises(ArchiveError, match="belongs"):
        step(tmp_path, Symlinks(id="names", links={"one": "a"})).run(StepContext())
    assert (tmp_path / "data/one").read_text() == "mine"


def test_write_quotes_places_for_a_shell(tmp_path: Path) -> None:
    dest = tmp_path / "my data"
    made = step(dest, Write(id="write", file="config", text="ROOT={root}\nPY={python}\n"))
    assert states(made) == ("todo", "done")
    text = (dest / "data/config").read_text()
    assert text == f"ROOT={shlex.quote(str(dest / 'data'))}\nPY={shlex.quote(sys.executable)}\n"


def test_a_path_that_holds_a_key_is_filled_in_once(tmp_path: Path) -> None:
    install = install_of(tmp_path / "{root}", Write(id="write", file="a", text=""))
    assert filled("{dest}", install) == shlex.quote(str(tmp_path / "{root}"))


def test_python_files_get_python_strings(tmp_path: Path) -> None:
    install = install_of(tmp_path / "it's", Write(id="write", file="a", text=""))
    text = filled("data_root = {root/VOC 2012!r}\nother = {x}\n", install)
    names: dict[str, str] = {}
    exec(text.splitlines()[0], names)  # noqa: S102 - what a config file does with it
    assert names["data_root"] == str(tmp_path / "it's/data/VOC 2012")
    assert text.endswith("other = {x}\n")


def test_remove_takes_stale_caches_only(tmp_path: Path) -> None:
    put(tmp_path / "data/lists/a.pkl")
    put(tmp_path / "data/lists/a.txt")
    made = step(tmp_path, Remove(id="remove", patterns=("lists/*.pkl",)))
    assert states(made) == ("todo", "done")
    assert [path.name for path in (tmp_path / "data/lists").iterdir()] == ["a.txt"]


def test_arrange_counts_files(tmp_path: Path) -> None:
    put(tmp_path / "data/flat/a_1.png")
    put(tmp_path / "data/flat/b_2.png")
    move = Move(pattern=r"(?P<name>\w)_(?P<group>\d)\.png", to="{group}/{name}.png")
    made = step(tmp_path, Arrange(id="arrange", source="flat", into="D", moves=(move,)))
    assert states(made) == ("todo", "done")
    assert (made.probe().done, made.probe().unit) == (2, "files")
    assert (tmp_path / "data/D/2/b.png").exists()


def test_lookup_counts_images_and_redoes_what_is_lost(tmp_path: Path) -> None:
    write_label(tmp_path / "data/D/a.png", np.zeros((2, 2), np.uint8))
    spec = Lookup(id="look", sources="D/*.png", skip="_t", replace=(".png", "_t.png"), values={})
    made = step(tmp_path, spec)
    assert states(made) == ("todo", "done")
    (tmp_path / "data/D/a_t.png").unlink()
    assert states(made) == ("todo", "done")


def test_a_table_that_is_not_the_published_one_stops_before_any_label(tmp_path: Path) -> None:
    write_label(tmp_path / "data/D/a.png", np.zeros((2, 2), np.uint8))
    spec = Lookup(
        id="look", sources="D/*.png", replace=(".png", "_t.png"), values={"0": 1}, sha256="0" * 64
    )
    with pytest.raises(RecipeError, match="published"):
        step(tmp_path, spec).run(StepContext())
    assert not (tmp_path / "data/D/a_t.png").exists()
