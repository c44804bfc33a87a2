"""What an archive may cost before it is taken for a bomb: every bound in one place.

| bound | value | why |
|---|---|---|
| ``UnpackLimits.ratio`` | 250 | images and labels are compressed before they are packed; JSON tables stay below 100; deflate ends at 1032 |
| ``UnpackLimits.ratio_floor`` | 8 MiB | up to here a ratio says nothing and costs nothing |
| ``UnpackLimits.total`` | 4 TiB | the largest archive of any recipe unpacks to 1.3 TB |
| ``UnpackLimits.members`` | 20,000,000 | ImageNet-22K, the largest, has 14,197,122 |
| ``DIRECTORY_MOST`` | 256 MiB | a zip's table of contents in memory: two million members with names of 80 letters |
| ``META_MOST`` | 1 MiB | names and extended headers of one tar member; paths end at 4 kB |
| ``META_SHARE`` | 16 MiB, and a quarter of what was read | all of them: honest ones are a fraction of the data |
| ``PART_MOST``, ``PATH_MOST`` | 255 and 3,000 bytes | what file systems take, with room for the destination |
| ``DEPTH_MOST`` | 64 | folders in folders; the deepest set has 9 |
| ``NESTED_MOST`` | 3 | archives in archives; the deepest set has 2 |
| ``TEXT_MOST`` | 4 MiB | settings and notes beside the archives have a few lines |
| ``SMALL`` | 4 MiB | members read in one go; larger ones pass through in pieces |
| ``CHUNK`` | 1 MiB | bytes between two looks at whether to stop |
"""  # noqa: E501

from __future__ import annotations

from dataclasses import dataclass

from wizard.errors import ArchiveError

CHUNK = 1 << 20
SMALL = 4 * CHUNK
DIRECTORY_MOST = 256 * CHUNK
META_MOST = CHUNK
TEXT_MOST = 4 * CHUNK
META_SHARE = 16 * CHUNK
PART_MOST = 255
PATH_MOST = 3000
DEPTH_MOST = 64
NESTED_MOST = 3

_FROM_ITS_SITE = "This looks like an archive bomb. Delete it and fetch it from its own site."


@dataclass(frozen=True, slots=True)
class UnpackLimits:
    """Bounds no honest archive of images, labels and tables comes near; see the table above."""

    ratio: float = 250.0
    """Most bytes unpacked for each byte packed, of a member and of the archive as a whole."""
    ratio_floor: int = 8 * CHUNK
    """Unpacked bytes up to which the ratio is not looked at."""
    total: int = 4 << 40
    """Most bytes an archive may unpack to, with all archives inside."""
    members: int = 20_000_000
    """Most members an archive may hold, with all archives inside."""

    def check_ratio(self, unpacked: int, packed: int, *, archive: str, what: str) -> None:
        """Raise ``ArchiveError`` when ``what`` grows more than a real member does."""
        if unpacked > self.ratio_floor and unpacked > self.ratio * max(packed, 1):
            raise ArchiveError(
                f"{what} unpacks to {unpacked:,} bytes from {packed:,}, which no real data does",
                where=archive,
                hint=_FROM_ITS_SITE,
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


NO_LIMITS_STATED = UnpackLimits()
"""The bounds that hold when nothing is known of an archive."""
