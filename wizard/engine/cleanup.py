"""Clearing away the temporary files of a run that was killed."""

from __future__ import annotations

import contextlib
import itertools
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from wizard.files import PARTIAL, make_folder, open_ours
from wizard.progress import CancelToken
from wizard.state.shards import shards_folder
from wizard.steps.install import Install
from wizard.steps.step import Place

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
