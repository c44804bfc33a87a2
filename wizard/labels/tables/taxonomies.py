"""Taxonomies as published data: class names, colours, lists, and tables from one to another.

Read from the folder ``mseg`` of the fetched tables, never imported. Values are remembered per
process until the file changes, so a ``Tables`` is cheap to make and to send to a worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from wizard.labels.tables.colours import read_colour
from wizard.labels.tables.lists import Pair, PlainList, TableText, read_pairs, read_plain

UNLABELED = 255
"""The value no loss is taken from."""
UNLABELED_NAME = "unlabeled"


@dataclass(frozen=True, slots=True)
class Tables:
    """The published tables below one folder (``.../mseg-api/mseg``)."""

    folder: Path

    def names(self, taxonomy: str) -> tuple[str, ...]:
        """Return the class names, index order; raises ``LabelError`` if there are none."""
        return _names(TableText.of(self._home(taxonomy) / f"{taxonomy}_names.txt"))

    def indices(self, taxonomy: str) -> Mapping[str, int]:
        """Map class names to values, ``unlabeled`` to 255 (fact sheet mseg section 4)."""
        return name_indices(self.names(taxonomy))

    def colours(self, taxonomy: str) -> NDArray[np.uint8]:
        """Return the label colours, uint8 (n, 3), row i for class i; read-only.

        Raises ``LabelError`` naming file and line, also when two classes share a colour.
        """
        file = TableText.of(self._home(taxonomy) / f"{taxonomy}_colors.txt")
        colours = _colours(file)
        if len(colours) != len(self.names(taxonomy)):
            raise file.fault(f"{len(colours)} colours for {len(self.names(taxonomy))} classes")
        return colours

    def has(self, taxonomy: str, split: str) -> bool:
        """Tell whether there is a list of a split."""
        return self.list_file(taxonomy, split).is_file()

    def list_file(self, taxonomy: str, split: str) -> Path:
        """Return where the list of a split lies."""
        return self._home(taxonomy) / "list" / f"{split}.txt"

    def pairs(self, taxonomy: str, split: str) -> tuple[Pair, ...]:
        """Return the lines of a list; labels may only be missing from the test split."""
        file = TableText.of(self.list_file(taxonomy, split))
        return read_pairs(file, labelled=split != "test")

    def plain(self, taxonomy: str, split: str) -> PlainList | None:
        """Return a plain list for one look, and do not remember it; see ``read_plain``."""
        return read_plain(TableText.of(self.list_file(taxonomy, split)))

    def lookup(self, source: str, target: str) -> NDArray[np.uint8]:
        """Return the table that turns values of ``source`` into ``target``, uint8 (n,), read-only.

        Raises ``LabelError`` naming the class or line at fault.
        """
        file = TableText.of(self.folder / "class_remapping_files" / f"{source}_to_{target}.tsv")
        return _lookup(file, source, target, self.names(source), self.names(target))

    def _home(self, taxonomy: str) -> Path:
        return self.folder / "dataset_lists" / taxonomy


def name_indices(names: tuple[str, ...]) -> dict[str, int]:
    """Map names to values; ``unlabeled`` is 255 whether or not the taxonomy lists it."""
    return {name: index for index, name in enumerate(names)} | {UNLABELED_NAME: UNLABELED}


def make_lookup(
    source: tuple[str, ...], target: tuple[str, ...], table: Mapping[str, str]
) -> NDArray[np.uint8]:
    """Compose names and table into an array, uint8 (highest source value + 1,).

    Value 255 always counts as ``unlabeled``, and values between the last class and 254 become
    class 0 (fact sheet mseg section 4). Raises ``KeyError`` with a name that is nowhere.
    """
    old = dict(enumerate(source)) | {UNLABELED: UNLABELED_NAME}
    new = name_indices(target)
    lookup = np.zeros(max(old) + 1, dtype=np.uint8)
    for index, name in old.items():
        lookup[index] = new[table[name]]
    lookup.setflags(write=False)
    return lookup


@lru_cache(maxsize=64)
def _names(file: TableText) -> tuple[str, ...]:
    names = tuple(file.lines())
    if not names:
        raise file.fault("no class names")
    return names


@lru_cache(maxsize=16)
def _colours(file: TableText) -> NDArray[np.uint8]:
    rows = [read_colour(file, number, line) for number, line in enumerate(file.lines(), start=1)]
    first: dict[tuple[int, ...], int] = {}
    for number, row in enumerate(rows, start=1):
        if first.setdefault(row, number) != number:
            raise file.fault(f"the colour of line {first[row]} again", line=number)
    colours = np.array(rows, dtype=np.uint8).reshape(-1, 3)
    colours.setflags(write=False)
    return colours


@lru_cache(maxsize=64)
def _lookup(
    file: TableText,
    source: str,
    target: str,
    source_names: tuple[str, ...],
    target_names: tuple[str, ...],
) -> NDArray[np.uint8]:
    rows = _rows(file, source, target)
    known_old = {*source_names, UNLABELED_NAME}
    new = name_indices(target_names)
    table: dict[str, str] = {}
    for number, (old_name, new_name) in enumerate(rows, start=2):
        _check_row(file, number, (old_name, source, old_name in known_old))
        _check_row(file, number, (new_name, target, new_name in new))
        if table.setdefault(old_name, new_name) != new_name:
            raise file.fault(f"two different classes for {old_name!r}", line=number)
    if len(target_names) > UNLABELED:
        raise file.fault(f"{target} has {len(target_names)} classes, too many for 8 bits")
    try:
        return make_lookup(source_names, target_names, table)
    except KeyError as error:
        raise file.fault(f"no line for class {error} of {source}") from error


def _check_row(file: TableText, number: int, cell: tuple[str, str, bool]) -> None:
    name, taxonomy, known = cell
    if not known:
        raise file.fault(f"{name!r} is no class of {taxonomy}", line=number)


def _rows(file: TableText, source: str, target: str) -> list[tuple[str, str]]:
    """Split a tsv into (old name, new name), by the names its header gives the columns."""
    split = [[cell.strip() for cell in line.split("\t")] for line in file.text().split("\n")]
    while split and split[-1] == [""]:
        split.pop()
    try:
        columns = split[0].index(source), split[0].index(target)
    except (IndexError, ValueError) as error:
        raise file.fault(f"the header does not name {source} and {target}", line=1) from error
    rows: list[tuple[str, str]] = []
    for number, cells in enumerate(split[1:], start=2):
        if len(cells) != len(split[0]):
            raise file.fault(f"expected {len(split[0])} columns, found {len(cells)}", line=number)
        rows.append((cells[columns[0]], cells[columns[1]]))
    return rows
