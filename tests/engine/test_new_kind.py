"""CONTRIBUTING's worked example of a new kind is a whole one: loaded, planned, shown and run."""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

import pytest

from tests.engine.fakes import NoVault
from tests.waiting import until
from wizard.engine.runner import Runner
from wizard.errors import RecipeError
from wizard.kinds import registry
from wizard.kinds.registry import Kinds, known_kinds, load_recipe
from wizard.plan.planner import make_plan
from wizard.steps.install import Install, Settings
from wizard.steps.step import Place

CONTRIBUTING = Path(__file__).parents[2] / "CONTRIBUTING.md"
RECIPE = """
id = "toy"
title = "Toy"
about = "A list."
root = "toy"

[[datasets]]
id = "words"
title = "Words"
folder = "words"
about = "Some words."

[[datasets.steps]]
kind = "count-lines"
file = "{file}"
"""


@pytest.fixture
def kinds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Kinds:
    """Every kind there is and the one of the example, as if its module lay among the others."""
    found = re.search(r"```python kind\n(.*?)```", CONTRIBUTING.read_text(), re.DOTALL)
    assert found
    path = tmp_path / "count_lines.py"
    path.write_text(found[1])
    described = spec_from_file_location("count_lines", path)
    assert described
    assert described.loader
    module = module_from_spec(described)
    monkeypatch.setitem(sys.modules, "count_lines", module)
    described.loader.exec_module(module)
    with_it = registry.Kinds(known_kinds().by_name | {each.name: each for each in module.KINDS})
    monkeypatch.setattr(registry, "known_kinds", lambda: with_it)
    for module_of_plan in ("planner", "costs", "work"):
        monkeypatch.setattr(f"wizard.plan.{module_of_plan}.known_kinds", lambda: with_it)
    return with_it


def test_the_example_is_loaded_planned_and_run(tmp_path: Path, kinds: Kinds) -> None:
    recipe_file = tmp_path / "toy.toml"
    recipe_file.write_text(RECIPE.replace("{file}", "words/list.txt"))
    dest = tmp_path / "dest"
    (dest / "toy/words").mkdir(parents=True)
    (dest / "toy/words/list.txt").write_text("one\ntwo\n")
    recipe = load_recipe(str(recipe_file))
    plan = make_plan(recipe, dest)
    (step,) = plan.steps
    assert (step.address, step.title) == ("words/count-lines", "Count lines")
    assert kinds.word(step.kind) == "Count"
    place = Place(dest=dest, root=dest / "toy")
    runner = Runner(Install(place, recipe, plan, Settings(workers=1), NoVault()))  # type: ignore[arg-type]
    runner.start()
    try:
        until(lambda: runner.settled)
        assert runner.snapshot().complete
    finally:
        runner.stop()
    assert (dest / "toy/words/list.count").read_text() == "2"


def test_what_it_names_is_checked_like_any_other(tmp_path: Path, kinds: Kinds) -> None:
    recipe_file = tmp_path / "toy.toml"
    recipe_file.write_text(RECIPE.replace("{file}", "../list.txt"))
    with pytest.raises(RecipeError, match="stay inside"):
        load_recipe(str(recipe_file))


def test_every_kind_has_a_word_and_a_table_of_its_own() -> None:
    known = known_kinds().by_name
    assert all(kind.word for kind in known.values())
    assert len({kind.table for kind in known.values()}) == len(known)


def test_reading_a_recipe_loads_nothing_heavy() -> None:
    script = (
        "import sys; from wizard.kinds.registry import load_recipe; load_recipe('mseg');"
        "print([n for n in ('numpy', 'httpx', 'PIL', 'scipy') if n in sys.modules])"
    )
    command = [sys.executable, "-c", script]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert said.stdout.strip() == "[]"
