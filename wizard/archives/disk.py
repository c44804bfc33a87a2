"""What lies on disk, one look per folder instead of one per file."""

from __future__ import annotations

import errno
import os
import shutil
from pathlib import Path

from wizard.errors import DestinationError, WizardError
from wizard.files import whole


class Present:
    """Sizes of the files below a folder; each folder is read once, when first asked about."""

    def __init__(self, root: Path) -> None:
        self._root = str(root)
        self._folders: dict[str, dict[str, int]] = {}

    def size(self, path: str) -> int | None:
        """Return the size in bytes of the file at a POSIX path below the root, or None."""
        folder, _, name = path.rpartition("/")
        files = self._folders.get(folder)
        if files is None:
            files = self._folders[folder] = _sizes(f"{self._root}/{folder}")
        return files.get(name)


def _sizes(folder: str) -> dict[str, int]:
    """Map file names in one folder to sizes in bytes; nothing when there is no such folder."""
    try:
        with os.scandir(folder) as entries:
            return {entry.name: entry.stat().st_size for entry in entries if entry.is_file()}
    except (FileNotFoundError, NotADirectoryError):
        return {}


def settle(source: Path, target: Path) -> None:
    """Move a folder to its place in as few renames as can be, merging with what is there.

    A folder that is not there yet takes one rename however much it holds; files of the same name
    are replaced. Killed anywhere, what has moved is whole and the rest is still in ``source``.
    Raises ``DestinationError`` where a file and a folder meet under one name.
    """
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        source.rename(target)
    except OSError:
        if not target.is_dir():
            _refuse_meeting(target)
            raise
        with os.scandir(source) as entries:
            children = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
        for name, is_folder in children:
            (settle if is_folder else _replace)(source / name, target / name)
        source.rmdir()


def _replace(source: Path, target: Path) -> None:
    try:
        source.replace(target)
    except OSError as error:
        if error.errno != errno.EXDEV:
            _refuse_meeting(target)
            raise
        with whole(target) as partial:
            shutil.copyfile(source, partial)
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
        f"cannot write here: {error.strerror or error}",
        where=os.fsdecode(error.filename or into),
        hint="Check the folder's owner and permissions, and what stands in the way, and run again.",
    )


def _existing(path: Path) -> Path:
    return next(each for each in (path, *path.parents) if each.exists())
