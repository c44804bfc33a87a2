"""The one-pass label pipeline: read a source label once, write every taxonomy made from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

from wizard.errors import LabelError
from wizard.files import write_whole
from wizard.labels.chain import Chain, Source
from wizard.labels.lazy import Lazy
from wizard.labels.lists import Pair
from wizard.labels.polygons import fill_notes
from wizard.labels.tables import Tables
from wizard.labels.text import FETCH_AGAIN
from wizard.recipes.steps import Labels
from wizard.work import Finding, Item, Report


@dataclass(frozen=True, slots=True)
class RemapItem(Item):
    """One line of the lists: the image, its source label, and a label per output taxonomy."""

    split: str = ""
    image: str = ""
    label: str = ""
    """The source label, below the dataset's folder like ``image``."""
    targets: tuple[str, ...] = ()
    """The output labels, in the order of the step's outputs."""


class RemapItems(Sequence[RemapItem]):
    """The lines of all splits, made into items only when asked for: COCO has 123,287."""

    def __init__(self, folder: Path, lines: list[tuple[str, Pair, tuple[str, ...]]]) -> None:
        self._folder = folder
        self._lines = lines

    def __len__(self) -> int:
        return len(self._lines)

    @overload
    def __getitem__(self, index: int) -> RemapItem: ...
    @overload
    def __getitem__(self, index: slice) -> RemapItems: ...
    def __getitem__(self, index: int | slice) -> RemapItem | RemapItems:
        if isinstance(index, slice):
            return RemapItems(self._folder, self._lines[index])
        split, source, targets = self._lines[index]
        outputs = tuple(self._folder / target for target in targets)
        return RemapItem(
            f"{split}/{source.image}", outputs, split, source.image, source.label, targets
        )

    def targets(self) -> Iterator[tuple[str, ...]]:
        """Yield the outputs of each item as text, without making items."""
        folder = str(self._folder)
        for _, _, targets in self._lines:
            yield tuple(f"{folder}/{target}" for target in targets)


@dataclass(frozen=True, slots=True)
class RemapWork:
    """Make the taxonomies of ``spec`` below the collection root, from tables below ``dest``."""

    root: Path
    tables: Path
    """Folder that holds ``dataset_lists`` and the rest."""
    spec: Labels
    unit: str = "images"
    _items: Lazy[RemapItems] = field(default_factory=Lazy, compare=False, repr=False)
    _chain: Lazy[Chain] = field(default_factory=Lazy, compare=False, repr=False)

    def start(self) -> tuple[Finding, ...]:
        """Read afresh what all images share; raises ``LabelError`` naming file and line.

        Returns what a person should know of this machine.
        """
        self.finish()
        self._chain.get(self._load)
        rules = [output.relabel for output in self.spec.outputs]
        return fill_notes() if any(rule and rule.mask == "polygon" for rule in rules) else ()

    def items(self) -> RemapItems:
        """List every distinct set of outputs once; raises ``LabelError`` if lists do not align."""
        return self._items.get(self._list)

    def expected(self) -> Iterator[tuple[str, ...]]:
        """Yield the outputs of each item."""
        return self.items().targets()

    def process(self, item: RemapItem) -> Report:
        """Write the outputs of one image that are not there yet; raises ``LabelError``.

        A relabelled output that fails does not keep the others from being written.
        """
        chain = self._chain.get(self._load)
        source = Source(chain, item.split, item.image, item.label, item.targets)
        findings: list[Finding] = []
        for output, path in zip(self.spec.outputs, item.outputs, strict=True):
            if _is_whole(path):
                continue
            try:
                write_whole(path, source.png(output.taxonomy))
            except LabelError as error:
                findings.append(_finding(error, path))
        return Report((*findings, *source.findings))

    def finish(self) -> None:
        """Free lists and tables."""
        self._items.drop()
        self._chain.drop()

    def _load(self) -> Chain:
        return Chain.load(self.root, Tables(self.tables), self.spec)

    def _list(self) -> RemapItems:
        tables = Tables(self.tables)
        seen: set[tuple[str, ...]] = set()
        lines: list[tuple[str, Pair, tuple[str, ...]]] = []
        for split in self.spec.splits:
            source = tables.pairs(self.spec.source, split)
            lists = [tables.pairs(output.taxonomy, split) for output in self.spec.outputs]
            for output, pairs in zip(self.spec.outputs, lists, strict=True):
                _check_aligned(tables, split, (self.spec.source, source), (output.taxonomy, pairs))
            for row, pair in enumerate(source):
                targets = tuple(pairs[row].label for pairs in lists)
                if targets not in seen:
                    seen.add(targets)
                    lines.append((split, pair, targets))
        return RemapItems(self.root / self.spec.folder, lines)


_Listed = tuple[str, Sequence[Pair]]
"""A taxonomy and one of its lists."""


def _check_aligned(tables: Tables, split: str, source: _Listed, target: _Listed) -> None:
    """Line i of both lists must be the same image; raises ``LabelError`` naming the first gap."""
    (name, ours), (taxonomy, theirs) = source, target
    reason = _gap(ours, theirs)
    if reason:
        raise LabelError(
            f"the {split} lists of {name} and {taxonomy} do not align: {reason}",
            cause="lists-not-aligned",
            where=str(tables.list_file(name, split)),
            hint=FETCH_AGAIN,
        )


def _gap(ours: Sequence[Pair], theirs: Sequence[Pair]) -> str:
    for row, (mine, other) in enumerate(zip(ours, theirs, strict=False), start=1):
        if mine.image != other.image:
            return f"line {row} is {mine.image} in one, {other.image} in the other"
    return "" if len(ours) == len(theirs) else f"{len(ours)} and {len(theirs)} lines"


def _is_whole(path: Path) -> bool:
    """Say whether an output is there; a name without content is what a power failure leaves."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def _finding(error: LabelError, path: Path) -> Finding:
    where = error.where or str(path)
    return Finding(error.cause, where, f"{error.message}; {path} is not written", error.hint)
