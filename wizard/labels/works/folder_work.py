"""What works over annotation files and folders of labels share, and the names they wrote."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Protocol

from msgspec import Struct

from wizard.findings import Finding
from wizard.state.store import Store
from wizard.state.table import WRITTEN_NAMES
from wizard.work import Item

_Facts = tuple[int, int]
"""Size in bytes and latest change in nanoseconds."""


class HasItems(Protocol):
    """Anything that lists items."""

    def items(self) -> Sequence[Item]:
        """List every item."""
        ...


class FolderWork:
    """A work whose expected outputs are those of its items, and that leaves nothing to tidy."""

    __slots__ = ()

    def expected(self: HasItems) -> Iterator[tuple[str, ...]]:
        """Yield the outputs of each item."""
        for item in self.items():
            yield tuple(map(str, item.outputs))

    def start(self) -> tuple[Finding, ...]:
        """Forget what an earlier run read."""
        self.finish()
        return ()

    def finish(self) -> None:
        """Nothing is kept between items."""


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
