"""Moving an unpacked tree to its place, and saying what the disk refused meanwhile."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from wizard.errors import DestinationError, WizardError, reason_of
from wizard.files import check_links, copy, make_folder


def move_into_place(source: Path, target: Path) -> None:
    """Move a folder to its place in as few renames as can be, merging with what is there.

    A folder that is not there yet takes one rename however much it holds; files of the same name
    are replaced. Killed anywhere, what has moved is whole and the rest is still in ``source``.
    Raises ``DestinationError`` where a file and a folder meet under one name.
    """
    make_folder(target.parent)
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            _refuse_meeting(target)
            raise
        check_links(target)
        with os.scandir(source) as entries:
            children = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_folder in children:
            (move_into_place if is_folder else _replace)(source / name, target / name)
        source.rmdir()


def _replace(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            _refuse_meeting(target)
            raise
        copy(source, target)
        source.unlink()


def _refuse_meeting(target: Path) -> None:
    if target.exists():
        what = "a folder where a file" if target.is_dir() else "a file where a folder"
        raise DestinationError(
            f"is {what} has to go", where=str(target), hint="Move it away and run again."
        )


def disk_error(error: OSError, into: Path) -> WizardError:
    """Say what the operating system refused while files were being written."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        free = shutil.disk_usage(_existing(into)).free
        return DestinationError(
            f"the disk is full: {free:,} bytes are free",
            where=str(into),
            hint="Free some space (or inodes: df -i) and run again; nothing unpacked is lost.",
        )
    return DestinationError(
        f"cannot write here: {reason_of(error)}",
        where=os.fsdecode(error.filename or into),
        hint="Check the folder's owner and permissions, and what stands in the way, and run again.",
    )


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())
