"""Every kind of step there is: those that the modules beside this one declare.

A new kind is a new module with a ``KINDS`` tuple; nothing here or elsewhere names it.
"""

from __future__ import annotations

import importlib
import pkgutil
from dataclasses import dataclass
from functools import cache
from typing import Any

import msgspec

from wizard import kinds
from wizard.kinds.kind import Kind
from wizard.recipes.loader import load, recipe_of
from wizard.recipes.model import Recipe
from wizard.recipes.step_table import StepTable
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Step
from wizard.views import Role


@dataclass(frozen=True)
class Kinds:
    """Kinds of step by their names."""

    by_name: dict[str, Kind]

    @property
    def tables(self) -> tuple[type[StepTable], ...]:
        """The tables recipes may hold."""
        return tuple(each.table for each in self.by_name.values() if each.written)

    def of(self, spec: StepTable) -> Kind:
        """Return the kind of a table."""
        return self.by_name[spec.kind]

    def proves(self, spec: StepTable) -> bool:
        """Whether steps of this table prove a dataset."""
        return self.of(spec).role in ("check", "prove")

    def word(self, name: str) -> str:
        """Return what a kind is called on screen; one that nobody knows, by its name."""
        known = self.by_name.get(name)
        return known.word if known else name.replace("-", " ").capitalize()

    def role(self, name: str) -> Role:
        """Return what steps of a kind are for; of one that nobody knows, ``work``."""
        known = self.by_name.get(name)
        return known.role if known else "work"


@cache
def known_kinds() -> Kinds:
    """Return every kind that a module of this folder declares."""
    names = [each.name for each in pkgutil.iter_modules(kinds.__path__) if not each.ispkg]
    modules = [importlib.import_module(f"{kinds.__name__}.{name}") for name in sorted(names)]
    found: list[Kind] = []
    for module in modules:
        found += vars(module).get("KINDS", ())
    return Kinds({each.name: each for each in found})


def load_recipe(name_or_path: str) -> Recipe:
    """Return a recipe by name or path, whose steps may be of any known kind.

    Raises ``UsageError`` for an unknown name, ``RecipeError`` naming file, key and reason.
    """
    return load(name_or_path, known_kinds().tables)


def recipe_of_tables(tables: dict[str, Any] | None) -> Recipe | None:
    """Return the recipe that was kept as tables, or None where it is of another version."""
    try:
        return msgspec.convert(tables, recipe_of(known_kinds().tables)) if tables else None
    except msgspec.ValidationError:
        return None


def build_step(planned: PlannedStep, install: Install) -> Step:
    """Return one step of the plan, bound to the install."""
    return known_kinds().of(planned.spec).build(planned, install)
