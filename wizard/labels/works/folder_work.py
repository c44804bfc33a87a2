"""What works over annotation files and folders of labels share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Protocol

from wizard.findings import Finding
from wizard.work import Item


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
