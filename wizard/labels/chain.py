"""From the pixels of a source label to those of every taxonomy made from it.

Numbers go through tables composed ahead of the pixels, so each output costs one gather however
long the chain; relabelled taxonomies are changed in place afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import cast

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.labels import relabel
from wizard.labels.changes import Changes
from wizard.labels.colours import ColourTable, hex_colour
from wizard.labels.decode import Values, read_colours, read_values
from wizard.labels.gather import gather
from wizard.labels.lazy import Lazy
from wizard.labels.masks import Ids, ImageContext, MaskFinder, Masks
from wizard.labels.panoptic import PanopticIndex, classify, read_runs
from wizard.labels.png import encode, encode_lines
from wizard.labels.records import Segment, SegmentKey, load_records
from wizard.labels.search import Runs
from wizard.labels.tables import UNLABELED, Tables
from wizard.recipes.steps import LabelOutput, Labels
from wizard.work import Finding


@dataclass(frozen=True, slots=True)
class Plane:
    """Pixels as numbers and the table that gives them meaning: ``table[values]``."""

    values: Values
    table: NDArray[np.uint8] | None = None
    """None: the numbers are the meaning."""
    changes: Lazy[Changes | None] = field(default_factory=Lazy)
    """Of the numbers, whatever the table: found once for all taxonomies."""

    def through(self, lookup: NDArray[np.uint8], where: str) -> Plane:
        """Compose another table; raises ``LabelError`` for numbers beyond its end."""
        if self.table is not None:
            return Plane(self.values, lookup[self.table], self.changes)
        if np.iinfo(self.values.dtype).max >= len(lookup) and self.values.max() >= len(lookup):
            raise LabelError(
                f"value {self.values.max()} is beyond the table's {len(lookup)} entries",
                cause="value-beyond-table",
                where=where,
                hint="the label is not of this taxonomy: unpack the dataset again",
            )
        return Plane(self.values, lookup, self.changes)

    def pixels(self) -> Values:
        """Return the numbers in full; a fresh array wherever there is a table."""
        return self.values if self.table is None else gather(self.table, self.values)

    def png(self) -> bytes:
        """Return the numbers as a PNG; those behind a table are never made in full if flat."""
        if self.table is not None and (changes := self.changes.get(self._compare)):
            return encode_lines(changes.lines(self.table), changes.shape[1])
        return encode(self.pixels())

    def _compare(self) -> Changes | None:
        return Changes.of(self.values)


@dataclass(frozen=True, slots=True)
class Chain:
    """What all images of a step share: tables, colours, records, panoptic JSON."""

    root: Path
    spec: Labels
    lookups: Mapping[str, NDArray[np.uint8]]
    """By output taxonomy."""
    outputs: Mapping[str, LabelOutput]
    finders: Mapping[str, MaskFinder]
    """By relabelled taxonomy."""
    records: Mapping[tuple[str, str], Mapping[SegmentKey, tuple[Segment, ...]]]
    """By relabelled taxonomy and split."""
    colours: ColourTable | None
    panoptic: Mapping[str, Lazy[PanopticIndex]]
    """By split."""
    classes: tuple[str, ...]
    """Names of the source taxonomy."""

    @classmethod
    def load(cls, root: Path, tables: Tables, spec: Labels) -> Chain:
        """Read everything but the panoptic JSON; raises ``LabelError`` naming file and line."""
        relabelled = {output.taxonomy: output.relabel for output in spec.outputs if output.relabel}
        return cls(
            root=root,
            spec=spec,
            lookups={
                output.taxonomy: tables.lookup(output.base, output.taxonomy)
                for output in spec.outputs
                if output.base
            },
            outputs={output.taxonomy: output for output in spec.outputs},
            finders={name: MaskFinder(rule, root) for name, rule in relabelled.items()},
            records={
                (name, split): load_records(tables, rule.records, split, name, rule.segment)
                for name, rule in relabelled.items()
                for split in spec.splits
            },
            colours=ColourTable(tables.colours(spec.source)) if spec.decode == "colours" else None,
            panoptic={split: Lazy() for split in spec.splits},
            classes=tables.names(spec.source),
        )

    def file(self, relative: str) -> Path:
        """Return a path of a list line in full."""
        return self.root / self.spec.folder / relative

    def index(self, split: str) -> PanopticIndex:
        """Return the panoptic JSON of one split, parsed once per process."""
        path = self.file(self.spec.segments.format(split=split))
        return self.panoptic[split].get(lambda: PanopticIndex.read(path))


@dataclass(slots=True)
class Source:
    """One image on its way through the chain; whatever is made stays for the next output."""

    chain: Chain
    split: str
    image: str
    label: str
    targets: tuple[str, ...]
    findings: list[Finding] = field(default_factory=list)
    _planes: dict[str, Plane] = field(default_factory=dict)
    _runs: dict[Path, Runs] = field(default_factory=dict)
    _masks: dict[tuple[str, ...], Masks] = field(default_factory=dict)

    def png(self, taxonomy: str) -> bytes:
        """Return the image's labels in one taxonomy as a PNG of 8 bits; raises ``LabelError``."""
        plane = self.plane(taxonomy)
        if plane.table is None and plane.values.dtype != np.uint8:
            raise LabelError(
                f"{taxonomy} would need more than 8 bits", where=str(self.path), cause="too-wide"
            )
        return plane.png()

    @property
    def path(self) -> Path:
        """The source label."""
        return self.chain.file(self.label)

    def plane(self, taxonomy: str) -> Plane:
        """Return the pixels of a taxonomy, made on first use."""
        if taxonomy not in self._planes:
            self._planes[taxonomy] = self._make(taxonomy)
        return self._planes[taxonomy]

    def _make(self, taxonomy: str) -> Plane:
        output = self.chain.outputs.get(taxonomy)
        if output is None:
            return self._decode()
        base = self.plane(output.base or self.chain.spec.source)
        if not output.base:
            return base
        plane = base.through(self.chain.lookups[taxonomy], str(self.path))
        return self._relabelled(output, plane)

    def _relabelled(self, output: LabelOutput, plane: Plane) -> Plane:
        """Apply the image's records, if it has any."""
        if output.relabel is None:
            return plane
        label = self.targets[self.chain.spec.outputs.index(output)]
        key = (PurePosixPath(label).parent.name, PurePosixPath(self.image).stem)
        segments = self.chain.records[output.taxonomy, self.split].get(key)
        if not segments:
            return plane
        pixels = cast("NDArray[np.uint8]", plane.pixels())
        masks = self._open_masks(output, key, pixels.shape)
        relabel.apply(pixels, segments, masks, strict=output.relabel.strict)
        return Plane(pixels)

    def _open_masks(self, output: LabelOutput, key: SegmentKey, shape: tuple[int, ...]) -> Masks:
        """Open the masks, which Cityscapes' two relabelled taxonomies have in common."""
        finder = self.chain.finders[output.taxonomy]
        rule = finder.relabel
        shared = (rule.mask, rule.source, rule.trim, "" if rule.source else output.base, *key)
        if shared not in self._masks:
            context = ImageContext(
                image=self.image,
                parent=key[0],
                stem=key[1],
                split=self.split,
                shape=(shape[0], shape[1]),
                base=self._base_reader(output.base),
                runs=self._read_runs,
            )
            self._masks[shared] = finder.open(context)
        return self._masks[shared]

    def _base_reader(self, taxonomy: str) -> Callable[[], Ids]:
        return lambda: self.plane(taxonomy).pixels()

    def _read_runs(self, path: Path) -> Runs:
        if path not in self._runs:
            self._runs[path] = read_runs(path)
        return self._runs[path]

    def _decode(self) -> Plane:
        decode = self.chain.spec.decode
        if decode == "panoptic":
            return self._decode_panoptic()
        if decode == "colours":
            return self._decode_colours()
        values = read_values(self.path)
        self._note_outside(values)
        return Plane(values)

    def _decode_panoptic(self) -> Plane:
        segments = self.chain.index(self.split).segments(self.path.name)
        classes = classify(self._read_runs(self.path), segments, str(self.path))
        self._note_outside(classes)
        return Plane(classes)

    def _decode_colours(self) -> Plane:
        if self.chain.colours is None:
            raise LabelError("no colour table", where=self.chain.spec.source)
        found = self.chain.colours.classify(read_colours(self.path))
        if found.unknown:
            shown = ", ".join(map(hex_colour, sorted(found.unknown)[:3]))
            self._note(
                "unknown-colours",
                f"{sum(found.unknown.values())} pixels in {len(found.unknown)} colours of no class"
                f" ({shown}) count as class 0 ({self.chain.classes[0]}), as in the reference",
            )
        return Plane(found.values, found.table)

    def _note_outside(self, values: Values) -> None:
        """Report values between the last class and 255: tables turn them into class 0."""
        outside = is_outside(values, len(self.chain.classes))
        if outside.any():
            found, counts = np.unique(values[outside], return_counts=True)
            shown = ", ".join(
                f"{value} ({count} pixels)" for value, count in zip(found, counts, strict=True)
            )
            self._note(
                "value-outside-taxonomy",
                f"values that {self.chain.spec.source} does not have: {shown};"
                " tables turn them into class 0, as in the reference",
            )

    def _note(self, cause: str, detail: str) -> None:
        hint = "nothing to do, unless you unpacked another release of the dataset"
        self.findings.append(Finding(cause, str(self.path), detail, hint, fatal=False))


def is_outside(values: Values, classes: int) -> NDArray[np.bool_]:
    """Return which values are neither a class nor 255, bool (H, W)."""
    outside: NDArray[np.bool_]
    if values.dtype == np.uint8:
        # Below 0 wraps around: one comparison instead of two.
        outside = values - np.uint8(min(classes, UNLABELED)) < max(UNLABELED - classes, 0)
    else:
        outside = (values >= classes) & (values != UNLABELED)
    return outside
