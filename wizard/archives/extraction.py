"""What an archive was unpacked to, and whether it is still there."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path

from msgspec import Struct

from wizard.archives.disk import Present


class Member(Struct, frozen=True, array_like=True):
    """One unpacked file: its path below the folder, its size in bytes and its CRC-32."""

    path: str
    size: int
    crc32: int | None = None


class Extraction(Struct, frozen=True):
    """Everything one archive was unpacked to."""

    into: Path
    """Folder the members' paths start from."""
    members: tuple[Member, ...]

    @property
    def size(self) -> int:
        """Bytes in all members."""
        return sum(member.size for member in self.members)


class Gap(Struct, frozen=True):
    """One member that is not on disk as it was unpacked; ``found`` is its size there, or None."""

    member: Member
    found: int | None


def gaps(
    into: Path, members: Iterable[Member], *, settled: Callable[[str], bool] | None = None
) -> tuple[Gap, ...]:
    """Return the members missing below ``into`` or of another size, reading each folder once.

    ``settled`` says for a path that differs whether that is as it should be, for instance
    because a later step edits or consumes the file.
    """
    present = Present(into)
    wrong = (
        Gap(member, found)
        for member in members
        if (found := present.size(member.path)) != member.size
    )
    return tuple(gap for gap in wrong if settled is None or not settled(gap.member.path))
