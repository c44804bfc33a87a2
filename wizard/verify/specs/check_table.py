"""What every kind of check has in common."""

from __future__ import annotations

from msgspec import Struct


class CheckTable(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="check"):
    """Base of every check."""

    why: str = ""
    """What goes wrong in training when this does not hold; shown as the hint."""
    also: tuple[int, ...] = ()
    """More numbers that are known to be right where this one counts files or lines."""
    by_alternative: dict[str, int] = {}
    """The number by the way the files come, for ``count``."""
