"""Installs of small recipes without archives, to build their steps and run them by themselves."""

from __future__ import annotations

from pathlib import Path

from tests.engine.fakes import NoVault
from wizard.kinds.registry import build_step
from wizard.plan.planner import make_plan
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.recipes.step_table import StepTable
from wizard.steps.install import Install, Settings
from wizard.steps.step import Place, Step


def install_of(dest: Path, *steps: StepTable, archives: tuple[Archive, ...] = ()) -> Install:
    """An install of one dataset ``d`` whose paths start at ``dest``/data."""
    dataset = Dataset(id="d", title="D", folder="D", about="", archives=archives, steps=steps)
    recipe = Recipe(id="r", title="R", about="", root="data", datasets=(dataset,))
    plan = make_plan(recipe, dest)
    return Install(Place(dest=dest, root=dest / "data"), recipe, plan, Settings(), NoVault())  # type: ignore[arg-type]


def bound(install: Install, step: str) -> Step:
    """The step of that id, bound to the install."""
    planned = next(each for each in install.plan.steps if each.address == f"d/{step}")
    return build_step(planned, install)
