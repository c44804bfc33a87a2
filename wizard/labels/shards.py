"""Images of Parquet shards as files, a folder a class (fact sheet downstream section 3)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

from wizard.errors import LabelError
from wizard.files import write_whole
from wizard.labels.folder_work import FolderWork
from wizard.labels.roll import read_roll, write_roll
from wizard.recipes.assemblies import ParquetImages
from wizard.work import Finding, Item, Report

_CLASS = re.compile(r".*_(?P<wnid>n\d{8})\.\w+")


@dataclass(frozen=True, slots=True)
class ShardItem(Item):
    """One group of rows of one shard."""

    shard: Path = Path()
    group: int = 0


class Row(NamedTuple):
    """What a row says of its image."""

    label: int
    name: str
    """File name; may be empty."""


@dataclass(frozen=True, slots=True)
class ShardWork(FolderWork):
    """Write every image; nothing is encoded anew."""

    root: Path
    spec: ParquetImages
    roll: Path | None = None
    """Keeps the names, which stand for the shards once those are deleted."""
    unit: str = field(default="groups of images", init=False)

    def expected(self) -> Iterator[tuple[str, ...]]:
        """Yield the images of every group, without opening shards that were read before."""
        groups = read_roll(self.roll, *self._shards())
        if groups is None:
            yield from FolderWork.expected(self)
        else:
            yield from (tuple(str(self.root / name) for name in each.split()) for each in groups)

    def start(self) -> tuple[Finding, ...]:
        """Keep the names; raises ``LabelError`` as ``items`` does."""
        shards = self._shards()
        if read_roll(self.roll, *shards) is None:
            write_roll(self.roll, map(self._names, self.items()), *shards)
        return ()

    def items(self) -> Sequence[ShardItem]:
        """List the groups; raises ``LabelError`` without pyarrow or for a damaged shard."""
        groups = list(self._groups())
        classes = classes_of(row for _, _, rows in groups for row in rows)
        return list(self._items(groups, classes))

    def process(self, item: ShardItem) -> Report:
        """Write the images of one group."""
        table = opened(item.shard).read_row_group(item.group, columns=["image"])
        for target, row in zip(item.outputs, table.to_pylist(), strict=True):
            write_whole(target, row["image"]["bytes"])
        return Report()

    def _shards(self) -> list[Path]:
        return sorted(self.root.glob(self.spec.shards))

    def _names(self, item: ShardItem) -> str:
        return " ".join(path.relative_to(self.root).as_posix() for path in item.outputs)

    def _groups(self) -> Iterator[tuple[Path, int, list[Row]]]:
        for shard in self._shards():
            file = opened(shard)
            for group in range(file.num_row_groups):
                table = file.read_row_group(group, columns=["image.path", "label"])
                rows = [
                    Row(row["label"], Path((row["image"] or {}).get("path") or "").name)
                    for row in table.to_pylist()
                ]
                yield shard, group, rows

    def _items(
        self, groups: Sequence[tuple[Path, int, list[Row]]], classes: Mapping[int, str]
    ) -> Iterator[ShardItem]:
        count = 0
        for shard, group, rows in groups:
            outputs = []
            for row in rows:
                count += 1
                wnid = classes[row.label]
                name = row.name or self.spec.name.format(row=count, wnid=wnid)
                outputs.append(self.root / self.spec.into / wnid / name)
            yield ShardItem(f"{shard.name}:{group}", tuple(outputs), shard, group)


def classes_of(rows: Iterable[Row]) -> Mapping[int, str]:
    """Return the WordNet id of every label, as the names of its images end in it.

    Raises ``LabelError`` for a label of two classes or none, and when labels do not count the ids
    in ascending order, as every reader of a folder a class does.
    """
    classes: dict[int, str] = {}
    labels = set()
    for row in rows:
        labels.add(row.label)
        if found := _CLASS.fullmatch(row.name):
            known = classes.setdefault(row.label, found["wnid"])
            if known != found["wnid"]:
                raise _fault(f"label {row.label} is {known} and {found['wnid']}")
    if nameless := sorted(labels - set(classes)):
        raise _fault(f"no image of label {nameless[0]} names its class")
    ordered = [classes[label] for label in sorted(classes)]
    if ordered != sorted(set(ordered)):
        raise _fault("labels do not count the classes in ascending order")
    return classes


def opened(shard: Path) -> Any:
    """Open a shard; raises ``LabelError`` when pyarrow is not installed or cannot read it."""
    try:
        from pyarrow import ArrowInvalid
        from pyarrow.parquet import ParquetFile
    except ImportError as error:
        raise LabelError(
            "Parquet files need one more package",
            cause="no-pyarrow",
            where=str(shard),
            hint="pip install 'segwizard[parquet]', then run again; or bring the tar archives",
        ) from error
    try:
        return ParquetFile(shard)
    except (ArrowInvalid, OSError) as error:
        raise _fault(f"not a readable Parquet file ({error})", str(shard)) from error


def _fault(reason: str, shard: str = "") -> LabelError:
    return LabelError(reason, cause="bad-shard", where=shard, hint="fetch the shards again")
