"""Disks that run full: how it shows, and when to try again."""

from __future__ import annotations

import errno
import os
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard import figures
from wizard.plan.volume import existing
from wizard.transfer.errors import AllMirrorsFailed, DiskFull
from wizard.views import Request

SPACE_RECHECK = 5.0
"""Seconds between two looks at the free space."""
ENOUGH_MORE = 1 << 20
"""Bytes that must have become free before a step is tried again at once."""
ENOUGH_FILES = 100
"""The same for files, where only so many are allowed."""
_FULL = frozenset({errno.ENOSPC, errno.EDQUOT})


@dataclass(frozen=True, slots=True)
class Room:
    """What a file system has left."""

    bytes: int = 0
    files: int | None = None
    """None where files are not limited in number."""

    def exceeds(self, before: Room) -> bool:
        """Whether so much more is free than ``before`` that a full disk is worth another try."""
        if self.bytes >= before.bytes + ENOUGH_MORE:
            return True
        return (self.files or 0) >= (before.files or 0) + ENOUGH_FILES


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
    try:
        return shutil.disk_usage(existing(path)).free
    except OSError:
        return 0


def room(path: Path) -> Room:
    """Return what is left for us there, in bytes and in files."""
    try:
        status = os.statvfs(existing(path))
    except OSError:
        return Room(free_bytes(path))
    return Room(free_bytes(path), status.f_favail if status.f_files else None)


def _what_is_full(error: BaseException, dest: Path, left: Room) -> str:
    free = figures.size(left.bytes)
    if any(isinstance(each, OSError) and each.errno == errno.EDQUOT for each in _chain(error)):
        return f"Your quota on the disk of {dest} is used up (the disk itself has {free} left)."
    if left.files is not None and left.files < ENOUGH_FILES and left.bytes >= ENOUGH_MORE:
        return f"The disk of {dest} takes no more files (inodes), though {free} are free."
    return f"The disk of {dest} is full ({free} left)."


def space_need(error: BaseException, dest: Path, left: Room) -> Request:
    """Return what a person is asked when an error says that there is no room."""
    return Request(
        kind="space",
        ask=_what_is_full(error, dest, left),
        how="Free some space; the step goes on by itself once there is more.\n"
        "Archives of finished datasets can be deleted: segwizard run ... --delete-archives.",
    )
