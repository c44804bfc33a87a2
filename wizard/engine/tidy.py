"""Deleting archives once their dataset is proven, and remembering what they were."""

from __future__ import annotations

import time
from collections.abc import Iterator

from wizard import figures
from wizard.engine import schedule
from wizard.engine.board import Board
from wizard.engine.install import Settings
from wizard.engine.journal import RemovedArchive, read_removed, write_removed
from wizard.engine.step import HoldsArchive, Place, PlacedArchive
from wizard.plan.model import Fetch
from wizard.recipes.model import Archive


def tidy(board: Board, seen: set[str]) -> Iterator[str]:
    """Delete what finished datasets no longer need; yields a sentence for each archive.

    ``seen`` holds the datasets already dealt with and grows.
    """
    with board.lock:
        fresh = [
            dataset.id
            for dataset in board.install.plan.datasets
            if dataset.id not in seen and schedule.dataset_done(board.slots, dataset.id)
        ]
    for dataset in fresh:
        yield from _tidy_dataset(board, dataset)
        seen.add(dataset)


def deletable(settings: Settings, archive: Archive, placed: PlacedArchive) -> bool:
    """Whether a proven archive of a finished dataset is to go.

    Unasked, only what the install itself placed goes; ``--delete-archives`` covers the rest.
    """
    if settings.keep_archives is None:
        return placed.ours and not archive.keep
    return not settings.keep_archives


def _tidy_dataset(board: Board, dataset: str) -> Iterator[str]:
    for slot in board.slots.values():
        spec = slot.planned.spec
        if slot.step.dataset != dataset or not isinstance(spec, Fetch):
            continue
        placed = slot.step.placed() if isinstance(slot.step, HoldsArchive) else None
        if placed is None or not schedule.users(board.slots, slot):
            continue
        if deletable(board.install.settings, spec.archive, placed):
            yield _delete(board.install.place, placed)


def _delete(place: Place, placed: PlacedArchive) -> str:
    """Write down what the archive was, then delete it."""
    name = placed.path.relative_to(place.dest).as_posix()
    removed = RemovedArchive(
        name=placed.path.name, size=placed.size, sha256=placed.sha256, moment=time.time()
    )
    try:
        write_removed(place, {**read_removed(place), name: removed})
        placed.path.unlink(missing_ok=True)
    except OSError as error:
        return f"{name} could not be deleted: {error.strerror}"
    return f"{name} deleted, its dataset is proven ({figures.size(placed.size)} freed)"
