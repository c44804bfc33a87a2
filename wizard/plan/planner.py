"""A recipe and a choice become ordered steps, each with all it waits for, and what they cost."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import chain
from pathlib import Path

from msgspec.structs import replace

from wizard.errors import UsageError
from wizard.kinds.registry import known_kinds
from wizard.plan.costs import dataset_costs, growth
from wizard.plan.work import PROGRAM, work_by_dataset
from wizard.recipes.keys import suggestion
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.recipes.order import (
    FINISH,
    TERMS_STEP,
    Graph,
    address,
    alternatives_of,
    fetch_address,
    fetch_id,
    graph,
    in_order,
    optional_steps,
)
from wizard.recipes.step_table import StepTable
from wizard.steps.planned import Accept, Fetch, Plan, PlannedStep


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


def make_plan(
    recipe: Recipe,
    dest: Path | None,
    *,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    keep: bool | None = None,
    have: Collection[str] = (),
) -> Plan:
    """Plan an install of a recipe below ``dest``, or of one whose place is not known yet.

    ``keep`` overrides what the recipe says of archives after their dataset is proven; ``have``
    names fetch steps whose archive is on this machine though not in its place. Raises
    ``UsageError`` for unknown datasets and for choices that leave out what others need.
    """
    datasets = chosen(recipe, only, without)
    ids = {each.id for each in datasets}
    present = {*have, *(archives_in_place(recipe, datasets, dest) if dest else ())}
    plan = Plan(
        collection=recipe.id,
        dest=str(dest) if dest else "",
        datasets=tuple(dataset_costs(each, present) for each in datasets),
        left_out=tuple(each.id for each in recipe.datasets if each.id not in ids),
        steps=_steps(recipe, datasets),
        fetch_bytes=0,
        peak_bytes=0,
        end_bytes=0,
        inodes=0,
        core_seconds=0.0,
        estimated=any(each.size is None or each.unpacked_about for each in _archives(datasets)),
        keep=keep,
        present=tuple(
            step
            for each in datasets
            for archive in each.archives
            if (step := fetch_address(each.id, archive.name)) in present
        ),
    )
    return _with_totals(plan)


def archives_in_place(recipe: Recipe, datasets: Sequence[Dataset], dest: Path) -> frozenset[str]:
    """Return the fetch steps whose archive lies in its place with the size it should have."""
    return frozenset(
        fetch_address(dataset.id, archive.name)
        for dataset in datasets
        for archive in dataset.archives
        if (place := dest / recipe.archive_place(dataset, archive)).is_file()
        and archive.size in (None, place.stat().st_size)
    )


def _archives(datasets: Sequence[Dataset]) -> Iterator[Archive]:
    return chain.from_iterable(each.archives for each in datasets)


def _with_totals(plan: Plan) -> Plan:
    disk, work = growth(plan), work_by_dataset(plan)
    here = sum(each.present_bytes for each in plan.datasets)
    return replace(
        plan,
        fetch_bytes=sum(each.fetch_bytes for each in plan.datasets) - here,
        peak_bytes=here + disk.peak,
        end_bytes=here + disk.end,
        inodes=sum(each.files for each in plan.datasets),
        datasets=tuple(
            replace(each, core_seconds=work.get(each.id, 0.0)) for each in plan.datasets
        ),
        core_seconds=PROGRAM + sum(work.values()),
    )


def _steps(recipe: Recipe, datasets: Sequence[Dataset]) -> tuple[PlannedStep, ...]:
    dependencies = graph(recipe, datasets)
    _complete(recipe, dependencies)
    specs = {address(owner, spec.id): (owner, spec) for owner, spec in _specs(recipe, datasets)}
    spared, alternatives = optional_steps(datasets), alternatives_of(datasets)
    ranks = {
        (owner.id, alternative.id): rank
        for owner in datasets
        for rank, alternative in enumerate(owner.alternatives)
    }
    return tuple(
        replace(
            _planned(each, *specs[each], dependencies[each]),
            optional=each in spared,
            alternative=alternatives.get(each, ""),
            rank=ranks.get((specs[each][0], alternatives.get(each, "")), 0),
        )
        for each in in_order(dependencies)
    )


def _specs(recipe: Recipe, datasets: Sequence[Dataset]) -> Iterator[tuple[str, StepTable]]:
    for dataset in datasets:
        if dataset.terms:
            yield dataset.id, Accept(id=TERMS_STEP, terms=dataset.terms)
        for archive in dataset.archives:
            yield dataset.id, Fetch(id=fetch_id(archive.name), archive=archive)
        for step in dataset.steps:
            yield dataset.id, step
    for step in recipe.finish:
        yield FINISH, step


def _planned(
    place: str, dataset: str, spec: StepTable, dependencies: tuple[str, ...]
) -> PlannedStep:
    planned = PlannedStep(
        address=place,
        dataset=dataset,
        title=spec.title,
        kind=spec.kind,
        dependencies=dependencies,
        uses=_uses(dataset, spec),
        spec=spec,
    )
    return replace(planned, title=known_kinds().of(spec).title_of(planned))


def _uses(dataset: str, spec: StepTable) -> tuple[str, ...]:
    return (fetch_address(dataset, spec.uses),) if spec.uses else ()


def _complete(recipe: Recipe, dependencies: Graph) -> None:
    """Refuse a choice in which a step waits for a dataset that was left out."""
    for step, wanted in dependencies.items():
        for request in wanted:
            if request not in dependencies:
                owner = request.partition("/")[0]
                raise UsageError(
                    f"{step} needs {request}, which was left out",
                    where=recipe.id,
                    hint=f"choose {owner} too",
                )
