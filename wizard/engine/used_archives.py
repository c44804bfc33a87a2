"""Deleting archives once their dataset is proven, and remembering what they were."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence

from wizard import figures
from wizard.durability import settle_on_disk
from wizard.engine import schedule
from wizard.engine.journal import RemovedArchive, read_removed, write_removed
from wizard.engine.table import TaskTable
from wizard.errors import reason_of
from wizard.recipes.model import Archive
from wizard.steps.install import Settings
from wizard.steps.step import HoldsArchive, Place, PlacedArchive


def remove_used(table: TaskTable, seen: set[str]) -> Iterator[str]:
    """Delete what finished datasets no longer need; yields a sentence for each archive.

    ``seen`` holds the finished datasets already dealt with.
    """
    with table.lock:
        datasets = [dataset.id for dataset in table.install.plan.datasets]
        done = [each for each in datasets if schedule.dataset_done(table.tasks, each)]
    # One that was opened again to be mended has its turn again.
    seen.intersection_update(done)
    fresh = [each for each in done if each not in seen]
    try:
        if fresh:
            settle_on_disk(table.install.place.dest, max(map(table.written, fresh)))
    except OSError as error:
        seen.update(fresh)
        yield f"archives stay: what was made of them is not safe on disk: {reason_of(error)}"
        return
    for dataset in fresh:
        yield from _remove_of(table, dataset)
        seen.add(dataset)


def deletable(settings: Settings, archive: Archive, placed: PlacedArchive) -> bool:
    """Whether a proven archive of a finished dataset is to go.

    Unasked, only what the install itself placed goes; ``--delete-archives`` covers the rest.
    """
    if settings.keep_archives is None:
        return placed.ours and not archive.keep
    return not settings.keep_archives


def _remove_of(table: TaskTable, dataset: str) -> Iterator[str]:
    doomed = []
    for task in table.tasks.values():
        archive = task.planned.archive
        if task.step.dataset != dataset or archive is None:
            continue
        placed = task.step.placed() if isinstance(task.step, HoldsArchive) else None
        if placed is None or not task.facts.users:
            continue
        if deletable(table.install.settings, archive, placed):
            doomed.append(placed)
    if doomed:
        yield from _delete(table.install.place, doomed)


def _delete(place: Place, doomed: Sequence[PlacedArchive]) -> Iterator[str]:
    """Write down what the archives were, then delete them; yields a sentence for each."""
    names = [placed.path.relative_to(place.dest).as_posix() for placed in doomed]
    removed = {
        name: RemovedArchive(
            name=placed.path.name, size=placed.size, sha256=placed.sha256, moment=time.time()
        )
        for name, placed in zip(names, doomed, strict=True)
    }
    try:
        write_removed(place, {**read_removed(place), **removed})
    except OSError as error:
        yield f"{', '.join(names)} not deleted, nothing can be written down: {reason_of(error)}"
        return
    for name, placed in zip(names, doomed, strict=True):
        try:
            placed.path.unlink(missing_ok=True)
        except OSError as error:
            yield f"{name} could not be deleted: {reason_of(error)}"
        else:
            yield f"{name} deleted, its dataset is proven ({figures.size(placed.size)} freed)"
