"""Labels that take their time and nothing else; in a module, so that they travel to workers."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.findings import Finding
from wizard.work import Item, Report

PAUSE = 0.03
"""Seconds a label takes: about that of a street scene of two million pixels."""


@dataclass(frozen=True, slots=True)
class Pauses:
    """Labels that are pauses, with the names that real ones have."""

    count: int
    unit: str = "labels"

    def items(self) -> Sequence[Item]:
        """As many items as asked for."""
        place = "/data/install/mseg_dataset/MapillaryVistasPublic"
        return [
            Item(
                f"MapillaryVistasPublic/training/labels/image_{row:07}.png",
                (Path(f"{place}/training/mseg/image_{row:07}_relabeled.png"),),
            )
            for row in range(self.count)
        ]

    def expected(self) -> Iterator[tuple[str, ...]]:
        """Nothing is looked at."""
        return iter(())

    def start(self) -> tuple[Finding, ...]:
        """There is nothing to prepare."""
        return ()

    def process(self, item: Item) -> Report:
        """Let the time of a label pass."""
        time.sleep(PAUSE)
        return Report()

    def finish(self) -> None:
        """There is nothing to put away."""
