"""The one-pass label pipeline: read a source label once, write every taxonomy made from it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import overload

from wizard.errors import LabelError
from wizard.files import write_whole
from wizard.findings import Finding
from wizard.folders import has_content
from wizard.labels.drawing.polygons import fill_notes
from wizard.labels.lazy import Lazy
from wizard.labels.pipeline import Pipeline, SourceImage
from wizard.labels.specs.taxonomies import ByLists
from wizard.labels.tables.lists import FETCH_AGAIN, Pair
from wizard.labels.tables.taxonomies import Tables
from wizard.labels.witness import FreshLabels, Witness, looks
from wizard.work import Item, Report


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


OutputColumn = tuple[str, Iterator[str]]
"""A folder, and paths below it."""


@dataclass(frozen=True, slots=True)
class RemapWork:
    """Make the taxonomies of ``spec`` below the collection root, from tables below ``dest``."""

    root: Path
    tables: Path
    """Folder that holds ``dataset_lists`` and the rest."""
    spec: ByLists
    unit: str = "images"
    witness: Witness | None = None
    """Who writes down what is proven by the making."""
    _items: Lazy[RemapItems] = field(default_factory=Lazy, compare=False, repr=False)
    _pipeline: Lazy[Pipeline] = field(default_factory=Lazy, compare=False, repr=False)

    def start(self) -> tuple[Finding, ...]:
        """Read afresh what all images share; raises ``LabelError`` naming file and line.

        Returns what a person should know of this machine.
        """
        self.finish()
        self._pipeline.get(self._load)
        rules = [output.relabel for output in self.spec.makes]
        return fill_notes() if any(rule and rule.mask == "polygon" for rule in rules) else ()

    def items(self) -> RemapItems:
        """List every distinct set of outputs once; raises ``LabelError`` if lists do not align."""
        return self._items.get(self._list)

    def expected(self) -> Iterator[tuple[str, ...]]:
        """Yield the outputs of each item."""
        return self.items().targets()

    def columns(self) -> Iterator[OutputColumn] | None:
        """Return the outputs of ``expected``, one taxonomy after the other to save memory.

        None where lists are odd or name an output twice: then the rows have to be told apart, or
        what is wrong with them. Raises ``LabelError``.
        """
        if self._is_plain():
            return self._columns()
        return None

    def _columns(self) -> Iterator[OutputColumn]:
        folder = str(self.root / self.spec.folder)
        for output in self.spec.makes:
            yield folder, self._labels(output.taxonomy)

    def _labels(self, taxonomy: str) -> Iterator[str]:
        for split in self.spec.splits:
            found = Tables(self.tables).plain(taxonomy, split)
            yield from (label for _, label in found.pairs()) if found else ()

    def _is_plain(self) -> bool:
        """Tell whether all lists are plain and aligned, and no two lines have the same outputs."""
        try:
            rows = [self._hashed(split) for split in self.spec.splits]
        except ValueError:
            return False
        # Two lines with the same outputs come to the same number; so do others, hardly ever.
        return len(set().union(*rows)) == sum(map(len, rows))

    def _hashed(self, split: str) -> list[int]:
        """Return a number for the outputs of each line; raises ``ValueError`` if lists differ."""
        images, source = self._numbers(self.spec.reads[0], split)
        rows = [0] * len(source)
        for output in self.spec.makes:
            listed, labels = self._numbers(output.taxonomy, split)
            if listed != images:
                raise ValueError
            rows = list(map(hash, zip(rows, labels, strict=True)))
        return rows

    def _numbers(self, taxonomy: str, split: str) -> tuple[int, list[int]]:
        """Return a number for the images of a list, in order, and one for each label."""
        found = Tables(self.tables).plain(taxonomy, split)
        if found is None:
            raise ValueError
        images, labels = 0, []
        for image, label in found.pairs():
            images = hash((images, image))
            labels.append(hash(label))
        return images, labels

    def process(self, item: RemapItem) -> Report:
        """Write the outputs of one image that are not there yet; raises ``LabelError``.

        A relabelled output that fails does not keep the others from being written.
        """
        pipeline = self._pipeline.get(self._load)
        source = SourceImage(pipeline, item.split, item.image, item.label, item.targets)
        inputs = {path: looks(path) for path in source.inputs()} if self.witness else {}
        findings: list[Finding] = []
        written: dict[str, str] = {}
        for output, path, label in zip(self.spec.makes, item.outputs, item.targets, strict=True):
            if has_content(path):
                continue
            try:
                write_whole(path, source.png(output.taxonomy))
            except LabelError as error:
                findings.append(_finding(error, path))
            else:
                written[output.taxonomy] = label
        proofs = self.witness.proofs(FreshLabels(source, written, inputs)) if self.witness else b""
        return Report((*findings, *source.findings), proofs)

    def finish(self) -> None:
        """Free lists and tables."""
        self._items.drop()
        self._pipeline.drop()

    def _load(self) -> Pipeline:
        if self.witness:
            self.witness.begin()
        return Pipeline.load(self.root, Tables(self.tables), self.spec)

    def _list(self) -> RemapItems:
        tables = Tables(self.tables)
        seen: set[tuple[str, ...]] = set()
        lines: list[tuple[str, Pair, tuple[str, ...]]] = []
        for split in self.spec.splits:
            taken = self.spec.reads[0]
            source = tables.pairs(taken, split)
            lists = [tables.pairs(output.taxonomy, split) for output in self.spec.makes]
            for output, pairs in zip(self.spec.makes, lists, strict=True):
                _check_aligned(tables, split, (taken, source), (output.taxonomy, pairs))
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


def _finding(error: LabelError, path: Path) -> Finding:
    where = error.where or str(path)
    return Finding(error.cause, where, f"{error.message}; {path} is not written", error.hint)
