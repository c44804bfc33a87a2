"""Names that large annotation files give, kept so that looking need not read them again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from wizard.files import write_whole


class Roll(Struct, frozen=True):
    """What files were when they were read, and the keys of the items they gave."""

    size: int
    """Bytes, of all together."""
    modified: int
    """Nanoseconds, of the latest."""
    keys: tuple[str, ...]


def read_roll(path: Path | None, *sources: Path) -> tuple[str, ...] | None:
    """Return the keys kept for sources, or None when there are none or a source changed.

    What was made of sources that are gone stands for them.
    """
    try:
        roll = msgspec.json.decode(path.read_bytes(), type=Roll) if path else None
    except (OSError, msgspec.DecodeError):
        return None
    try:
        facts = _facts(sources)
    except OSError:
        return roll.keys if roll else None
    return roll.keys if roll and facts in (None, (roll.size, roll.modified)) else None


def write_roll(path: Path | None, keys: Iterable[str], *sources: Path) -> None:
    """Keep the keys of sources; ``path`` None keeps nothing."""
    facts = _facts(sources) if path else None
    if path and facts:
        write_whole(path, msgspec.json.encode(Roll(*facts, tuple(keys))))


def _facts(sources: tuple[Path, ...]) -> tuple[int, int] | None:
    """Return size and latest change of all sources, None of none; raises ``OSError``."""
    found = [source.stat() for source in sources]
    if not found:
        return None
    return sum(each.st_size for each in found), max(each.st_mtime_ns for each in found)
