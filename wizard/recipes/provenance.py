"""Where an archive can be had and what is known of its bytes, each with who says so."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

PUBLISHER = "publisher"
"""Stands in ``by`` for those who made the data, or the host they publish it on."""

Confidence = Literal["high", "medium", "low"]
"""High where the publisher says it or two sources agree; low where something speaks against it."""


class ArchiveAddress(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One address of an archive, with when it was last seen to answer or not.

    Dates are ``YYYY``, ``YYYY-MM`` or ``YYYY-MM-DD``, as exact as the report.
    """

    url: str
    copy: str = ""
    """Whose copy it is; empty for the publisher's own."""
    alive: str = ""
    dead: str = ""
    by: str = ""
    """Where that was reported, such as ``owner/repository#1``."""
    note: str = ""

    @property
    def gone(self) -> bool:
        """Whether the last report says that nothing is there any more."""
        return bool(self.dead) and self.dead >= self.alive

    @property
    def told(self) -> str:
        """The last report in words, empty where there is none."""
        state = f"reported gone {self.dead}" if self.gone else f"reported alive {self.alive}"
        if not (self.dead or self.alive):
            return ""
        return f"{state} by {self.by}" if self.by else state


class Statement(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What its sources state of an archive's bytes; hashes are lower-case hexadecimal."""

    by: tuple[str, ...]
    size: int | None = None
    md5: str = ""
    sha1: str = ""
    sha256: str = ""
    doubt: str = ""
    """What speaks against it."""

    @property
    def hashes(self) -> dict[str, str]:
        """The hashes stated, by algorithm."""
        known = {"sha256": self.sha256, "sha1": self.sha1, "md5": self.md5}
        return {name: value for name, value in known.items() if value}

    @property
    def confidence(self) -> Confidence:
        """How much it can be relied on."""
        if self.doubt:
            return "low"
        return "high" if PUBLISHER in self.by or len(set(self.by)) > 1 else "medium"

    @property
    def decides(self) -> bool:
        """Whether files that differ are refused; otherwise the difference is only told."""
        return self.confidence == "high"
