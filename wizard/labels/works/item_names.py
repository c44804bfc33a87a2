"""Names that large annotation files give, kept so that looking need not read them again."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Sequence
from pathlib import Path

from msgspec import Struct

from wizard.state.store import Store
from wizard.state.table import WRITTEN_NAMES

_Facts = tuple[int, int]
"""Size in bytes and latest change in nanoseconds."""


class KeptNames(Struct, frozen=True):
    """What files were when they were read, by name, and the keys of the items they gave."""

    sources: dict[str, _Facts]
    keys: tuple[str, ...]


_STORE = Store(WRITTEN_NAMES, KeptNames)


def read_names(path: Path | None, *sources: Path) -> tuple[str, ...] | None:
    """Return the keys kept for sources, or None when there are none or a source changed.

    What was made of sources that are gone, some or all of them, stands for them.
    """
    kept = _STORE.read(path) if path else None
    return kept.keys if kept and _facts(sources).items() <= kept.sources.items() else None


def write_names(path: Path | None, keys: Iterable[str], *sources: Path) -> None:
    """Keep the keys of sources; ``path`` None keeps nothing."""
    facts = _facts(sources) if path else {}
    if path and facts:
        _STORE.write(path, KeptNames(facts, tuple(keys)))


def _facts(sources: Sequence[Path]) -> dict[str, _Facts]:
    """Return what the sources that are there look like now."""
    facts = {}
    for source in sources:
        with contextlib.suppress(OSError):
            status = source.stat()
            facts[source.name] = status.st_size, status.st_mtime_ns
    return facts
