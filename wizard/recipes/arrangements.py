"""Step tables that bring files to where code looks for them, and labels from one coding to another.

All paths are below the dataset's base folder.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wizard.recipes.step_table import StepTable


class Move(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where a file goes; the first move whose pattern fits its whole path decides."""

    pattern: str
    """Regular expression over the path below ``Arrange.source``, with named groups."""
    to: str
    """Path below ``Arrange.into``; groups are filled as ``{name}``."""
    when: str = ""
    """Path below ``Arrange.into`` that has to exist for the move to fit; groups are filled."""


class Arrange(StepTable, frozen=True, kw_only=True, tag="arrange"):
    """Give files the names and folders that code expects; files no move fits are left alone."""

    source: str
    into: str = ""
    moves: tuple[Move, ...]
    how: Literal["link", "symlink"] = "link"
    """``link``: a second name for the same bytes, or a copy where that cannot be."""
    remove: str = ""
    """Folder to delete once every file is in place."""


class Place(StepTable, frozen=True, kw_only=True, tag="place"):
    """Put a fetched file that is no archive where it is read."""

    archive: str
    to: str


class Symlinks(StepTable, frozen=True, kw_only=True, tag="symlinks"):
    """Give folders another name, by relative links."""

    links: dict[str, str]
    """New name to the folder it stands for."""


class Write(StepTable, frozen=True, kw_only=True, tag="write"):
    """Write a small text file."""

    file: str
    text: str
    """``{dest}``, ``{root}`` and ``{python}`` are filled, quoted for a shell; ``{root/folder}`` is
    a path below, and ``{root/folder!r}`` is quoted as Python does."""
    settings: bool = False
    """Whether the text is lines of ``NAME=value`` that take the place of those of the same name;
    what else a file holds stays."""


class Remove(StepTable, frozen=True, kw_only=True, tag="remove"):
    """Remove files that later work would wrongly trust, such as caches of older labels."""

    patterns: tuple[str, ...]
    older_than: str = ""
    """Folder whose last change decides which files are stale; leave out to remove all."""
    dangling: bool = False
    """Whether only links that lead nowhere are removed, in whose place no folder can be made."""


class Lookup(StepTable, frozen=True, kw_only=True, tag="lookup"):
    """Write every label of a folder anew through a fixed table of 256 values."""

    sources: str
    """Glob of the source labels."""
    skip: str = ""
    """Sources whose name contains this are left alone."""
    replace: tuple[str, str]
    """Ending of the source's path below ``folder``, and what the label's ends in instead."""
    folder: str = ""
    into: str = ""
    """Folder that takes the place of ``folder``; default: beside the source."""
    values: dict[str, int]
    """Stored value, or a range ``80-170`` that counts up, to the new value (of its first)."""
    other: int | None = None
    """What all other values become; leave out to keep them."""
    sha256: str = ""
    """Of the 256 bytes, where the table is published."""
