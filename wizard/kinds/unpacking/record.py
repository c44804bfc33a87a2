"""What is written down of an unpacked archive: which one it was, and what each folder got of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wizard.archives.extraction import FolderMembers, Member, Members, by_folder
from wizard.state.lines import Follows, KeptLines, LinedStore
from wizard.state.store import Store, copy_of
from wizard.state.table import UNPACKED


class ExtractProof(msgspec.Struct, frozen=True, kw_only=True):
    """What an archive was unpacked to, and which archive that was."""

    layout: str
    """Hash of where the recipe put members then."""
    fingerprint: str
    content: str = ""
    """Hash of the members, by which labels know what they were made from."""
    count: int = 0
    follows: Follows | None = None
    """The lines after this one, one a folder."""
    members: tuple[Member, ...] = ()
    """The members themselves, in a record of the first version."""


_HEADS = Store(UNPACKED, ExtractProof)
_RECORDS = LinedStore(_HEADS, lambda head: head.follows, FolderMembers)


@dataclass(frozen=True, slots=True)
class UnpackingRecord:
    """A record that is sound; its members are read folder by folder, each time they are asked for.

    All that asks raises ``DestinationError`` when the file is harmed meanwhile.
    """

    found: KeptLines[ExtractProof]

    @property
    def fingerprint(self) -> str:
        """What the archive was told by."""
        return self.found.head.fingerprint

    @property
    def content(self) -> str:
        """Hash of the members."""
        return self.found.head.content

    def __len__(self) -> int:
        """Return how many members there are."""
        return self.found.head.count or len(self.found.head.members)

    def folders(self) -> Iterator[FolderMembers]:
        """Yield what each folder got."""
        yield from by_folder(self.found.head.members)
        yield from _RECORDS.lines(self.found)

    def __iter__(self) -> Iterator[Member]:
        """Yield every member."""
        for each in self.folders():
            yield from each

    def among(self, paths: Collection[str]) -> Iterator[Member]:
        """Yield those members that lie at some paths."""
        wanted: dict[str, set[str]] = {}
        for path in paths:
            folder, _, name = path.rpartition("/")
            wanted.setdefault(folder, set()).add(name)
        for each in self.folders() if wanted else ():
            if not wanted.get(each.folder, set()).isdisjoint(each.names):
                yield from (member for member in each if member.path in paths)


def read_unpacking(path: Path, layout: str) -> UnpackingRecord | None:
    """Return the record at a path, or in its copy, of members that were put where they go now."""
    found = _RECORDS.read(path, lambda head: head.layout == layout)
    return UnpackingRecord(found) if found else None


def write_unpacking(
    path: Path, members: Members, *, layout: str, fingerprint: str, content: str
) -> None:
    """Write down what an archive was unpacked to; without ``content`` that is what lines say."""

    def head(follows: Follows) -> ExtractProof:
        return ExtractProof(
            layout=layout,
            fingerprint=fingerprint,
            content=content or follows.sha256,
            count=len(members),
            follows=follows,
        )

    _RECORDS.write(path, members.folders, head)


def moment_of(path: Path) -> int:
    """Return when a record was written, in nanoseconds, whatever became of one of the two."""
    files = (path, copy_of(path))
    return min((each.stat().st_mtime_ns for each in files if each.is_file()), default=0)
