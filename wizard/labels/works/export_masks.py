"""Writing the masks that relabel records use, an image a file, from a finished install."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import msgspec

from wizard.errors import LabelError
from wizard.files import write_whole
from wizard.foreign import open_foreign
from wizard.labels.exported_masks import ImageMasks, encode_mask, records_hash
from wizard.labels.lazy import Lazy
from wizard.labels.masks import ImageContext, MaskFinder
from wizard.labels.pixels.pictures import PICTURE_FAILURES, open_picture
from wizard.labels.specs.taxonomies import ByLists, LabelOutput, Relabel
from wizard.labels.tables.lists import Pair
from wizard.labels.tables.records import Segment, SegmentKey, image_key, load_records
from wizard.labels.tables.taxonomies import Tables
from wizard.work import Item, Report

_Records = Mapping[SegmentKey, tuple[Segment, ...]]


@dataclass(frozen=True, slots=True)
class ExportItem(Item):
    """One relabelled image."""

    split: str = ""
    image: str = ""
    label: str = ""
    """Its source label, below the dataset's folder."""
    key_of_image: SegmentKey = ("", "")


@dataclass(frozen=True, slots=True)
class ExportWork:
    """Write the masks of one relabelled taxonomy of ``spec`` into ``into``."""

    root: Path
    tables: Path
    spec: ByLists
    output: LabelOutput
    into: Path
    unit: str = "images"
    _records: Lazy[Mapping[str, _Records]] = field(default_factory=Lazy, compare=False, repr=False)
    """By split."""
    _finder: Lazy[MaskFinder] = field(default_factory=Lazy, compare=False, repr=False)

    @property
    def rule(self) -> Relabel:
        """How the taxonomy's records find their pixels."""
        if self.output.relabel is None:
            raise LabelError("this taxonomy is not relabelled", where=self.output.taxonomy)
        return self.output.relabel

    def items(self) -> Sequence[ExportItem]:
        """List the images that records name; raises ``LabelError`` naming list and line."""
        return [item for split in self.spec.splits for item in self._of_split(split)]

    def _of_split(self, split: str) -> Iterator[ExportItem]:
        tables, records, seen = Tables(self.tables), self.records()[split], set()
        sources: Sequence[Pair] = tables.pairs(self.spec.reads[0], split)
        for source, pair in zip(sources, tables.pairs(self.output.taxonomy, split), strict=True):
            key = image_key(pair)
            if key in records and key not in seen:
                seen.add(key)
                target = self.into / self.name(key, split, source.image)
                yield ExportItem(
                    f"{split}/{source.image}", (target,), split, source.image, source.label, key
                )

    def name(self, key: SegmentKey, split: str, image: str) -> str:
        """Return the file name that the recipe reads an image's masks from."""
        filled = exported_path(self.rule, key, split, image)
        return PurePosixPath(filled).name

    def records(self) -> Mapping[str, _Records]:
        """Return the segments of every image by split."""
        return self._records.get(
            lambda: {
                split: load_records(
                    Tables(self.tables),
                    self.rule.records,
                    split,
                    self.output.taxonomy,
                    self.rule.segment,
                )
                for split in self.spec.splits
            }
        )

    def hash_of_records(self) -> str:
        """Return the sha256 of which segments are exported."""
        return records_hash(
            {
                key: tuple(segment.id for segment in segments)
                for split in self.spec.splits
                for key, segments in self.records()[split].items()
            }
        )

    def process(self, item: ExportItem) -> Report:
        """Write the masks of one image; raises ``LabelError`` where they cannot be found."""
        shape = _shape(self.root / self.spec.folder / item.label)
        finder = self._finder.get(lambda: MaskFinder(self.rule, self.root))
        context = ImageContext(
            image=item.image,
            parent=item.key_of_image[0],
            stem=item.key_of_image[1],
            split=item.split,
            shape=shape,
        )
        masks, source = finder.open(context), finder.path(context)
        numbers = {segment.id for segment in self.records()[item.split][item.key_of_image]}
        image = ImageMasks(
            shape=shape,
            source=_sha256(source),
            segments={
                str(number): encode_mask(masks.patch(number), shape) for number in sorted(numbers)
            },
        )
        (target,) = item.outputs
        write_whole(target, msgspec.json.encode(image))
        return Report()


def exported_path(rule: Relabel, key: SegmentKey, split: str, image: str) -> str:
    """Return where exported masks of an image lie below the collection root."""
    return rule.exported.format(
        parent=key[0],
        stem=key[1].removesuffix(rule.trim),
        split=split,
        top=PurePosixPath(image).parts[0],
    )


def _sha256(path: Path) -> str:
    with open_foreign(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _shape(label: Path) -> tuple[int, int]:
    try:
        with open_picture(label) as image:
            return image.height, image.width
    except PICTURE_FAILURES as error:
        raise LabelError("cannot be read", where=str(label), cause="broken-label") from error
