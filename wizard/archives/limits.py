"""How much an archive may unpack to before it is taken for a bomb."""

from __future__ import annotations

from dataclasses import dataclass

from wizard.errors import ArchiveError

MIB = 1 << 20


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds no honest archive of images, labels and tables comes near.

    Deflate cannot shrink data more than 1032 times; images and labels are compressed before
    they are packed, so even their JSON tables stay below 100.
    """

    ratio: float = 250.0
    """Most bytes unpacked for each byte packed, of a member and of the archive as a whole."""
    ratio_floor: int = 8 * MIB
    """Unpacked bytes up to which the ratio is not looked at."""
    total: int = 4 << 40
    """Most bytes an archive may unpack to."""
    members: int = 20_000_000
    """Most members an archive may hold."""

    def check_ratio(self, unpacked: int, packed: int, *, archive: str, what: str) -> None:
        """Raise ``ArchiveError`` when ``what`` grows more than a real member does."""
        if unpacked > self.ratio_floor and unpacked > self.ratio * max(packed, 1):
            raise ArchiveError(
                f"{what} unpacks to {unpacked:,} bytes from {packed:,}, which no real data does",
                where=archive,
                hint="This looks like an archive bomb. Delete it and fetch it from its own site.",
            )

    def check_total(self, unpacked: int, members: int, *, archive: str) -> None:
        """Raise ``ArchiveError`` when the archive as a whole is larger than it may be."""
        if unpacked > self.total or members > self.members:
            raise ArchiveError(
                f"unpacks to {unpacked:,} bytes in {members:,} members; "
                f"at most {self.total:,} bytes are expected of it",
                where=archive,
                hint="It is not the archive the recipe means. Check where it came from.",
            )


NO_LIMITS_STATED = Limits()
"""The bounds that hold when nothing is known of an archive."""
