"""Which step waits for which: the order of a recipe, spelled out as addresses.

Addresses are ``dataset/step``. Every dataset begins with ``terms``, then one ``fetch:<archive>``
for each archive, then the recipe's own steps, each of which needs the one before it. Steps of a
way that stands by need the one before it on the same way, or on every way; nothing else waits for
them.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from graphlib import CycleError, TopologicalSorter
from itertools import chain
from pathlib import PurePosixPath

from wizard.recipes.arrangements import Place, Remove, Symlinks, Write
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.recipes.steps import Extract, Labels, Polygons, StepSpec, Verify

FINISH = "finish"
"""Dataset id of the steps of the whole collection."""
TERMS = "terms"

_CHORES = (Remove, Symlinks, Write)
"""Steps that may be done before their turn, so that what follows must not rely on them alone."""

Graph = Mapping[str, tuple[str, ...]]
"""Address of every step, in the recipe's order, to the addresses it waits for."""


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
        found[here] = _unique(ends, (address(FINISH, each) for each in step.needs))
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


def tables_of(step: StepSpec) -> str:
    """Return the folder of tables a step reads, or nothing."""
    return step.tables if isinstance(step, Labels | Polygons | Verify) else ""


def _dataset(recipe: Recipe, dataset: Dataset) -> Iterator[tuple[str, tuple[str, ...]]]:
    terms = (address(dataset.id, TERMS),) if dataset.terms else ()
    for each in terms:
        yield each, ()
    for archive in dataset.archives:
        yield address(dataset.id, fetch_id(archive.name)), terms
    common = _unpacked_by_nobody(dataset) or terms
    before: dict[str, tuple[str, ...]] = {"": common}
    for step in dataset.steps:
        here, way = address(dataset.id, step.id), way_of(dataset, step)
        track = way if dataset.stands_by(way) else ""
        explicit = (address(dataset.id, each) for each in step.needs)
        own = _unpacked_by_nobody(dataset, way) if way and not _archive_of(step) else ()
        wants = before.get(track, common) if track else before[""]
        yield here, _unique(wants, own, _inputs(recipe, dataset, step), explicit)
        if track or not _is_optional(dataset, step):
            before[track] = (*wants, here) if isinstance(step, _CHORES) else (here,)
            common = common if way else before[""]


def _inputs(recipe: Recipe, dataset: Dataset, step: StepSpec) -> tuple[str, ...]:
    """The archive a step takes files from, or the steps that unpack the tables it reads."""
    if name := _archive_of(step):
        return (address(dataset.id, fetch_id(name)),)
    home = provider(recipe, tables) if (tables := tables_of(step)) else None
    if home is None or home is dataset:
        return ()
    return tuple(address(home.id, each.id) for each in home.steps if isinstance(each, Extract))


def _unpacked_by_nobody(dataset: Dataset, way: str = "") -> tuple[str, ...]:
    """The archives of one way, or of all, that are read as they are."""
    unpacked = {_archive_of(step) for step in dataset.steps}
    return tuple(
        address(dataset.id, fetch_id(archive.name))
        for archive in dataset.archives
        if archive.name not in unpacked and archive.way == way and not archive.optional
    )


def optional_steps(datasets: Iterable[Dataset]) -> frozenset[str]:
    """Return the addresses of the steps nothing has to wait for."""
    fetches = (
        address(dataset.id, fetch_id(archive.name))
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


def ways_of(datasets: Iterable[Dataset]) -> Mapping[str, str]:
    """Return the way of every step that is part of one, by address."""
    found: dict[str, str] = {}
    for dataset in datasets:
        for archive in dataset.archives:
            found[address(dataset.id, fetch_id(archive.name))] = archive.way
        for step in dataset.steps:
            found[address(dataset.id, step.id)] = way_of(dataset, step)
    return {step: way for step, way in found.items() if way}


def way_of(dataset: Dataset, step: StepSpec) -> str:
    """Return the id of the way a step is part of: its own, or that of its archive, or none."""
    name = _archive_of(step)
    return step.way or next((each.way for each in dataset.archives if each.name == name), "")


def _is_optional(dataset: Dataset, step: StepSpec) -> bool:
    """Whether nothing waits for a step: it stands by, or unpacks an archive that is optional."""
    if dataset.stands_by(way_of(dataset, step)):
        return True
    name = _archive_of(step)
    return any(_is_spare(dataset, each) for each in dataset.archives if each.name == name)


def _is_spare(dataset: Dataset, archive: Archive) -> bool:
    return archive.optional or dataset.stands_by(archive.way)


def _archive_of(step: StepSpec) -> str:
    """Return the name of the archive a step takes files from, or nothing."""
    return step.archive if isinstance(step, Extract | Place) else ""


def _ends(dataset: Dataset, steps: Graph) -> list[str]:
    """The steps no other step of the dataset waits for, but for those on optional archives."""
    awaited = {need for needs in steps.values() for need in needs}
    spared = optional_steps((dataset,))
    return [step for step in steps if step not in awaited and step not in spared]


def _unique(*parts: Iterable[str]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(chain.from_iterable(parts)))
