"""Which step waits for which: the order of a recipe, spelled out as addresses.

Addresses are ``dataset/step``. Every dataset begins with ``terms``, then one ``fetch:<archive>``
for each archive, then the recipe's own steps, each of which needs the one before it; only
what unpacks an archive does not wait for labels to be written from others. Steps of an alternative
that stands by need the one before it of the same alternative, or of every one; nothing else waits
for them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import PurePosixPath

from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.recipes.step_table import StepTable

FINISH = "finish"
"""Dataset id of the steps of the whole collection."""
TERMS_STEP = "terms"

Graph = Mapping[str, tuple[str, ...]]
"""Address of every step, in the recipe's order, to the addresses it waits for."""


def fetch_address(dataset: str, archive: str) -> str:
    """Return the address of the step that fetches an archive of a dataset."""
    return address(dataset, fetch_id(archive))


def fetch_id(archive: str) -> str:
    """Return the id of the step that brings an archive to its place."""
    return f"fetch:{archive}"


def address(dataset: str, step: str) -> str:
    """Return the full address of a step; what already names a dataset stays."""
    return step if "/" in step else f"{dataset}/{step}"


def graph(recipe: Recipe, datasets: Sequence[Dataset]) -> Graph:
    """Return every step of the datasets and of the finish with all it waits for."""
    found: dict[str, tuple[str, ...]] = {}
    ends: list[str] = []
    for dataset in datasets:
        steps = dict(_dataset(recipe, dataset))
        found |= steps
        ends += _ends(dataset, steps)
    for step in recipe.finish:
        here = address(FINISH, step.id)
        found[here] = _unique(ends, (address(FINISH, each) for each in step.dependencies))
        ends = [here]
    return found


def in_order(steps: Graph) -> tuple[str, ...]:
    """Return the addresses so that each comes after all it needs, near the recipe's order.

    Raises ``CycleError`` when steps wait for each other.
    """
    TopologicalSorter(steps).prepare()
    placed: dict[str, None] = {}

    def place(step: str) -> None:
        for need in steps[step]:
            if need not in placed:
                place(need)
        placed[step] = None

    for step in steps:
        if step not in placed:
            place(step)
    return tuple(placed)


def cycle(steps: Graph) -> tuple[str, ...]:
    """Return the addresses of one circle of steps that wait for each other, if there is one."""
    try:
        TopologicalSorter(steps).prepare()
    except CycleError as error:
        return tuple(error.args[1])
    return ()


def provider(recipe: Recipe, tables: str) -> Dataset | None:
    """Return the dataset whose folder holds the tables, a path below the destination."""
    wanted = PurePosixPath(tables)
    for dataset in recipe.datasets:
        place = PurePosixPath(recipe.base(dataset)) / dataset.folder
        if wanted == place or place in wanted.parents:
            return dataset
    return None


def _dataset(recipe: Recipe, dataset: Dataset) -> Iterator[tuple[str, tuple[str, ...]]]:
    terms = (address(dataset.id, TERMS_STEP),) if dataset.terms else ()
    for each in terms:
        yield each, ()
    for archive in dataset.archives:
        yield fetch_address(dataset.id, archive.name), terms
    common = _unpacked_by_nobody(dataset) or terms
    before: dict[str, tuple[str, ...]] = {"": common}
    # The same for what unpacks an archive: without steps that write labels.
    unpacked, packed = {"": common}, common
    for step in dataset.steps:
        here, alternative = address(dataset.id, step.id), alternative_of(dataset, step)
        reserve = alternative if dataset.stands_by(alternative) else ""
        explicit = (address(dataset.id, each) for each in step.dependencies)
        own = _unpacked_by_nobody(dataset, alternative) if alternative and not step.takes else ()
        ahead, first = (unpacked, packed) if step.unpacks else (before, common)
        wants = ahead.get(reserve, first) if reserve else ahead[""]
        yield here, _unique(wants, own, _inputs(recipe, dataset, step), explicit)
        if reserve or not _is_optional(dataset, step):
            beside = [each for each in before.get(reserve, common) if each not in wants]
            before[reserve] = (*(wants if step.early else beside), here)
            if not step.makes_taxonomies:
                unpacked[reserve] = (*wants, here) if step.early else (here,)
            if not alternative:
                common, packed = before[""], unpacked[""]


def _inputs(recipe: Recipe, dataset: Dataset, step: StepTable) -> tuple[str, ...]:
    """The archive a step takes files from, or the steps that unpack the tables it reads."""
    if name := step.takes:
        return (fetch_address(dataset.id, name),)
    home = provider(recipe, tables) if (tables := step.tables_folder) else None
    if home is None or home is dataset:
        return ()
    return tuple(address(home.id, each.id) for each in home.steps if each.unpacks)


def _unpacked_by_nobody(dataset: Dataset, alternative: str = "") -> tuple[str, ...]:
    """The archives of one alternative, or of all, that are read as they are."""
    unpacked = {step.takes for step in dataset.steps}
    return tuple(
        fetch_address(dataset.id, archive.name)
        for archive in dataset.archives
        if archive.name not in unpacked
        and archive.alternative == alternative
        and not archive.optional
    )


def optional_steps(datasets: Iterable[Dataset]) -> frozenset[str]:
    """Return the addresses of the steps nothing has to wait for."""
    fetches = (
        fetch_address(dataset.id, archive.name)
        for dataset in datasets
        for archive in dataset.archives
        if _is_spare(dataset, archive)
    )
    steps = (
        address(dataset.id, step.id)
        for dataset in datasets
        for step in dataset.steps
        if _is_optional(dataset, step)
    )
    return frozenset(chain(fetches, steps))


def alternatives_of(datasets: Iterable[Dataset]) -> Mapping[str, str]:
    """Return the way of every step that is part of one, by address."""
    found: dict[str, str] = {}
    for dataset in datasets:
        for archive in dataset.archives:
            found[fetch_address(dataset.id, archive.name)] = archive.alternative
        for step in dataset.steps:
            found[address(dataset.id, step.id)] = alternative_of(dataset, step)
    return {step: alternative for step, alternative in found.items() if alternative}


def alternative_of(dataset: Dataset, step: StepTable) -> str:
    """Return the id of the way a step is part of: its own, or that of its archive, or none."""
    name = step.takes
    return step.alternative or next(
        (each.alternative for each in dataset.archives if each.name == name), ""
    )


def _is_optional(dataset: Dataset, step: StepTable) -> bool:
    """Whether nothing waits for a step: it stands by, or unpacks an archive that is optional."""
    if dataset.stands_by(alternative_of(dataset, step)):
        return True
    name = step.takes
    return any(_is_spare(dataset, each) for each in dataset.archives if each.name == name)


def _is_spare(dataset: Dataset, archive: Archive) -> bool:
    return archive.optional or dataset.stands_by(archive.alternative)


def _ends(dataset: Dataset, steps: Graph) -> list[str]:
    """The steps no other step of the dataset waits for, but for those on optional archives."""
    awaited = {need for dependencies in steps.values() for need in dependencies}
    spared = optional_steps((dataset,))
    return [step for step in steps if step not in awaited and step not in spared]


def _unique(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(parts)))
