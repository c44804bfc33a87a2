"""Labels through a fixed table of 256 values that a recipe writes down."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wizard.errors import RecipeError
from wizard.labels.pixels.png import write_label
from wizard.labels.specs.taxonomies import VALUE_ENTRY, Lookup
from wizard.labels.works.derived import SourceItem, read_label
from wizard.labels.works.folder_work import FolderWork
from wizard.work import Report


@dataclass(frozen=True, slots=True)
class LookupWork(FolderWork):
    """Write the labels that ``spec.sources`` matches through its table."""

    root: Path
    spec: Lookup
    unit: str = field(default="images", init=False)

    def items(self) -> Sequence[SourceItem]:
        """List the labels; raises ``RecipeError`` for a table that is not the published one."""
        value_table(self.spec.values, self.spec.other, self.spec.sha256)
        return [
            self._item(path)
            for path in sorted(self.root.glob(self.spec.sources))
            if path.name.endswith(self.spec.replace[0]) and not self._is_skipped(path)
        ]

    def process(self, item: SourceItem) -> Report:
        """Write one label; raises ``LabelError`` for a damaged one."""
        table = value_table(self.spec.values, self.spec.other, self.spec.sha256)
        write_label(item.outputs[0], table[read_label(item.source)])
        return Report()

    def _is_skipped(self, path: Path) -> bool:
        return bool(self.spec.skip) and self.spec.skip in path.name

    def _item(self, path: Path) -> SourceItem:
        old, new = self.spec.replace
        below = path.relative_to(self.root / self.spec.folder)
        target = self.root / (self.spec.into or self.spec.folder) / below
        name = target.name.removesuffix(old) + new
        return SourceItem(str(below), (target.with_name(name),), path)


def value_table(
    values: Mapping[str, int], other: int | None = None, sha256: str = ""
) -> NDArray[np.uint8]:
    """Return the table as uint8 (256,): single values, ranges, and all others.

    Raises ``RecipeError`` for a malformed entry or a table whose hash is not the stated one.
    """
    table = np.arange(256) if other is None else np.full(256, other)
    for key, first in values.items():
        entry = VALUE_ENTRY.fullmatch(key)
        if entry is None:
            raise RecipeError(f"{key!r} is neither a value nor a range such as 80-170")
        start, stop = int(entry[1]), int(entry[3] or entry[1]) + 1
        if not start < stop <= len(table):
            raise RecipeError(f"{key!r} leads out of 0-255")
        table[start:stop] = first if entry[2] == ".." else range(first, first + stop - start)
    if table.min() < 0 or table.max() > 255:
        raise RecipeError("a table of labels holds values from 0 to 255")
    narrow = table.astype(np.uint8)
    if sha256 and hashlib.sha256(narrow.tobytes()).hexdigest() != sha256:
        raise RecipeError("this table of values is not the published one: its sha256 differs")
    return narrow
