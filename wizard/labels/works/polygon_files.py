"""Polygon files of a whole dataset drawn as label images beside them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from wizard import figures
from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.drawing.polygons import draw_classes, fill_notes, read_polygon_file
from wizard.labels.lazy import Lazy
from wizard.labels.pixels.png import write_label
from wizard.labels.specs.taxonomies import Polygons
from wizard.labels.tables.taxonomies import Tables
from wizard.labels.witness import DrawingWitness, FreshDrawing, looks
from wizard.labels.works.folder_work import FolderWork
from wizard.work import Item, Report


@dataclass(frozen=True, slots=True)
class PolygonItem(Item):
    """One polygon file."""

    source: Path = Path()


@dataclass(frozen=True, slots=True)
class PolygonWork(FolderWork):
    """Draw every file that ``spec.sources`` matches below ``root``."""

    root: Path
    tables: Path
    spec: Polygons
    unit: str = "images"
    witness: DrawingWitness | None = None
    """Who writes down what is proven by the drawing."""
    _begun: Lazy[bool] = field(default_factory=Lazy, compare=False, repr=False)

    def start(self) -> tuple[Finding, ...]:
        """Check taxonomy and background, and return what to know of this machine's Pillow.

        Raises ``LabelError``.
        """
        self._begun.drop()
        if self.spec.background not in self._classes():
            raise LabelError(
                f"{self.spec.taxonomy} has no class {self.spec.background}",
                cause="bad-recipe",
                hint="name a class of the taxonomy as background",
            )
        return fill_notes()

    def items(self) -> Sequence[PolygonItem]:
        """List the polygon files."""
        old, new = self.spec.replace
        return [
            PolygonItem(
                str(path.relative_to(self.root)),
                (path.with_name(path.name.removesuffix(old) + new),),
                path,
            )
            for path in sorted(self.root.glob(self.spec.sources))
        ]

    def process(self, item: PolygonItem) -> Report:
        """Draw one image; raises ``LabelError`` for a broken file."""
        self._begun.get(self._begin)
        before, classes = looks(item.source), self._classes()
        drawn = draw_classes(read_polygon_file(item.source), classes, classes[self.spec.background])
        write_label(item.outputs[0], drawn.pixels)
        notes = tuple(_skipped(item.source, drawn.skipped, self.spec.taxonomy))
        if notes or self.witness is None:
            return Report(notes)
        made = FreshDrawing(item.outputs[0], item.source, before, drawn.pixels.shape)
        return Report(proofs=self.witness.proof(made))

    def _begin(self) -> bool:
        if self.witness:
            self.witness.begin()
        return True

    def _classes(self) -> Mapping[str, int]:
        """Map names to values; an ``unlabeled`` that the taxonomy lists keeps its own index."""
        names = Tables(self.tables).names(self.spec.taxonomy)
        return {name: index for index, name in enumerate(names)}


def _skipped(source: Path, labels: tuple[str, ...], taxonomy: str) -> Iterator[Finding]:
    for label, count in Counter(labels).items():
        yield Finding(
            "unknown-label",
            str(source),
            f"{figures.count(count, 'object')} of {label!r}, which {taxonomy} lacks, not drawn",
            "nothing to do: the reference skips them too",
            fatal=False,
        )
