"""Works that make label folders of pickles or by a table, and edges and loss weights of these."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError, RecipeError
from wizard.files import write_whole
from wizard.findings import Finding
from wizard.labels.drawing.boundary_weights import ReadyWeights, check_stored, edges, write_weights
from wizard.labels.lazy import Lazy
from wizard.labels.pixels.decode import read_values
from wizard.labels.pixels.png import write_label
from wizard.labels.specs.conversions import BoundaryWeights, Edges, PickledLabels
from wizard.labels.specs.taxonomies import VALUE_ENTRY, Lookup
from wizard.labels.tables.lists import TableText
from wizard.labels.works.folder_work import FolderWork, read_names, write_names
from wizard.labels.works.pickled import read_pickled
from wizard.work import Item, Report


@dataclass(frozen=True, slots=True)
class SourceItem(Item):
    """An item made from one label image."""

    source: Path = Path()


@dataclass(frozen=True, slots=True)
class PickledWork(FolderWork):
    """Write every label image of a pickle as a PNG named after its id."""

    root: Path
    spec: PickledLabels
    kept: Path | None = None
    """File to keep the images' names in: a pickle has to be read whole to list them."""
    unit: str = field(default="images", init=False)
    _images: Lazy[dict[str, NDArray[np.uint8]]] = field(
        default_factory=Lazy, repr=False, compare=False
    )

    def items(self) -> Sequence[Item]:
        """List the images; raises ``LabelError`` for a file that cannot be trusted."""
        into = self.root / self.spec.into
        return [Item(name, (into / f"{name}.png",)) for name in self._read()]

    def expected(self) -> Iterator[tuple[str, ...]]:
        """Yield the output of each image."""
        names = read_names(self.kept, self.root / self.spec.file)
        into = self.root / self.spec.into
        for name in self._read() if names is None else names:
            yield (str(into / f"{name}.png"),)

    def start(self) -> tuple[Finding, ...]:
        """Forget what an earlier run read."""
        self._images.drop()
        return ()

    def process(self, item: Item) -> Report:
        """Write one image."""
        write_label(item.outputs[0], self._read()[item.key])
        return Report()

    def finish(self) -> None:
        """Keep the names and free the images."""
        source = self.root / self.spec.file
        if read_names(self.kept, source) is None:
            write_names(self.kept, self._read(), source)
        self._images.drop()

    def _read(self) -> dict[str, NDArray[np.uint8]]:
        path = self.root / self.spec.file
        return self._images.get(
            lambda: {self._name(number): image for number, image in read_pickled(path).items()}
        )

    def _name(self, number: int) -> str:
        found = re.fullmatch(self.spec.name, str(number))
        if found is None:
            raise LabelError(f"image id {number} has no name by {self.spec.name}", cause="bad-id")
        return "_".join(found.groups())


@dataclass(frozen=True, slots=True)
class EdgeWork(FolderWork):
    """Write the edges of every label in a folder under the label's own name."""

    root: Path
    spec: Edges
    unit: str = field(default="images", init=False)

    def items(self) -> Sequence[SourceItem]:
        """List the labels."""
        into = self.root / self.spec.into
        return [
            SourceItem(path.stem, (into / path.name,), path)
            for path in sorted((self.root / self.spec.labels).glob("*.png"))
        ]

    def process(self, item: SourceItem) -> Report:
        """Mark the edges of one label; raises ``LabelError`` for a damaged one."""
        write_label(item.outputs[0], edges(read_label(item.source), self.spec.width))
        return Report()


@dataclass(frozen=True, slots=True)
class WeightWork(FolderWork):
    """Write the loss weights of every label a list names, taking what is there ready-made."""

    root: Path
    spec: BoundaryWeights
    ready: Path | None = None
    """Tar of weights computed before; it need not be there."""
    unit: str = field(default="images", init=False)
    _ready: Lazy[ReadyWeights | None] = field(default_factory=Lazy, repr=False, compare=False)

    def items(self) -> Sequence[SourceItem]:
        """List the labels in the list's order; raises ``LabelError`` for a malformed line."""
        file = TableText.of(self.root / self.spec.list)
        return [self._item(file, number, line) for number, line in enumerate(file.lines(), 1)]

    def process(self, item: SourceItem) -> Report:
        """Take or compute one label's weights; raises ``LabelError`` for a damaged label."""
        target, label = item.outputs[0], read_label(item.source)
        data, refused = self._taken(item, label)
        if data is None:
            write_weights(target, label, as_bytes=self.spec.as_bytes)
        else:
            write_whole(target, data)
        return Report(refused)

    def finish(self) -> None:
        """Forget the tar."""
        self._ready.drop()

    def _taken(
        self, item: SourceItem, label: NDArray[np.uint8]
    ) -> tuple[bytes | None, tuple[Finding, ...]]:
        """Return a ready-made file that holds, or what is wrong with it."""
        ready = self._ready.get(lambda: ReadyWeights.index(self.ready))
        data = ready.read(item.source.stem) if ready else None
        if data is None:
            return None, ()
        name = Path(f"{self.spec.ready}:{item.source.stem}.npz")
        try:
            check_stored(data, name, label, as_bytes=self.spec.as_bytes)
        except LabelError as error:
            hint = "nothing to do: it was computed instead"
            return None, (Finding("unfit-weights", str(name), error.message, hint, fatal=False),)
        return data, ()

    def _item(self, file: TableText, number: int, line: str) -> SourceItem:
        columns = line.split(" ")
        if len(columns) != 2:
            raise file.fault("a line is an image and a label path, one blank between", line=number)
        source = self.root / self.spec.folder / columns[1]
        return SourceItem(source.stem, (self.root / self.spec.into / f"{source.stem}.npz",), source)


def read_label(path: Path) -> NDArray[np.uint8]:
    """Return an 8-bit label image, uint8 (H, W); raises ``LabelError`` for any other."""
    pixels = read_values(path)
    if pixels.dtype != np.uint8:
        raise LabelError("a label with more than 8 bits", cause="not-a-label", where=str(path))
    return pixels.astype(np.uint8, copy=False)


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
