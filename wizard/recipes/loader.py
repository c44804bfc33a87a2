"""Recipes by name or path: found, decoded, completed and checked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache, reduce
from operator import or_
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct, defstruct
from msgspec.structs import replace

from wizard.errors import RecipeError, UsageError
from wizard.recipes.archive_facts import with_deciding_facts
from wizard.recipes.catalogue import Catalogue, resolved, the_catalogue
from wizard.recipes.checks import problems
from wizard.recipes.keys import suggestion
from wizard.recipes.model import Dataset, Recipe, Site
from wizard.recipes.places import recipe_files
from wizard.recipes.step_table import StepTable
from wizard.recipes.toml import TomlFile, by_name, decode, read_toml

_StructT = TypeVar("_StructT", bound=Struct)


def names() -> tuple[str, ...]:
    """Return the names of the recipes that need no path."""
    return tuple(sorted(recipe_files()))


def load(name_or_path: str, tables: tuple[type[StepTable], ...]) -> Recipe:
    """Return a recipe, complete and checked.

    A name stands for a recipe of the program; what ends in ``.toml`` or holds a ``/`` is a file.
    Raises ``UsageError`` for an unknown name, ``RecipeError`` naming file, key and reason.
    """
    if is_file(name_or_path):
        return _read(Path(name_or_path), tables)
    files = recipe_files()
    if name_or_path not in files:
        raise UsageError(
            f"there is no recipe {name_or_path!r}", hint=suggestion(name_or_path, files)
        )
    return _read(files[name_or_path], tables)


@cache
def recipe_of(tables: tuple[type[StepTable], ...]) -> type[Recipe]:
    """Return the shape of a recipe whose steps are any of these tables.

    A recipe is decoded in one pass, so that every mistake is told with the path of its key.
    """
    step: Any = reduce(or_, tables)
    steps: Any = tuple[step, ...]
    dataset: Any = _narrowed(Dataset, [("steps", steps, ())])
    datasets: Any = tuple[dataset, ...]
    recipe: type[Recipe] = _narrowed(Recipe, [("datasets", datasets), ("finish", steps, ())])
    return recipe


def _narrowed(
    model: type[_StructT], fields: Iterable[tuple[str, Any] | tuple[str, Any, Any]]
) -> Any:
    """Return a model some of whose fields hold less than they might."""
    return defstruct(
        model.__name__,
        fields,
        bases=(model,),
        frozen=True,
        forbid_unknown_fields=True,
        kw_only=True,
    )


def outline(name: str) -> Recipe:
    """Return a recipe of the program without its steps: its datasets, archives and login sites."""
    catalogue = the_catalogue()
    file = resolved(read_toml(recipe_files()[name]), catalogue)
    tables = {key: value for key, value in file.tables.items() if key != "finish"}
    tables["datasets"] = [
        {key: value for key, value in dataset.items() if key != "steps"}
        for dataset in tables["datasets"]
    ]
    recipe = decode(file.with_tables(tables), Recipe)
    return replace(recipe, sites=(*recipe.sites, *_sites(recipe, catalogue)))


def anywhere(name_or_path: str) -> str:
    """Return the same recipe as it is called from every folder."""
    return str(Path(name_or_path).resolve()) if is_file(name_or_path) else name_or_path


def is_file(name_or_path: str) -> bool:
    """Tell whether what names a recipe is the path of a file."""
    return name_or_path.endswith(".toml") or "/" in name_or_path


def _read(path: Path, tables: tuple[type[StepTable], ...]) -> Recipe:
    return load_toml(read_toml(path), the_catalogue(), tables)


def load_toml(file: TomlFile, catalogue: Catalogue, tables: tuple[type[StepTable], ...]) -> Recipe:
    """Return the recipe of a file that was read, by a catalogue; raises ``RecipeError``."""
    file = resolved(file, catalogue)
    recipe = _completed(decode(file, recipe_of(tables)), catalogue)
    if found := list(problems(recipe)):
        raise _first(file, found)
    return recipe


def _first(file: TomlFile, found: list[tuple[str, str, str]]) -> RecipeError:
    """The first mistake as the error, the others in its hint: mending shows them all at once."""
    (key, reason, hint), *others = found
    lines = [hint] if hint else []
    lines += [f"also {by_name(other, file.tables)}: {why}" for other, why, _ in others]
    return file.error(key, reason, "\n".join(lines))


def _completed(recipe: Recipe, catalogue: Catalogue) -> Recipe:
    datasets = tuple(
        replace(
            each,
            archives=tuple(map(with_deciding_facts, each.archives)),
            steps=tuple(_step(each, step) for step in each.steps),
        )
        for each in recipe.datasets
    )
    finish = tuple(_with_id(step) for step in recipe.finish)
    sites = (*recipe.sites, *_sites(recipe, catalogue))
    return replace(recipe, datasets=datasets, finish=finish, sites=sites)


def _sites(recipe: Recipe, catalogue: Catalogue) -> Iterator[Site]:
    """Return the login sites of the catalogue that archives name and the recipe does not state."""
    own = {each.id for each in recipe.sites}
    named = (archive.access.site for each in recipe.datasets for archive in each.archives)
    for name in dict.fromkeys(named):
        if name in catalogue.sites and name not in own:
            yield catalogue.sites[name]


def _step(dataset: Dataset, step: StepTable) -> StepTable:
    return _with_id(step).completed(dataset.steps)


def _with_id(step: StepTable) -> StepTable:
    return step if step.id else replace(step, id=step.kind)
