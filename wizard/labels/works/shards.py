"""Images as files, a folder a class: out of Parquet shards, or sorted by ImageNet's devkit.

Fact sheets downstream section 3 and partdistillation section 1.
"""

from __future__ import annotations

import glob
import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from pathlib import Path
from typing import Any, NamedTuple, overload

from wizard.errors import LabelError
from wizard.files import link_or_copy, write_whole
from wizard.findings import Finding
from wizard.foreign import read_foreign_text
from wizard.labels.lazy import Lazy
from wizard.labels.specs.assemblies import ClassFolders, ParquetImages
from wizard.labels.works.derived import SourceItem
from wizard.labels.works.folder_work import FolderWork, read_names, write_names
from wizard.labels.works.mat import read_struct_table
from wizard.work import Item, Report

_CLASS = re.compile(r".*_(?P<wnid>n\d{8})\.\w+")


@dataclass(frozen=True, slots=True)
class ShardItem(Item):
    """One group of rows of one shard."""

    shard: Path = Path()
    group: int = 0


class ShardRow(NamedTuple):
    """What a row says of its image."""

    label: int
    name: str
    """File name; may be empty."""


@dataclass(frozen=True, slots=True)
class ShardWork(FolderWork):
    """Write every image; nothing is encoded anew, and one shard's names are held at a time."""

    root: Path
    spec: ParquetImages
    kept: Path | None = None
    """Beside it the names are kept, shard by shard; they stand for shards that are deleted."""
    unit: str = field(default="groups of images", init=False)
    _numbering: Lazy[_Numbering] = field(default_factory=Lazy, init=False, compare=False)

    def expected(self) -> Iterator[tuple[str, ...]]:
        """Yield the images of every group, without opening shards that were read before."""
        shards = {shard.name: shard for shard in self._shards()}
        for name in sorted({*shards, *self._gone()}):
            for group in self.names(shards.get(name) or self.root / name):
                yield _placed(self.root, group)

    def start(self) -> tuple[Finding, ...]:
        """Keep the names; raises ``LabelError`` as ``items`` does."""
        self._numbering.drop()
        shards = self._shards()
        if any(read_names(self._record(each), each) is None for each in shards):
            for shard in shards:
                write_names(self._record(shard), self._read(shard), shard)
        return ()

    def items(self) -> Sequence[ShardItem]:
        """List the groups; raises ``LabelError`` without pyarrow or for a damaged shard."""
        shards = self._shards()
        return ShardItems(self, tuple((each, open_shard(each).num_row_groups) for each in shards))

    def process(self, item: ShardItem) -> Report:
        """Write the images of one group."""
        table = open_shard(item.shard).read_row_group(item.group, columns=["image"])
        for target, row in zip(item.outputs, table.to_pylist(), strict=True):
            write_whole(target, row["image"]["bytes"])
        return Report()

    def names(self, shard: Path) -> tuple[str, ...]:
        """Return the images of each group of a shard, below the root, a line each."""
        known = read_names(self._record(shard), shard)
        return tuple(self._read(shard)) if known is None else known

    def _shards(self) -> list[Path]:
        return sorted(self.root.glob(self.spec.shards))

    def _record(self, shard: Path) -> Path | None:
        return self.kept and self.kept.with_name(f"{self.kept.stem}.{shard.name}.json")

    def _gone(self) -> Iterator[str]:
        """Names of the shards whose names are kept."""
        if self.kept is not None:
            head = f"{self.kept.stem}."
            for each in self.kept.parent.glob(f"{glob.escape(head)}*.json"):
                yield each.name.removeprefix(head).removesuffix(".json")

    def _read(self, shard: Path) -> Iterator[str]:
        """Yield what ``names`` gives, from the shard itself."""
        numbering = self._numbering.get(self._number)
        count = numbering.before[shard.name]
        for rows in read_groups(shard):
            names = []
            for row in rows:
                count += 1
                wnid = numbering.classes[row.label]
                name = row.name or self.spec.name.format(row=count, wnid=wnid)
                if self.spec.bare:
                    name = name.replace(f"_{wnid}.", ".")
                names.append(f"{self.spec.into}/{wnid}/{name}")
            yield "\n".join(names)

    def _number(self) -> _Numbering:
        shards = self._shards()
        classes = shard_classes(
            row for each in shards for rows in read_groups(each) for row in rows
        )
        sizes = [open_shard(each).metadata.num_rows for each in shards]
        starts = accumulate(sizes, initial=0)
        return _Numbering(classes, dict(zip((each.name for each in shards), starts, strict=False)))


