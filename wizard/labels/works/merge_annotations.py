"""Annotation files made of others: COCO-style ones joined, captions from a table of images.

Fact sheets partdistillation section 3 and downstream section 2.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
from msgspec import Struct

from wizard.errors import LabelError
from wizard.files import write_whole
from wizard.foreign import open_foreign
from wizard.labels.bounds import (
    JSON_BYTES,
    JSON_FAILURES,
    check_picture,
    decode_whole,
    read_bounded,
)
from wizard.labels.specs.assemblies import Captions, MergeInstances
from wizard.labels.works.folder_work import FolderWork
from wizard.work import Item, Report

_LONGEST = 1 << 20
_FAILURES: tuple[type[Exception], ...] = (*JSON_FAILURES, KeyError)
CocoDocument = dict[str, Any]


class Captioned(Struct, frozen=True):
    """An image with its captions: always a list, since readers drop an image with a plain text."""

    image: str
    caption: list[str]


@dataclass(frozen=True, slots=True)
class CaptionWork(FolderWork):
    """Write the list of every split."""

    root: Path
    spec: Captions
    unit: str = field(default="lists", init=False)

    def items(self) -> Sequence[Item]:
        """List the splits."""
        return [
            Item(split, (self.root / self.spec.into.format(split=split),))
            for split in self.spec.splits
        ]

    def process(self, item: Item) -> Report:
        """Write one list; raises ``LabelError`` for a table that cannot be read or lacks it."""
        rows = list(read_captions(self.root / self.spec.table, item.key, self.spec.folder))
        if not rows:
            raise _no_captions(self.root / self.spec.table, f"no image is of the split {item.key}")
        write_whole(item.outputs[0], msgspec.json.encode(rows))
        return Report()


def read_captions(table: Path, split: str, folder: str) -> Iterator[Captioned]:
    """Yield the images of one split in the order of the table; raises ``LabelError``."""
    csv.field_size_limit(_LONGEST)
    try:
        with open_foreign(table) as packed, io.TextIOWrapper(packed, "utf-8", newline="") as file:
            check_picture(table, table.stat(), JSON_BYTES)
            for row in csv.DictReader(file):
                if row["split"] == split:
                    captions = msgspec.json.decode(row["raw"].encode(), type=list[str])
                    yield Captioned(f"{folder}/{row['filename']}", captions)
    except (OSError, KeyError, ValueError, AttributeError, csv.Error) as error:
        raise _no_captions(table, f"not a table of captions ({error!r})") from error


def _no_captions(table: Path, reason: str) -> LabelError:
    return LabelError(reason, cause="bad-captions", where=str(table), hint="fetch it again")


@dataclass(frozen=True, slots=True)
class MergeWork(FolderWork):
    """Write the joint file."""

    root: Path
    spec: MergeInstances
    unit: str = field(default="files", init=False)

    def items(self) -> Sequence[Item]:
        """List the one file there is to write."""
        return [Item(self.spec.into, (self.root / self.spec.into,))]

    def process(self, item: Item) -> Report:
        """Write it; raises ``LabelError`` for sources that cannot be joined."""
        parts = [read_instances(self.root / source) for source in self.spec.sources]
        write_whole(item.outputs[0], msgspec.json.encode(merge_instances(parts)))
        return Report()


def read_instances(path: Path) -> CocoDocument:
    """Return an annotation file; raises ``LabelError`` when it is none."""
    try:
        document = decode_whole(read_bounded(path, JSON_BYTES), CocoDocument)
        lists = [document[key] for key in ("images", "annotations", "categories")]
    except _FAILURES as error:
        raise _fault(path, f"not an annotation file ({error!r})") from error
    if not all(isinstance(each, list) for each in lists):
        raise _fault(path, "images, annotations and categories are not lists")
    return document


def merge_instances(parts: Sequence[CocoDocument]) -> CocoDocument:
    """Join annotation files in order: ids stay where they are free and are shifted otherwise.

    Annotation ids have to be unique over a whole file, image ids too, or readers drop images
    without a word. Raises ``LabelError`` when categories or images of the parts do not fit.
    """
    whole = {**parts[0], "images": list[Any](), "annotations": list[Any]()}
    for part in parts:
        if part["categories"] != whole["categories"]:
            raise LabelError("the files to join have other categories", cause="other-categories")
        image_shift = _shift(whole["images"], part["images"])
        annotation_shift = _shift(whole["annotations"], part["annotations"])
        whole["images"] += [{**row, "id": row["id"] + image_shift} for row in part["images"]]
        whole["annotations"] += [
            {
                **row,
                "id": row["id"] + annotation_shift,
                "image_id": row["image_id"] + image_shift,
            }
            for row in part["annotations"]
        ]
    return whole


def _shift(before: Sequence[CocoDocument], after: Sequence[CocoDocument]) -> int:
    taken = {row["id"] for row in before}
    return max(taken) + 1 if taken & {row["id"] for row in after} else 0


def union_differences(union: CocoDocument, parts: Sequence[CocoDocument]) -> Iterator[str]:
    """Say how a joint file differs from its parts, ids aside."""
    if union["categories"] != parts[0]["categories"]:
        yield "other categories"
    images = sum(len(part["images"]) for part in parts)
    if len(union["images"]) != images:
        yield f"{len(union['images']):,} images, not {images:,}"
    held, wanted = _regions(union), Counter[bytes]()
    for part in parts:
        wanted += _regions(part)
    if held != wanted:
        yield f"{(held - wanted).total():,} regions too many, {(wanted - held).total():,} missing"


def _regions(document: CocoDocument) -> Counter[bytes]:
    """Count what each image holds: its name, and a category and outline for every region."""
    names = {row["id"]: row["file_name"] for row in document["images"]}
    regions = Counter(
        msgspec.json.encode(
            (names.get(row["image_id"]), row["category_id"], row.get("segmentation"))
        )
        for row in document["annotations"]
    )
    regions.update(msgspec.json.encode(name) for name in names.values())
    return regions


def _fault(path: Path, reason: str) -> LabelError:
    return LabelError(reason, cause="broken-json", where=str(path), hint="unpack its archive again")
