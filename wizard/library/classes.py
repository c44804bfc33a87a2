"""Classes of a taxonomy, as its published name and colour lists give them."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from wizard.labels.tables.colours import Colour, class_colour, read_colour
from wizard.labels.tables.text import TableText

IGNORE_INDEX = 255
"""The value no loss is taken from, in every taxonomy (fact sheet mseg section 4)."""


@dataclass(frozen=True, slots=True)
class ClassInfo:
    """One class: the value its pixels hold, its name, and a colour to draw it in."""

    id: int
    name: str
    color: Colour
    ignored: bool = False
    """Whether no loss is taken from it."""


def read_classes(home: Path, taxonomy: str) -> tuple[ClassInfo, ...]:
    """Return the classes of ``<taxonomy>_names.txt``, line i for value i.

    Colours are those of ``<taxonomy>_colors.txt`` where it is published, else made from the name,
    so that a class looks the same in every taxonomy. Raises ``LabelError`` naming file and line.
    """
    names = TableText.of(home / f"{taxonomy}_names.txt")
    colours = home / f"{taxonomy}_colors.txt"
    return _classes(names, TableText.of(colours) if colours.is_file() else None)


@lru_cache(maxsize=64)
def _classes(names: TableText, colours: TableText | None) -> tuple[ClassInfo, ...]:
    found = names.lines()
    published = _published(colours, len(found)) if colours else ()
    return tuple(
        ClassInfo(
            id=index,
            name=name,
            color=published[index] if published else class_colour(name),
            ignored=name == "unlabeled",
        )
        for index, name in enumerate(found)
    )


def _published(file: TableText, count: int) -> tuple[Colour, ...]:
    lines = file.lines()
    if len(lines) != count:
        raise file.fault(f"{len(lines)} colours for {count} classes")
    return tuple(read_colour(file, number, line) for number, line in enumerate(lines, start=1))
