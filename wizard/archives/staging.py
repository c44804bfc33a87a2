"""The hidden folder an archive is unpacked in before anything gets its final name, and the move."""

from __future__ import annotations

import errno
import hashlib
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

from msgspec import Struct

from wizard.archives.bounds import CHUNK
from wizard.archives.extraction import FolderMembers, Members
from wizard.archives.format import unreadable
from wizard.archives.ledger import Ledger
from wizard.errors import DestinationError, WizardError, reason_of
from wizard.files import PARTIAL, check_links, copy, is_own_folder, make_folder, unnamed_file
from wizard.foreign import open_foreign
from wizard.state.lines import Follows, LinedStore
from wizard.state.store import Store
from wizard.state.table import HANDED_OVER

_SAMPLES = 64
_SAMPLE = 4096


class _Head(Struct, frozen=True):
    follows: Follows | None = None


_HEADS = Store(HANDED_OVER, _Head)
_STORE = LinedStore(_HEADS, lambda head: head.follows, FolderMembers)


def archive_identity(archive: Path) -> str:
    """Return a cheap identity of an archive's content, the same wherever and whenever it lies.

    Hashes the size, 64 samples and the last MiB, where zip keeps every member's checksum and
    gzip the checksum of everything.
    """
    try:
        with open_foreign(archive) as file:
            return _digest(file.fileno())
    except OSError as error:
        raise unreadable(error, str(archive)) from error


def _digest(file: int) -> str:
    size = os.fstat(file).st_size
    digest = hashlib.sha256(str(size).encode())
    for sample in range(_SAMPLES):
        digest.update(os.pread(file, _SAMPLE, size * sample // _SAMPLES))
    digest.update(os.pread(file, CHUNK, max(0, size - CHUNK)))
    return digest.hexdigest()[:32]


class Staging:
    """Where the members of one archive wait, whole or not, until all of them are.

    It lies on the file system of the final folder: beside it while that does not exist, so that
    one rename can make it, inside it otherwise. Only this user may enter it. A run that was
    killed leaves it behind under a name that tells archive and layout, and the next run of the
    same unpacking goes on with it.
    """

    def __init__(self, into: Path, layout: str, content: str) -> None:
        self.into = into
        self._start = start = f"{PARTIAL}unpack-{hashlib.sha256(layout.encode()).hexdigest()[:10]}-"
        home = into if into.exists() else into.parent
        old = [*into.parent.glob(f"{start}*"), *into.glob(f"{start}*")]
        mine = [each for each in old if is_own_folder(each)]
        known = [each for each in mine if each.name.startswith(start + content[:16])]
        # A name nobody can make before us: whoever did would have us write where he likes.
        fresh = home / f"{start}{content[:16]}-{secrets.token_hex(4)}"
        self.folder = known[0] if known else fresh
        for other in mine:
            if other != self.folder:
                shutil.rmtree(other)
        self.tree = self.folder / "tree"
        self.scratch = self.folder / "scratch"
        self._members = self.folder / HANDED_OVER.name

    def open(self) -> None:
        """Make the folders, or find them as an earlier run left them."""
        if not is_own_folder(self.folder):
            make_folder(self.folder, 0o700)
        make_folder(self.tree)
        make_folder(self.scratch)

    def ledger(self, archive: str) -> Ledger:
        """Return a list for the members of an archive, which waits here where it grows long."""
        return Ledger(archive, lambda: unnamed_file(self.scratch))

    def hand_over(self, content: str, members: Members) -> None:
        """Leave a tree that lacks nothing to the next staging of this ``content``."""
        _STORE.write(self._members, members.folders, _Head)
        name = f"{self._start}{content[:16]}-{secrets.token_hex(4)}"
        self.folder.rename(self.folder.with_name(name))

    def handed_over(self) -> Iterator[FolderMembers]:
        """Yield what a tree that lacks nothing holds, in place or waiting; else nothing."""
        found = _STORE.read(self._members, lambda head: head.follows is not None)
        if found is not None:
            yield from _STORE.lines(found)

    def settle(self) -> None:
        """Give everything its final name and remove the staging folder."""
        if any(self.tree.iterdir()):
            move_into_place(self.tree, self.into)
        self.remove()

    def remove(self) -> None:
        """Take away the staging folder and all it holds."""
        shutil.rmtree(self.folder)


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
