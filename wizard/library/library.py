"""Opening an install to read from it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from msgspec import Struct

from wizard.app.opening import remembered
from wizard.errors import UsageError
from wizard.kinds.registry import known_kinds, load_recipe
from wizard.library.dataset import InstalledDataset, unknown
from wizard.plan.planner import chosen
from wizard.recipes.model import Dataset, Recipe
from wizard.state.store import Store
from wizard.state.table import VERIFIED


class _Proven(Struct, frozen=True):
    """Of the record of a verification, when it was."""

    moment: float


_PROOFS = Store(VERIFIED, _Proven)


@dataclass(frozen=True, slots=True)
class Library:
    """An install: the collection it is of and its datasets, in the collection's order."""

    recipe: Recipe
    dest: Path
    datasets: Mapping[str, InstalledDataset]
    """By id; only what was chosen when it was set up."""

    @property
    def collection(self) -> str:
        """Id of the collection."""
        return self.recipe.id

    @property
    def root(self) -> Path:
        """The folder that holds the datasets."""
        return self.dest / self.recipe.root

    @property
    def taxonomies(self) -> tuple[str, ...]:
        """Every set of classes that any of its datasets comes in."""
        names = (name for each in self.datasets.values() for name in each.taxonomies)
        return tuple(dict.fromkeys(names))

    @property
    def proven(self) -> bool:
        """Whether every dataset was verified; ``segwizard status`` looks at the disk again."""
        return all(each.proven_at for each in self.datasets.values())

    def dataset(self, name: str) -> InstalledDataset:
        """Return a dataset by id; raises ``UnknownNameError``, a ``KeyError`` listing all."""
        if name not in self.datasets:
            raise unknown("dataset", name, tuple(self.datasets))
        return self.datasets[name]

    @property
    def variables(self) -> tuple[tuple[str, str, str], ...]:
        """Name, value and reader of what published code is pointed here with.

        The name is empty where there is no variable and the third says what to do instead.
        """
        return self.recipe.variables_at(self.dest)

    def __str__(self) -> str:
        return "\n".join([f"{self.recipe.title} in {self.dest}", *map(str, self.datasets.values())])

    def __repr__(self) -> str:
        return f"<{self.collection} in {self.dest}: {len(self.datasets)} datasets>"


def open_library(folder: str | os.PathLike[str]) -> Library:
    """Open the install in a folder to read from it; changes nothing.

    Raises ``UsageError`` naming the command that begins one where no install is, and
    ``RecipeError`` where the recipe it was made by can no longer be read.
    """
    dest = Path(folder).expanduser().absolute()
    choices = remembered(dest)
    if choices is None:
        raise UsageError(
            "no install is here",
            where=str(dest),
            hint=f"begin one with: segwizard run COLLECTION --dest {dest}",
        )
    recipe = load_recipe(choices.collection)
    datasets = {
        each.id: _installed(recipe, each, dest)
        for each in chosen(recipe, choices.only, choices.without)
        if not each.required
    }
    return Library(recipe, dest, MappingProxyType(datasets))


def _installed(recipe: Recipe, dataset: Dataset, dest: Path) -> InstalledDataset:
    proofs = [step.id for step in dataset.steps if known_kinds().proves(step)]
    record = dest / ".segwizard" / "steps" / f"{dataset.id}.{''.join(proofs[-1:])}.json"
    proof = _PROOFS.look(record)
    return InstalledDataset(
        recipe=dataset,
        dest=dest,
        base=dest / recipe.base(dataset),
        proven_at=proof.moment if isinstance(proof, _Proven) else None,
    )
