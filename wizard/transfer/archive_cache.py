"""What this machine already holds: proven archives by hash, and hashes by file_identity.

Both lists are hints kept in the user's state folder. A file named here is looked at again before
its bytes count, so that the same archive is never fetched twice for two collections and a stale
entry costs nothing but a look.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wizard.files import locked
from wizard.progress import CancelToken
from wizard.state.store import Store
from wizard.state.table import KNOWN_ARCHIVES, state_folder
from wizard.transfer.inbox import FileIdentity, file_identity, hash_file

_MOST = 4000
"""Entries kept; the oldest go first."""


class KnownFile(msgspec.Struct, frozen=True, kw_only=True):
    """One file as it was when it was read through."""

    path: str
    name: str
    """Name of the archive it was proven to be; empty for a file that was only hashed."""
    size: int
    mtime_ns: int
    inode: int
    hashes: dict[str, str]
    """Hexadecimal, by algorithm; always ``sha256``."""
    moment: float
    """Seconds since the epoch."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    files: tuple[KnownFile, ...] = ()


_STORE = Store(KNOWN_ARCHIVES, _File)


@dataclass(frozen=True, slots=True)
class ArchiveCache:
    """The list of files that were read through, shared by all installs of this user."""

    path: Path

    @classmethod
    def usual(cls) -> ArchiveCache:
        """Return the list at its usual place."""
        return cls(state_folder() / "archives.json")

    def files(self) -> tuple[KnownFile, ...]:
        """Return every entry; a missing or damaged list is empty."""
        file = _STORE.read(self.path)
        return file.files if file else ()

    def add(self, path: Path, hashes: Mapping[str, str], name: str = "") -> None:
        """Note a file that was read through just now; losing the note only costs time."""
        try:
            mark = file_identity(path)
            entry = KnownFile(
                path=str(path.absolute()),
                name=name,
                size=mark.size,
                mtime_ns=mark.mtime_ns,
                inode=mark.inode,
                hashes=dict(hashes),
                moment=time.time(),
            )
            with locked(self.path):
                others = tuple(each for each in self.files() if each.path != entry.path)
                _STORE.write(self.path, _File(files=(*others[-_MOST:], entry)))
        except OSError:
            return

    def hashes(
        self,
        path: Path,
        names: Iterable[str],
        token: CancelToken,
        on_bytes: Callable[[int], None] = lambda count: None,
    ) -> dict[str, str]:
        """Return hashes of a file, from the list when its file_identity still fits."""
        names = {"sha256", *names}
        known = self._known(path, file_identity(path))
        if known and names <= known.hashes.keys():
            on_bytes(known.size)
            return dict(known.hashes)
        hashes = hash_file(path, names, token, on_bytes)
        self.add(path, hashes, known.name if known else "")
        return hashes

    def find(self, wanted: Mapping[str, str]) -> tuple[Path, ...]:
        """List files that had one of the wanted hashes when last read, unchanged since."""
        found = [each for each in self.files() if _agrees(each, wanted)]
        return tuple(Path(each.path) for each in found if _unchanged(each))

    def _known(self, path: Path, mark: FileIdentity) -> KnownFile | None:
        place = str(path.absolute())
        for each in self.files():
            if each.path == place and _mark(each) == mark:
                return each
        return None


def _agrees(file: KnownFile, wanted: Mapping[str, str]) -> bool:
    shared = [name for name, value in wanted.items() if value and name in file.hashes]
    return bool(shared) and all(file.hashes[name] == wanted[name] for name in shared)


def _mark(file: KnownFile) -> FileIdentity:
    return FileIdentity(file.size, file.mtime_ns, file.inode)


def _unchanged(file: KnownFile) -> bool:
    try:
        return file_identity(Path(file.path)) == _mark(file)
    except OSError:
        return False
