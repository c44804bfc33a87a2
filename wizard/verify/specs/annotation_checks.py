"""Checks of annotation files and of the structures that loaders of parts and captions expect.

Paths and globs are as in ``postconditions``.
"""

from __future__ import annotations

from msgspec import Struct


class CheckTable(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True, tag_field="check"):
    """Base of every check."""

    why: str = ""
    """What goes wrong in training when this does not hold; shown as the hint."""
    also: tuple[int, ...] = ()
    """More numbers that are known to be right where this one counts files or lines."""
    by_alternative: dict[str, int] = {}
    """The number by the way the files come, for ``count``."""


class Numbered(CheckTable, frozen=True, kw_only=True, tag="numbered"):
    """Every folder holds files numbered from 1, and nothing else."""

    folders: str
    """Glob."""
    name: str
    """Template of a file, such as ``image_{n:04}.jpg``."""


class MatTable(CheckTable, frozen=True, kw_only=True, tag="mat-table"):
    """A MATLAB file holds a table with these columns."""

    file: str
    variable: str
    columns: tuple[str, ...]
    count: int
    """Rows, as published."""


class CaptionLists(CheckTable, frozen=True, kw_only=True, tag="caption-lists"):
    """A JSON list of images, each of which exists and has a list of captions."""

    file: str
    images: int
    captions: int
    folder: str = ""
    """What image paths are below."""


class Outlines(CheckTable, frozen=True, kw_only=True, tag="outlines"):
    """Polygons of an annotation file have three corners or more; worth a note only."""

    file: str


class Categories(CheckTable, frozen=True, kw_only=True, tag="categories"):
    """The categories of an annotation file count from 0."""

    file: str
    count: int


class Union(CheckTable, frozen=True, kw_only=True, tag="union"):
    """An annotation file holds what its parts hold, ids aside, and its own ids are sound."""

    file: str
    parts: tuple[str, ...]


class PartNames(CheckTable, frozen=True, kw_only=True, tag="part-names"):
    """MATLAB files of objects and their parts name only parts that the loader knows."""

    files: str
    names: dict[str, tuple[str, ...]]
    """Class to the part names it may have, up to their first ``_``; objects of other classes are
    skipped by the loader. ``{l,r}eye`` stands for ``leye`` and ``reye``."""


class PartIds(CheckTable, frozen=True, kw_only=True, tag="part-ids"):
    """TIFF files of panoptic parts are well formed and agree with the instances."""

    files: str
    replace: tuple[str, str]
    """Piece of the path below the base, and what it becomes in the path of the instance ids."""
    ending: tuple[str, str]
    """Ending of the name, and that of the instance ids."""
    parts: dict[str, int]
    """Class id to its highest part id; a higher one is worth a note."""


AnnotationCheck = (
    Numbered | MatTable | CaptionLists | Outlines | Categories | Union | PartNames | PartIds
)
"""Any of them."""
