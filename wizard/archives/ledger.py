"""The members of an unpacking under way: every path once, in memory that does not grow with them.

What came longest ago waits in a file, grouped by folder, and is read again only where a path may be
in it: a filter of bits knows nearly every path that is new.
"""

from __future__ import annotations

from array import array
from collections.abc import Callable, Iterable, Iterator
from typing import BinaryIO

import msgspec

from wizard.archives.extraction import FolderMembers, Member
from wizard.errors import ArchiveError

_HELD = 100_000
"""Members in memory at most: about 30 MB."""
_BITS = 1 << 28
"""Of the filter, 32 MiB: of 14 million members two in a thousand are looked up in vain."""

_Files = dict[str, tuple[int, int | None]]


class Ledger:
    """Which paths members took, so that no two of them meet under one name."""

    def __init__(
        self, archive: str, spool: Callable[[], BinaryIO], *, held: int = _HELD, bits: int = _BITS
    ) -> None:
        """Keep at most ``held`` members in memory, the others in the file that ``spool`` opens.

        ``archive`` is what errors name.
        """
        self.archive = archive
        self._open_spool = spool
        self._most = held
        self._spool: BinaryIO | None = None
        self._seen = _Filter(bits)
        self._open: dict[str, _Files] = {}
        self._held = 0
        self._count = 0
        self._chunks: dict[str, array[int]] = {}
        self._folders: set[str] = {""}

    def __del__(self) -> None:
        """Close the file, which nothing else can reach."""
        if self._spool is not None:
            self._spool.close()

    def __len__(self) -> int:
        """Return how many members there are."""
        return self._count

    def taken(self, path: str) -> bool:
        """Tell whether a member has that path already."""
        return self._known(path) is not None

    def claim(self, path: str, size: int, crc32: int | None) -> bool:
        """Take a path; returns False when a member of the same content already has it.

        Raises ``ArchiveError`` when its content differs, or when the path is both a file and a
        folder.
        """
        known = self._known(path)
        if known == (size, crc32):
            return False
        if known is not None:
            raise self._collision(path, "is in it more than once, each time another")
        folder, _, name = path.rpartition("/")
        self._claim_folders(folder)
        if path in self._folders:
            raise self._collision(path, "is both a file and a folder in it")
        if self._held >= self._most:
            self._put_by()
        self._open.setdefault(folder, {})[name] = (size, crc32)
        self._held += 1
        self._count += 1
        return True

    def take_over(self, folders: Iterable[FolderMembers]) -> None:
        """Claim what was written down of an unpacking; raises ``ArchiveError``."""
        for each in folders:
            for member in each:
                self.claim(member.path, member.size, member.crc32)

    def folders(self) -> Iterator[FolderMembers]:
        """Yield what each folder got; folders and names in order."""
        for folder in sorted(self._open.keys() | self._chunks.keys()):
            yield FolderMembers.of(folder, self._put_by_of(folder) | self._open.get(folder, {}))

    def __iter__(self) -> Iterator[Member]:
        """Yield every member."""
        for each in self.folders():
            yield from each

    def _known(self, path: str) -> tuple[int, int | None] | None:
        folder, _, name = path.rpartition("/")
        files = self._open.get(folder)
        if files is not None and name in files:
            return files[name]
        if folder in self._chunks and path in self._seen:
            return self._put_by_of(folder).get(name)
        return None

    def _claim_folders(self, folder: str) -> None:
        fresh = []
        while folder not in self._folders:
            if self.taken(folder):
                raise self._collision(folder, "is both a file and a folder in it")
            fresh.append(folder)
            folder = folder.rpartition("/")[0]
        self._folders.update(fresh)

    def _put_by(self) -> None:
        """Move what is in memory to the file."""
        if self._spool is None:
            self._spool = self._open_spool()
        place = self._spool.seek(0, 2)
        for folder, files in self._open.items():
            group = FolderMembers.of(folder, files)
            for name in files:
                self._seen.add(group.path(name))
            self._chunks.setdefault(folder, array("Q")).append(place)
            place += self._spool.write(msgspec.json.encode(group) + b"\n")
        self._open.clear()
        self._held = 0

    def _put_by_of(self, folder: str) -> _Files:
        found: _Files = {}
        for place in self._chunks.get(folder, ()):
            if self._spool is not None:
                self._spool.seek(place)
                group = msgspec.json.decode(self._spool.readline(), type=FolderMembers)
                facts = zip(group.sizes, group.sums, strict=True)
                found.update(zip(group.names, facts, strict=True))
        return found

    def _collision(self, path: str, what: str) -> ArchiveError:
        return ArchiveError(
            f"member {path!r} {what}",
            where=self.archive,
            hint="It is damaged or not the published archive. Delete it and fetch it again.",
        )


class _Filter:
    """A set of texts that says of a few others, too, that they are in it."""

    def __init__(self, bits: int) -> None:
        self._mask = bits - 1
        self._size = bits >> 3
        self._bits = bytearray()

    def add(self, text: str) -> None:
        """Take a text in."""
        if not self._bits:
            self._bits = bytearray(self._size)
        for place in self._places(text):
            self._bits[place >> 3] |= 1 << (place & 7)

    def __contains__(self, text: str) -> bool:
        """Tell whether a text may be in it."""
        if not self._bits:
            return False
        return all(self._bits[place >> 3] & 1 << (place & 7) for place in self._places(text))

    def _places(self, text: str) -> tuple[int, int, int, int]:
        first = hash(text)
        step = (first >> 32) | 1
        mask = self._mask
        return (
            first & mask,
            first + step & mask,
            first + 2 * step & mask,
            first + 3 * step & mask,
        )
