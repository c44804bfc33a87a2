"""Which datasets of a collection an install holds."""

from __future__ import annotations

from collections.abc import Iterable

from wizard.errors import UsageError
from wizard.recipes.keys import suggestion
from wizard.recipes.model import Dataset, Recipe


def chosen(
    recipe: Recipe, only: Iterable[str] = (), without: Iterable[str] = ()
) -> tuple[Dataset, ...]:
    """Return the chosen datasets in the recipe's order; required ones are always among them.

    A dataset goes by its id, its folder or its title, in any case. Raises ``UsageError`` for
    names nobody has and for choices that leave nothing.
    """
    wanted = {_find(recipe, name).id for name in only}
    unwanted = [_find(recipe, name) for name in without]
    both = [dataset.id for dataset in unwanted if dataset.id in wanted]
    if both:
        raise UsageError(
            f"{both[0]} is both chosen and left out",
            hint=f"take {both[0]} out of --only or of --without",
        )
    for dataset in unwanted:
        if dataset.required:
            raise UsageError(f"{dataset.id} cannot be left out", hint="the other datasets need it")
    kept = tuple(
        each
        for each in recipe.datasets
        if each.required or ((not wanted or each.id in wanted) and each not in unwanted)
    )
    if not wanted and all(each.required for each in kept) and len(kept) < len(recipe.datasets):
        raise UsageError("every dataset is left out", hint="keep at least one")
    return kept


def _find(recipe: Recipe, name: str) -> Dataset:
    for dataset in recipe.datasets:
        if name.casefold() in (
            each.casefold() for each in (dataset.id, dataset.folder, dataset.title)
        ):
            return dataset
    ids = [each.id for each in recipe.datasets]
    raise UsageError(f"{recipe.title} has no dataset {name!r}", hint=suggestion(name.lower(), ids))
