"""What an install remembers beside the data: choices, last outcomes, archives it deleted.

All of it is a hint: what is damaged reads as absent, and the disk decides.
"""

from __future__ import annotations

from typing import Any

import msgspec

from wizard.findings import FailureGroup
from wizard.recipes.model import Recipe
from wizard.state.store import Store
from wizard.state.table import INSTALL, OUTCOMES, RECIPE, REMOVED
from wizard.steps.install import Settings
from wizard.steps.step import Place
from wizard.views import View


class InstallState(View, frozen=True, kw_only=True):
    """What was asked for, so that a later command need not be told again."""

    collection: str
    """Name of the recipe, or path of its file."""
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    site: str = ""
    """Path of the site file in use; empty for none given."""
    settings: Settings = Settings()


class LastFailure(View, frozen=True, kw_only=True, omit_defaults=True):
    """How a step that is not done ended the last time."""

    moment: float
    failures: tuple[FailureGroup, ...]


class Outcomes(View, frozen=True, kw_only=True):
    """The failed steps of the last run, by address."""

    steps: dict[str, LastFailure] = {}


class RemovedArchive(View, frozen=True, kw_only=True):
    """A proven archive that was deleted once its dataset was verified."""

    name: str
    size: int
    sha256: str
    moment: float


class RemovedArchives(View, frozen=True, kw_only=True):
    """Deleted archives by their path below the destination, POSIX."""

    archives: dict[str, RemovedArchive] = {}


class RecipeCopy(View, frozen=True, kw_only=True):
    """The recipe an install was made by, for when its file is moved or deleted."""

    collection: str
    """As in the choices it belongs to."""
    recipe: dict[str, Any]
    """As its tables are, since which kinds of step there are is told by who reads it."""


_INSTALL = Store(INSTALL, InstallState)
_RECIPE = Store(RECIPE, RecipeCopy)
_OUTCOMES = Store(OUTCOMES, Outcomes)
_REMOVED = Store(REMOVED, RemovedArchives)


def read_install(place: Place) -> InstallState | None:
    """Return what was asked for, or None when nothing usable is there."""
    return _INSTALL.read(place.state / INSTALL.name)


def write_install(place: Place, state: InstallState) -> None:
    """Remember what was asked for."""
    _INSTALL.write(place.state / INSTALL.name, state)


def read_recipe(place: Place, collection: str) -> dict[str, Any] | None:
    """Return the tables of the recipe ``collection`` an install was made by, or None."""
    copy = _RECIPE.read(place.state / RECIPE.name)
    return copy.recipe if copy and copy.collection == collection else None


def write_recipe(place: Place, collection: str, recipe: Recipe) -> None:
    """Keep a copy of the recipe an install is made by, where it changed."""
    tables = msgspec.to_builtins(recipe)
    if read_recipe(place, collection) != msgspec.json.decode(msgspec.json.encode(tables)):
        _RECIPE.write(place.state / RECIPE.name, RecipeCopy(collection=collection, recipe=tables))


def read_outcomes(place: Place) -> dict[str, LastFailure]:
    """Return the failed steps of the last run by address."""
    outcomes = _OUTCOMES.read(place.state / OUTCOMES.name)
    return {} if outcomes is None else outcomes.steps


def write_outcomes(place: Place, outcomes: dict[str, LastFailure]) -> None:
    """Remember the failed steps."""
    _OUTCOMES.write(place.state / OUTCOMES.name, Outcomes(steps=outcomes))


def read_removed(place: Place) -> dict[str, RemovedArchive]:
    """Return the archives that were deleted on purpose, by path below the destination."""
    removed = _REMOVED.read(place.state / REMOVED.name)
    return {} if removed is None else removed.archives


def write_removed(place: Place, archives: dict[str, RemovedArchive]) -> None:
    """Remember the archives that were deleted on purpose."""
    _REMOVED.write(place.state / REMOVED.name, RemovedArchives(archives=archives))
