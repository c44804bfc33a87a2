"""Relabel records: which segments of which images get another class, read as published.

The record table is a Python file of calls with string literals. It is parsed, never run. Each
call names a text file whose lines are segments (fact sheet mseg section 5).
"""

from __future__ import annotations

import ast
import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import PurePosixPath
from typing import NamedTuple

from wizard.labels.tables.lists import Pair, TableText
from wizard.labels.tables.taxonomies import Tables, name_indices

RECORD_FILE = "label_preparation/dataset_update_records.py"
SEGMENT_FOLDER = "relabeled_data"

SegmentKey = tuple[str, str]
"""Parent folder of the label file and stem of the image file: together they name an image."""


class Segment(NamedTuple):
    """One segment of an image and the class it gets."""

    id: int
    old: int
    """Value it has before, in the relabelled taxonomy; 255 for ``unlabeled``."""
    new: int
    """Value it gets."""
    name: str
    """File name in the segment list, to show."""


class RelabelRecord(NamedTuple):
    """One call of the record table."""

    split: str
    old: str
    new: str
    path: str
    """Text file below ``relabeled_data``."""
    line: int


_FIELDS = ("dataset_name", "split", "orig_class", "relabeled_class", "txt_fpath")
_SPLITS = ("train", "val", "test")
_parsing = threading.Lock()
"""CPython counts the depth of all syntax trees under way in one place: two threads that make
one at a time mistake each other's (``SystemError``, recursion depth mismatch)."""


@dataclass(frozen=True, slots=True)
class SegmentNames:
    """How segment file names of one data set are read, and the folder they fall back to."""

    pattern: re.Pattern[str]
    template: str
    parent: str
    """Parent of names that do not carry one."""

    @classmethod
    def of(cls, template: str, parent: str) -> SegmentNames:
        """Make a reader from ``Relabel.segment``."""
        pieces = re.escape(template)
        for field, piece in (("parent", "[^_]+"), ("stem", ".+"), ("id", "[0-9]+")):
            pieces = pieces.replace(re.escape(f"{{{field}}}"), f"(?P<{field}>{piece})")
        return cls(re.compile(pieces), template, parent)

    def read(self, name: str) -> tuple[SegmentKey, int] | None:
        """Return the image and segment id a file name stands for, or None if malformed."""
        match = self.pattern.fullmatch(PurePosixPath(name).stem)
        if match is None or "/" in name:
            return None
        groups = match.groupdict()
        return (groups.get("parent", self.parent), groups["stem"]), int(groups["id"])


def image_key(pair: Pair) -> SegmentKey:
    """Return the key records find an image under (fact sheet mseg section 5)."""
    folder = pair.label.rpartition("/")[0].rpartition("/")[2]
    name = pair.image.rpartition("/")[2]
    return folder, name.rpartition(".")[0] or name


def segment_names(tables: Tables, template: str, split: str, taxonomy: str) -> SegmentNames:
    """Make the reader of one split's segment names.

    Raises ``LabelError`` when names carry no parent and the labels lie in several folders.
    """
    if "{parent}" in template:
        return SegmentNames.of(template, "")
    folders = {image_key(pair)[0] for pair in tables.pairs(taxonomy, split)}
    if len(folders) != 1:
        file = TableText.of(tables.folder / "dataset_lists" / taxonomy / "list" / f"{split}.txt")
        raise file.fault(f"segments named {template} need one label folder, found {len(folders)}")
    return SegmentNames.of(template, folders.pop())


def load_records(
    tables: Tables, table_name: str, split: str, taxonomy: str, template: str = "{stem}_{id}"
) -> Mapping[SegmentKey, tuple[Segment, ...]]:
    """Return the segments of every image of one split, in the order they are to be drawn.

    ``table_name`` is the list's name in the record table, ``taxonomy`` the relabelled one whose
    class names the records use, ``template`` the recipe's ``Relabel.segment``. Raises
    ``LabelError`` naming file and line. The result is remembered until a file changes.
    """
    table = TableText.of(tables.folder / RECORD_FILE)
    records = [record for record in read_record_table(table, table_name) if record.split == split]
    home = tables.folder / SEGMENT_FOLDER
    segments = []
    for record in records:
        if not (home / record.path).is_file():
            raise table.fault(f"names {record.path}, which is missing", line=record.line)
        segments.append(TableText.of(home / record.path))
    names = segment_names(tables, template, split, taxonomy)
    return _load(table, tuple(records), tuple(segments), names, tables.names(taxonomy))


@lru_cache(maxsize=16)
def _load(
    table: TableText,
    records: tuple[RelabelRecord, ...],
    files: tuple[TableText, ...],
    names: SegmentNames,
    classes: tuple[str, ...],
) -> Mapping[SegmentKey, tuple[Segment, ...]]:
    values = name_indices(classes)
    found: dict[SegmentKey, list[Segment]] = {}
    for record, file in zip(records, files, strict=True):
        for name in (record.old, record.new):
            if name not in values:
                raise table.fault(f"{name!r} is no class of the taxonomy", line=record.line)
        for number, line in enumerate(file.lines(), start=1):
            read = names.read(line)
            if read is None:
                raise file.fault(f"{line!r} is not named like {names.template}", line=number)
            key, segment = read
            found.setdefault(key, []).append(
                Segment(segment, values[record.old], values[record.new], line)
            )
    return {key: tuple(segments) for key, segments in found.items()}


@lru_cache(maxsize=16)
def read_record_table(file: TableText, name: str) -> tuple[RelabelRecord, ...]:
    """Return the calls of the list ``name``; raises ``LabelError`` naming file and line."""
    for statement in _module(file).body:
        if name in _targets(statement):
            return tuple(_records(file, statement))
    raise file.fault(f"no list named {name}")


def _module(file: TableText) -> ast.Module:
    try:
        with _parsing:
            return ast.parse(file.text(), filename=str(file.path))
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        line = error.lineno if isinstance(error, SyntaxError) else None
        reason = str(error) or "nested too deep"
        raise file.fault(f"not readable as a record table ({reason})", line=line) from error


def _targets(statement: ast.stmt) -> tuple[str, ...]:
    if isinstance(statement, ast.Assign):
        return tuple(target.id for target in statement.targets if isinstance(target, ast.Name))
    if isinstance(statement, ast.AnnAssign) and isinstance(statement.target, ast.Name):
        return (statement.target.id,)
    return ()


def _records(file: TableText, statement: ast.stmt) -> Iterator[RelabelRecord]:
    value = statement.value if isinstance(statement, ast.Assign | ast.AnnAssign) else None
    if not isinstance(value, ast.List | ast.Tuple):
        raise file.fault("expected a list of records", line=statement.lineno)
    for entry in value.elts:
        yield _record(file, entry)


def _record(file: TableText, entry: ast.expr) -> RelabelRecord:
    values: dict[str, str] = {}
    if isinstance(entry, ast.Call) and len(entry.args) <= len(_FIELDS):
        given = [*zip(_FIELDS, entry.args, strict=False)]
        given += [(keyword.arg or "", keyword.value) for keyword in entry.keywords]
        for field, value in given:
            if isinstance(value, ast.Constant) and isinstance(value.value, str):
                values[field] = value.value.strip()
    if set(values) != set(_FIELDS) or values["split"] not in _SPLITS:
        raise file.fault(
            "expected a call with five string literals: dataset, split, class before,"
            " class after, segment list",
            line=entry.lineno,
        )
    return RelabelRecord(
        values["split"],
        values["orig_class"],
        values["relabeled_class"],
        values["txt_fpath"],
        entry.lineno,
    )
