"""Cleaning up: the temporary files of a run that was killed, and archives that are proven."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from wizard import figures
from wizard.durability import settle_on_disk
from wizard.engine import schedule
from wizard.engine.journal import RemovedArchive, read_removed, write_removed
from wizard.engine.table import TaskTable
from wizard.errors import reason_of
from wizard.files import PARTIAL, make_folder, open_ours
from wizard.progress import CancelToken
from wizard.recipes.model import Archive
from wizard.state.shards import shards_folder
from wizard.steps.install import Install, Settings
from wizard.steps.step import HoldsArchive, Place, PlacedArchive

_UNPACKING = f"{PARTIAL}unpack-"
"""Folders that extraction goes on with and clears by itself."""


def mark_begun(install: Install) -> bool:
    """Note that a runner begins; returns whether it has to clear what others left."""
    part = install.part
    if part is None or part.shard is None:
        return mark_running(install.place)
    mark_shard_running(install.place, part.shard.index)
    return False


def mark_over(install: Install) -> None:
    """Note that a runner ended cleanly."""
    part = install.part
    if part is None or part.shard is None:
        mark_ended(install.place)
    else:
        mark_shard_ended(install.place, part.shard.index)


def mark_running(place: Place) -> bool:
    """Note that a run begins; returns whether one before it, or a shard, never ended cleanly."""
    marker = _marker(place)
    unclean = marker.exists() or bool(_shard_markers(place))
    os.close(open_ours(marker, os.O_WRONLY | os.O_CREAT))
    return unclean


def mark_shard_running(place: Place, index: int) -> None:
    """Note that a shard begins; one that never ends cleanly leaves a mark for good.

    What it left is cleared by the next run of the whole, when nobody else is at work.
    """
    marker = _shard_marker(place, index)
    make_folder(marker.parent)
    if marker.exists():
        os.close(open_ours(marker.with_name(f"broken-{index}"), os.O_WRONLY | os.O_CREAT))
    os.close(open_ours(marker, os.O_WRONLY | os.O_CREAT))


def mark_ended(place: Place) -> None:
    """Note that a run ended cleanly, its leftovers and those of shards cleared."""
    for marker in (*_shard_markers(place), _marker(place)):
        with contextlib.suppress(OSError):
            marker.unlink(missing_ok=True)


def mark_shard_ended(place: Place, index: int) -> None:
    """Note that a shard ended cleanly."""
    with contextlib.suppress(OSError):
        _shard_marker(place, index).unlink(missing_ok=True)


def clean_up(install: Install, before: float, token: CancelToken) -> int:
    """Delete temporary files last touched before a moment and return how many there were.

    Only dataset folders are looked through, since other things may lie below the destination;
    of that itself, where the report lies, and of our own folder, what lies in it directly.
    ``before`` is in seconds since the epoch by the file system's clock. Raises ``Cancelled``.
    """
    count = 0
    state = install.place.state
    ours = (install.place.dest, state, state / "steps", shards_folder(state))
    for path in itertools.chain(
        *(_leftovers(folder, token) for folder in _folders(install)),
        *(_leftovers(folder, token, deep=False) for folder in ours),
    ):
        count += _remove(path, before)
    return count


def _marker(place: Place) -> Path:
    return place.state / "running"


def _shard_marker(place: Place, index: int) -> Path:
    return shards_folder(place.state) / f"running-{index}"


def _shard_markers(place: Place) -> list[Path]:
    folder = shards_folder(place.state)
    return [*folder.glob("running-*"), *folder.glob("broken-*")]


def _folders(install: Install) -> set[Path]:
    recipe, chosen = install.recipe, {each.id for each in install.plan.datasets}
    datasets = [each for each in recipe.datasets if each.id in chosen]
    return {install.place.dest / recipe.base(each) / each.folder for each in datasets}


def _leftovers(folder: Path, token: CancelToken, *, deep: bool = True) -> Iterator[Path]:
    waiting = [folder]
    while waiting:
        token.check()
        with contextlib.suppress(OSError), os.scandir(waiting.pop()) as entries:
            for entry in entries:
                if entry.name.startswith(_UNPACKING):
                    continue
                if entry.name.startswith(PARTIAL):
                    yield Path(entry.path)
                elif deep and entry.is_dir(follow_symlinks=False):
                    waiting.append(Path(entry.path))


def _remove(path: Path, before: float) -> int:
    """Delete one leftover, unless somebody made or renamed it after the moment."""
    try:
        found = path.lstat()
        if max(found.st_mtime, found.st_ctime) >= before:
            return 0
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path, ignore_errors=True)
        else:
            path.unlink()
    except OSError:
        return 0
    return 1


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
