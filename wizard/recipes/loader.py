"""Recipes by name or path: found, decoded, completed and checked."""

from __future__ import annotations

from pathlib import Path

from msgspec.structs import replace

import wizard
from wizard.errors import RecipeError, UsageError
from wizard.recipes.checks import problems
from wizard.recipes.keys import suggestion
from wizard.recipes.model import Dataset, Recipe
from wizard.recipes.steps import Labels, Segments, StepSpec, StepTable, Verify
from wizard.recipes.toml import decode, key_error, read_toml


def folder() -> Path:
    """Return the folder of the recipes that come with the program, installed or checked out."""
    package = Path(wizard.__file__).parent
    installed = package / "_assets" / "recipes"
    return installed if installed.is_dir() else package.parent / "assets" / "recipes"


def names() -> tuple[str, ...]:
    """Return the names of the recipes that come with the program."""
    return tuple(sorted(path.stem for path in folder().glob("*.toml")))


def load(name_or_path: str) -> Recipe:
    """Return a recipe, complete and checked.

    A name stands for a recipe of the program; what ends in ``.toml`` or holds a ``/`` is a file.
    Raises ``UsageError`` for an unknown name, ``RecipeError`` naming file, key and reason.
    """
    if _is_file(name_or_path):
        return _read(Path(name_or_path))
    if name_or_path not in names():
        raise UsageError(
            f"there is no recipe {name_or_path!r}", hint=suggestion(name_or_path, names())
        )
    return _read(folder() / f"{name_or_path}.toml")


def anywhere(name_or_path: str) -> str:
    """Return the same recipe as it is called from every folder."""
    return str(Path(name_or_path).resolve()) if _is_file(name_or_path) else name_or_path


def _is_file(name_or_path: str) -> bool:
    return name_or_path.endswith(".toml") or "/" in name_or_path


def _read(path: Path) -> Recipe:
    recipe = _completed(decode(read_toml(path), Recipe, str(path)))
    found = list(problems(recipe))
    if found:
        raise _first(str(path), found)
    return recipe


def _first(source: str, found: list[tuple[str, str, str]]) -> RecipeError:
    """The first mistake as the error, the others in its hint: mending shows them all at once."""
    (key, reason, hint), *others = found
    lines = [hint] if hint else []
    lines += [f"also {other}: {why}" for other, why, _ in others]
    return key_error(source, key, reason, "\n".join(lines))


def _completed(recipe: Recipe) -> Recipe:
    datasets = tuple(
        replace(each, steps=tuple(_step(each, step) for step in each.steps))
        for each in recipe.datasets
    )
    finish = tuple(_with_id(step) for step in recipe.finish)
    return replace(recipe, datasets=datasets, finish=finish)


def _step(dataset: Dataset, step: StepSpec) -> StepSpec:
    step = _with_id(step)
    if isinstance(step, Verify) and not step.segments:
        return replace(step, segments=_relabelled(dataset))
    return step


def _with_id(step: StepSpec) -> StepSpec:
    return step if step.id else replace(step, id=kind_of(step))


def kind_of(step: StepTable) -> str:
    """Return the ``kind`` a step is written with."""
    return str(step.__struct_config__.tag)


def _relabelled(dataset: Dataset) -> tuple[Segments, ...]:
    return tuple(
        Segments(taxonomy=output.taxonomy, base=output.base, relabel=output.relabel)
        for step in dataset.steps
        if isinstance(step, Labels)
        for output in step.outputs
        if output.relabel
    )