@dataclass(frozen=True, slots=True)
class _Numbering:
    """What all shards together say of each."""

    classes: Mapping[int, str]
    """WordNet id of every label."""
    before: Mapping[str, int]
    """Rows in the shards before, by name."""


class ShardItems(Sequence[ShardItem]):
    """The groups of some shards, made into items only when asked for."""

    def __init__(self, work: ShardWork, shards: Sequence[tuple[Path, int]]) -> None:
        self._work = work
        self._shards = shards
        self._starts = [0, *accumulate(groups for _, groups in shards)]
        self._held: tuple[Path, tuple[str, ...]] = Path(), ()

    def __len__(self) -> int:
        return self._starts[-1]

    @overload
    def __getitem__(self, index: int) -> ShardItem: ...
    @overload
    def __getitem__(self, index: slice) -> list[ShardItem]: ...
    def __getitem__(self, index: int | slice) -> ShardItem | list[ShardItem]:
        if isinstance(index, slice):
            return [self[each] for each in range(*index.indices(len(self)))]
        place = range(len(self))[index]
        at = bisect_right(self._starts, place) - 1
        shard, group = self._shards[at][0], place - self._starts[at]
        held, names = self._held
        if held != shard:
            names = self._work.names(shard)
            self._held = shard, names
        outputs = tuple(map(Path, _placed(self._work.root, names[group])))
        return ShardItem(f"{shard.name}:{group}", outputs, shard, group)

    def targets(self) -> Iterator[tuple[str, ...]]:
        """Yield the outputs of each item as text."""
        for shard, _ in self._shards:
            for group in self._work.names(shard):
                yield _placed(self._work.root, group)


def _placed(root: Path, group: str) -> tuple[str, ...]:
    return tuple(f"{root}/{name}" for name in group.splitlines())


def read_groups(shard: Path) -> Iterator[list[ShardRow]]:
    """Yield what the rows of each group say; raises ``LabelError`` as ``open_shard``."""
    file = open_shard(shard)
    for group in range(file.num_row_groups):
        table = file.read_row_group(group, columns=["image.path", "label"]).flatten()
        columns = (table.column(each).to_pylist() for each in ("label", "image.path"))
        yield [ShardRow(label, Path(path or "").name) for label, path in zip(*columns, strict=True)]


def shard_classes(rows: Iterable[ShardRow]) -> Mapping[int, str]:
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


def open_shard(shard: Path) -> Any:
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


@dataclass(frozen=True, slots=True)
class ClassFolderWork(FolderWork):
    """Give every image a second name in the folder of its class."""

    root: Path
    spec: ClassFolders
    unit: str = field(default="images", init=False)

    def items(self) -> Sequence[SourceItem]:
        """List the images; raises ``LabelError`` when the ground truth does not fit them."""
        images = sorted(self.root.glob(self.spec.images))
        if not images:
            return []
        classes = self._classes(len(images))
        return [self._item(path, wnid) for path, wnid in zip(images, classes, strict=True)]

    def process(self, item: SourceItem) -> Report:
        """Link one image into its folder."""
        link_or_copy(item.source, item.outputs[0])
        return Report()

    def _item(self, path: Path, wnid: str) -> SourceItem:
        target = self.root / self.spec.into / wnid / f"{path.stem}_{wnid}{path.suffix}"
        return SourceItem(path.name, (target,), path)

    def _classes(self, images: int) -> list[str]:
        truth = self.root / self.spec.truth
        try:
            numbers = [int(line) for line in read_foreign_text(truth).split()]
        except (OSError, ValueError) as error:
            raise _no_ground_truth(truth, f"no ground truth can be read ({error})") from error
        if len(numbers) != images:
            raise _no_ground_truth(truth, f"{len(numbers):,} lines for {images:,} images")
        synsets = read_synsets(self.root / self.spec.synsets)
        unknown = set(numbers) - set(synsets)
        if unknown:
            raise _no_ground_truth(truth, f"class {min(unknown)} is not in {self.spec.synsets}")
        return [synsets[number] for number in numbers]


def read_synsets(path: Path) -> Mapping[int, str]:
    """Return the WordNet id of each class number, of leaves only; raises ``LabelError``.

    Rows are number, WordNet id, words, gloss, count of children, and so on; torchvision keeps
    those without children.
    """
    found = {}
    for row in read_struct_table(path, "synsets"):
        if int(row["num_children"]) == 0:
            found[int(row["ILSVRC2012_ID"])] = str(row["WNID"])
    return found


def _no_ground_truth(path: Path, reason: str) -> LabelError:
    hint = "fetch ILSVRC2012_img_val.tar and ILSVRC2012_devkit_t12.tar.gz again"
    return LabelError(reason, cause="ground-truth", where=str(path), hint=hint)
