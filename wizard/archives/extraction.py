"""What an archive was unpacked to, file by file or in columns of a folder, and whether it is there.

Columns take a tenth of the memory, and a folder is the unit in which disks are looked at.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from wizard.archives.deflate import crc32
from wizard.folders import entries_of, sizes_in
from wizard.foreign import open_foreign
from wizard.progress import CancelToken

_BLOCK = 1 << 20
_HELD = 200_000
"""Sizes in memory at most, as far as one folder does not hold more: about 40 MB."""


class Member(Struct, frozen=True, array_like=True):
    """One unpacked file: its path below the folder, its size in bytes and its CRC-32."""

    path: str
    size: int
    crc32: int | None = None


class FolderMembers(Struct, frozen=True, array_like=True):
    """The files one folder got, by name."""

    folder: str
    """POSIX path below where the archive is unpacked; empty for that folder itself."""
    joined: str
    """The names with a slash between each two, which no name has in it."""
    sizes: list[int]
    """In bytes."""
    sums: list[int | None]
    """CRC-32 of each."""

    @classmethod
    def of(cls, folder: str, files: Mapping[str, tuple[int, int | None]]) -> FolderMembers:
        """Return the columns of files given as size and checksum by name, in the names' order."""
        names = sorted(files)
        facts = [files[name] for name in names]
        return cls(folder, "/".join(names), [size for size, _ in facts], [crc for _, crc in facts])

    @property
    def names(self) -> list[str]:
        """The files' names."""
        return self.joined.split("/")

    def path(self, name: str) -> str:
        """Return the path of a file below where the archive is unpacked."""
        return f"{self.folder}/{name}" if self.folder else name

    def __iter__(self) -> Iterator[Member]:
        """Yield every file."""
        for name, size, crc in zip(self.names, self.sizes, self.sums, strict=True):
            yield Member(self.path(name), size, crc)


class Members(Protocol):
    """All files of an archive, however many there are."""

    def folders(self) -> Iterable[FolderMembers]:
        """Yield what each folder got; folders in order, each once."""
        ...

    def __iter__(self) -> Iterator[Member]:
        """Yield every file."""
        ...

    def __len__(self) -> int:
        """Return how many there are."""
        ...


def by_folder(members: Iterable[Member]) -> list[FolderMembers]:
    """Return what each folder got of some files."""
    folders: dict[str, dict[str, tuple[int, int | None]]] = {}
    for member in members:
        folder, _, name = member.path.rpartition("/")
        folders.setdefault(folder, {})[name] = (member.size, member.crc32)
    return [FolderMembers.of(folder, folders[folder]) for folder in sorted(folders)]


class Present:
    """Sizes of the files below a folder; a folder is read once, when first asked about.

    Where more is asked about than is held, files of the folders read first are looked at one by
    one.
    """

    def __init__(self, root: Path, *, held: int = _HELD) -> None:
        self._root = str(root)
        self._most = held
        self._held = 0
        self._folders: dict[str, dict[str, int]] = {}
        self._dropped: set[str] = set()

    def size(self, path: str) -> int | None:
        """Return the size in bytes of the file at a POSIX path below the root, or None."""
        folder, _, name = path.rpartition("/")
        files = self._folders.get(folder)
        if files is None:
            if folder in self._dropped:
                return _size_of(f"{self._root}/{path}")
            files = self._read(folder)
        return files.get(name)

    def _read(self, folder: str) -> dict[str, int]:
        if self._held >= self._most:
            self._dropped.update(each for each, files in self._folders.items() if files)
            self._folders = {each: files for each, files in self._folders.items() if not files}
            self._held = 0
        files = self._folders[folder] = sizes_in(f"{self._root}/{folder}")
        self._held += len(files)
        return files


def _size_of(path: str) -> int | None:
    try:
        found = os.stat(path)  # noqa: PTH116 (a text, as millions are asked about)
    except (FileNotFoundError, NotADirectoryError):
        return None
    return found.st_size if stat.S_ISREG(found.st_mode) else None


class Extraction(Struct, frozen=True):
    """Everything one archive was unpacked to."""

    into: Path
    """Folder the members' paths start from."""
    members: Members
    packed: str = ""
    """In words, how the archive was packed otherwise than expected; told to people."""

    @property
    def size(self) -> int:
        """Bytes in all members."""
        return sum(sum(each.sizes) for each in self.members.folders())


def missing_members(
    into: Path, folders: Iterable[FolderMembers], *, settled: Callable[[str], bool] | None = None
) -> Iterator[Member]:
    """Yield the members missing below ``into`` or of another size, with one look at each folder.

    ``settled`` says for a path that differs whether that is as it should be, for instance
    because a later step edits or consumes the file. Every file's size is asked for anew: no time
    of a folder tells of a file in it that was emptied or written over.
    """
    for each in folders:
        found = sizes_in(f"{into}/{each.folder}")
        if list(map(found.get, each.names)) == each.sizes:
            continue
        for member in each:
            name = member.path.rpartition("/")[2]
            if found.get(name) != member.size and not (settled and settled(member.path)):
                yield member


def altered_members(
    into: Path,
    folders: Iterable[FolderMembers],
    since: int,
    *,
    left_out: Callable[[str], bool] | None = None,
    token: CancelToken | None = None,
) -> Iterator[Path]:
    """Yield the members that hold other bytes than when they were unpacked, told by checksum.

    Only files that changed in any way at or after ``since``, nanoseconds, are read: the system
    keeps the moment of the latest change whatever a program sets a file's own time to. Members
    ``left_out`` may differ.
    """
    for each in folders:
        moved = set(_moved(f"{into}/{each.folder}", since))
        for member in each if moved else ():
            if member.crc32 is None or member.path.rpartition("/")[2] not in moved:
                continue
            if left_out is not None and left_out(member.path):
                continue
            if token is not None:
                token.check()
            path = into / member.path
            if file_crc32(path) != member.crc32:
                yield path


def _moved(folder: str, since: int) -> Iterator[str]:
    """Yield the names of the files in a folder, links left out, that changed since a moment."""
    with entries_of(folder) as entries:
        for entry in entries:
            try:
                found = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if max(found.st_mtime_ns, found.st_ctime_ns) >= since and stat.S_ISREG(found.st_mode):
                yield entry.name


def file_crc32(path: Path) -> int | None:
    """Return a file's CRC-32, None for one that cannot be read."""
    crc = 0
    try:
        with open_foreign(path) as file:
            while block := file.read(_BLOCK):
                crc = crc32(block, crc)
    except OSError:
        return None
    return crc
