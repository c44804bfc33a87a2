"""Names that a large annotation file gives, kept so that looking need not read it again."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
from msgspec import Struct

from wizard.files import write_whole


class Roll(Struct, frozen=True):
    """What one file was when it was read, and the keys of the items it gave."""

    size: int
    modified: int
    """Nanoseconds."""
    keys: tuple[str, ...]


def read_roll(path: Path | None, source: Path) -> tuple[str, ...] | None:
    """Return the keys kept for a source, or None when there are none or the source changed.

    What was made of a source that is gone stands for it.
    """
    try:
        roll = msgspec.json.decode(path.read_bytes(), type=Roll) if path else None
    except (OSError, msgspec.DecodeError):
        return None
    try:
        facts = source.stat()
    except OSError:
        return roll.keys if roll else None
    if roll is None or (roll.size, roll.modified) != (facts.st_size, facts.st_mtime_ns):
        return None
    return roll.keys


def write_roll(path: Path | None, source: Path, keys: Iterable[str]) -> None:
    """Keep the keys of a source; ``path`` None keeps nothing."""
    if path is None:
        return
    facts = source.stat()
    write_whole(path, msgspec.json.encode(Roll(facts.st_size, facts.st_mtime_ns, tuple(keys))))
