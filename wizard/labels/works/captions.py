"""Caption lists from a table of images (fact sheet downstream section 2)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
from msgspec import Struct

from wizard.errors import LabelError
from wizard.files import write_whole
from wizard.foreign import open_foreign
from wizard.labels.bounds import JSON_BYTES, check_picture
from wizard.labels.specs.assemblies import Captions
from wizard.labels.works.folder_work import FolderWork
from wizard.work import Item, Report

_LONGEST = 1 << 20


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
            raise _fault(self.root / self.spec.table, f"no image is of the split {item.key}")
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
        raise _fault(table, f"not a table of captions ({error!r})") from error


def _fault(table: Path, reason: str) -> LabelError:
    return LabelError(reason, cause="bad-captions", where=str(table), hint="fetch it again")
