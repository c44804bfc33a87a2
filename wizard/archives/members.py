"""What an archive was unpacked to: each file by itself, or all that one folder got in columns.

Columns take a tenth of the memory, and a folder is the unit in which disks are looked at.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Protocol

from msgspec import Struct


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
