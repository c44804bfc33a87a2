"""Disks that run full: how it shows, and when to try again."""

from __future__ import annotations

import errno
import shutil
from collections.abc import Iterator
from pathlib import Path

from wizard import figures
from wizard.engine.views import Need
from wizard.transfer.errors import AllMirrorsFailed, DiskFull

RECHECK = 5.0
"""Seconds between two looks at the free space."""
ENOUGH_MORE = 1 << 20
"""Bytes that must have become free before a step is tried again at once."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


def is_disk_full(error: BaseException) -> bool:
    """Whether an error, or anything that led to it, is a full disk or quota."""
    return any(
        isinstance(each, DiskFull) or (isinstance(each, OSError) and each.errno in _FULL)
        for each in _chain(error)
    )


def _chain(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and all that led to it, each once: such chains can be rings."""
    seen: set[int] = set()
    left: list[BaseException | None] = [error]
    while left:
        each = left.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        yield each
        left += [each.__cause__, each.__context__]
        left += each.causes if isinstance(each, AllMirrorsFailed) else ()


def free_bytes(path: Path) -> int:
    """Return what the file system of the nearest existing folder has left for us; 0 if unknown."""
    while not path.exists() and path != path.parent:
        path = path.parent
    try:
        return shutil.disk_usage(path).free
    except OSError:
        return 0


def space_need(dest: Path, free: int) -> Need:
    """Return what a person is asked when the disk is full."""
    return Need(
        kind="space",
        ask=f"The disk of {dest} is full ({figures.size(free)} left).",
        how="Free some space; the step goes on by itself once there is more.\n"
        "Archives of finished datasets can be deleted: segwizard run ... --delete-archives.",
    )
