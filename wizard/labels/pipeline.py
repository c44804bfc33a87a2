"""From the pixels of a source label to those of every taxonomy made from it.

Numbers go through tables composed ahead of the pixels, so each output costs one gather however
long the pipeline; relabelled taxonomies are changed in place afterwards.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path, PurePosixPath
from typing import cast

import numpy as np
from numpy.typing import NDArray

from wizard import figures
from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.lazy import Lazy
from wizard.labels.masks import REMAKE, Ids, ImageContext, MaskFinder, Masks
from wizard.labels.pixels.changes import Changes
from wizard.labels.pixels.colours import ColourTable, hex_colour
from wizard.labels.pixels.decode import Stored, Values
from wizard.labels.pixels.panoptic import PanopticIndex, classify, read_runs
from wizard.labels.pixels.png import encode_gray, encode_lines, filtered
from wizard.labels.pixels.runs import Runs, gather
from wizard.labels.specs.taxonomies import ByLists, LabelOutput, Layer
from wizard.labels.tables.records import Segment, SegmentKey, load_records
from wizard.labels.tables.taxonomies import UNLABELED, Tables


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
        return encode_gray(self.pixels())

    def gives(self, lines: NDArray[np.uint8]) -> bool:
        """Tell whether scan lines are those that ``png`` packs: uint8 (H, 1 + bytes of a row)."""
        if self.table is not None and (changes := self.changes.get(self._compare)):
            return changes.give(self.table, lines)
        return np.array_equal(filtered(self.pixels()), lines)

    def _compare(self) -> Changes | None:
        return Changes.of(self.values)


@dataclass(frozen=True, slots=True)
class Pipeline:
    """What all images of a step share: tables, colours, records, panoptic JSON."""

    root: Path
    spec: ByLists
    source: Layer
    """The taxonomy that is decoded, and how."""
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
    def load(cls, root: Path, tables: Tables, spec: ByLists) -> Pipeline:
        """Read everything but the panoptic JSON; raises ``LabelError`` naming file and line."""
        source = next(iter(spec.layers()))
        in_colours = source.form == "colours"
        relabelled = {output.taxonomy: output.relabel for output in spec.makes if output.relabel}
        return cls(
            root=root,
            spec=spec,
            source=source,
            lookups={
                output.taxonomy: tables.lookup(output.base, output.taxonomy)
                for output in spec.makes
                if output.base
            },
            outputs={output.taxonomy: output for output in spec.makes},
            finders={name: MaskFinder(rule, root) for name, rule in relabelled.items()},
            records={
                (name, split): load_records(tables, rule.records, split, name, rule.segment)
                for name, rule in relabelled.items()
                for split in spec.splits
            },
            colours=ColourTable(tables.colours(source.taxonomy)) if in_colours else None,
            panoptic={split: Lazy() for split in spec.splits},
            classes=tables.names(source.taxonomy),
        )

    def file(self, relative: str) -> Path:
        """Return a path of a list line in full."""
        return self.root / self.spec.folder / relative

    def index(self, split: str) -> PanopticIndex:
        """Return the panoptic JSON of one split, parsed once per process."""
        path = self.file(self.source.segments.format(split=split))
        return self.panoptic[split].get(lambda: PanopticIndex.read(path))


@dataclass(slots=True)
class SourceImage:
    """One image on its way through the pipeline; whatever is made stays for the next output."""

    pipeline: Pipeline
    split: str
    image: str
    label: str
    targets: tuple[str, ...]
    findings: list[Finding] = field(default_factory=list)
    mode: str = ""
    """Pillow's name of the source label's pixel format, once that was read."""
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
        return self.pipeline.file(self.label)

    def inputs(self) -> tuple[Path, ...]:
        """Return the files that its labels are made from, there or not."""
        masks = chain.from_iterable(map(self.mask_files, self.pipeline.finders))
        return (self.path, *masks)

    def mask_files(self, taxonomy: str) -> tuple[Path, ...]:
        """Return the files that the records of the image in a taxonomy take masks from."""
        output, finder = self.pipeline.outputs[taxonomy], self.pipeline.finders.get(taxonomy)
        if finder is None or not self._segments(output):
            return ()
        return finder.files(self._context(output, (0, 0)))

    def plane(self, taxonomy: str) -> Plane:
        """Return the pixels of a taxonomy, made on first use."""
        if taxonomy not in self._planes:
            self._planes[taxonomy] = self._make(taxonomy)
        return self._planes[taxonomy]

    def _make(self, taxonomy: str) -> Plane:
        output = self.pipeline.outputs.get(taxonomy)
        if output is None:
            return self._decode()
        base = self.plane(output.base or self.pipeline.source.taxonomy)
        if not output.base:
            return base
        plane = base.through(self.pipeline.lookups[taxonomy], str(self.path))
        return self._relabelled(output, plane)

    def _relabelled(self, output: LabelOutput, plane: Plane) -> Plane:
        """Apply the image's records, if it has any."""
        segments = self._segments(output)
        if output.relabel is None or not segments:
            return plane
        pixels = cast("NDArray[np.uint8]", plane.pixels())
        masks = self._open_masks(output, pixels.shape)
        apply_records(pixels, segments, masks, strict=output.relabel.strict)
        return Plane(pixels)

    def _segments(self, output: LabelOutput) -> tuple[Segment, ...]:
        records = self.pipeline.records.get((output.taxonomy, self.split), {})
        return records.get(self._key(output), ())

    def _key(self, output: LabelOutput) -> SegmentKey:
        label = self.targets[self.pipeline.spec.makes.index(output)]
        return (PurePosixPath(label).parent.name, PurePosixPath(self.image).stem)

    def _open_masks(self, output: LabelOutput, shape: tuple[int, ...]) -> Masks:
        """Open the masks, which Cityscapes' two relabelled taxonomies have in common."""
        finder, key = self.pipeline.finders[output.taxonomy], self._key(output)
        rule = finder.relabel
        shared = (rule.mask, rule.source, rule.trim, "" if rule.source else output.base, *key)
        if shared not in self._masks:
            self._masks[shared] = finder.open(self._context(output, (shape[0], shape[1])))
        return self._masks[shared]

    def _context(self, output: LabelOutput, shape: tuple[int, int]) -> ImageContext:
        parent, stem = self._key(output)
        return ImageContext(
            image=self.image,
            parent=parent,
            stem=stem,
            split=self.split,
            shape=shape,
            base=self._base_reader(output.base),
            runs=self._read_runs,
        )

    def _base_reader(self, taxonomy: str) -> Callable[[], Ids]:
        return lambda: self.plane(taxonomy).pixels()

    def _read_runs(self, path: Path) -> Runs:
        if path not in self._runs:
            self._runs[path] = read_runs(path)
        return self._runs[path]

    def _decode(self) -> Plane:
        decode = self.pipeline.source.form
        if decode == "panoptic":
            return self._decode_panoptic()
        if decode == "colours":
            return self._decode_colours()
        values = self._stored().values()
        self._note_outside(values)
        return Plane(values)

    def _stored(self) -> Stored:
        stored = Stored.read(self.path)
        self.mode = stored.mode
        return stored

    def _decode_panoptic(self) -> Plane:
        segments = self.pipeline.index(self.split).segments(self.path.name)
        runs = self._runs[self.path] = Runs.of(self._stored().packed())
        classes = classify(runs, segments, str(self.path))
        self._note_outside(classes)
        return Plane(classes)

    def _decode_colours(self) -> Plane:
        if self.pipeline.colours is None:
            raise LabelError("no colour table", where=self.pipeline.source.taxonomy)
        found = self.pipeline.colours.classify(self._stored().colours())
        if found.unknown:
            shown = ", ".join(map(hex_colour, sorted(found.unknown)[:3]))
            self._note(
                "unknown-colours",
                f"{figures.count(sum(found.unknown.values()), 'pixel')} in"
                f" {figures.count(len(found.unknown), 'colour')} of no class"
                f" ({shown}) count as class 0 ({self.pipeline.classes[0]}), as in the reference",
            )
        return Plane(found.values, found.table)

    def _note_outside(self, values: Values) -> None:
        """Report values between the last class and 255: tables turn them into class 0."""
        outside = is_outside(values, len(self.pipeline.classes))
        if outside.any():
            found, counts = np.unique(values[outside], return_counts=True)
            each = zip(found, counts, strict=True)
            shown = ", ".join(f"{value} ({figures.count(n, 'pixel')})" for value, n in each)
            self._note(
                "value-outside-taxonomy",
                f"values that {self.pipeline.source.taxonomy} does not have: {shown};"
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


def apply_records(
    label: NDArray[np.uint8], segments: Iterable[Segment], masks: Masks, *, strict: bool
) -> None:
    """Give every segment of an image its new class, in order, in place: uint8 (H, W).

    A mask must hold a pixel, and where ``strict`` every pixel of it the old class (fact sheet mseg
    section 5); raises ``LabelError`` naming the segment otherwise.
    """
    for segment in segments:
        rows, columns, inside = masks.patch(segment.id)
        place = label[rows, columns]
        if not inside.any():
            raise _segment_fault(segment, "is not in the image", "empty-mask")
        if strict and (inside & (place != segment.old)).any():
            raise _segment_fault(
                segment, f"holds pixels that are not class {segment.old}", "other-class"
            )
        np.copyto(place, np.uint8(segment.new), where=inside)


def _segment_fault(segment: Segment, reason: str, cause: str) -> LabelError:
    return LabelError(
        f"segment {segment.id} {reason}", cause=cause, where=segment.name, hint=REMAKE
    )
