"""What must hold of a finished dataset, as data: the tables of single checks.

Paths and globs are POSIX and below the dataset's base folder. Counts are those of the published
files; where a site file names its own copies, a differing count is a note and not a fault.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from wizard.verify.specs.annotation_checks import AnnotationCheck, CheckTable


class Count(CheckTable, frozen=True, kw_only=True, tag="count"):
    """As many files or folders match a glob as were published, and at least one."""

    files: str
    count: int
    fits: str = ""
    """Regular expression that every name must fit."""


class Listed(CheckTable, frozen=True, kw_only=True, tag="listed"):
    """Every line of a list names files that exist and are not empty."""

    list: str
    folder: str = ""
    paths: tuple[str, ...] = ("{0}",)
    """Templates over a line's columns: ``{0}``, ``{1}``."""
    skip: int = 0
    """Header lines."""
    separator: str = ""
    """What divides columns; empty: blanks."""
    count: int | None = None
    """Lines, as published."""


class Pairs(CheckTable, frozen=True, kw_only=True, tag="pairs"):
    """Two folders hold files of equal stems, and nothing else."""

    first: str
    second: str
    cut: str = ""
    """Ending of the second folder's stems that the first lacks, such as ``_labelIds``."""
    same_size: bool = False
    """Whether both are images of the same width and height."""
    one_way: bool = False
    """Whether the second folder may hold more."""


class Pixels(CheckTable, frozen=True, kw_only=True, tag="pixels"):
    """Every image decodes and stores numbers of the expected kind."""

    files: str
    mode: Literal["gray", "palette", "gray16", "int32"] = "gray"
    values: tuple[int, ...] = ()
    """Allowed values; empty: see ``highest``."""
    highest: int | None = None
    """Largest allowed value beside 255; leave out for any."""
    ignore: bool = True
    """Whether 255 is allowed."""


HIGHEST: Mapping[str, int] = {
    "gray": 255,
    "palette": 255,
    "gray16": (1 << 16) - 1,
    "int32": (1 << 31) - 1,
}
"""Largest number that a pixel of each mode holds."""


class Decodes(CheckTable, frozen=True, kw_only=True, tag="decodes"):
    """Every picture decodes to its last byte."""

    files: str


class Hash(CheckTable, frozen=True, kw_only=True, tag="hash"):
    """A file has the published bytes."""

    file: str
    md5: str = ""
    sha256: str = ""
    """All of it, or its start where only that is published."""
    git_blob: str = ""
    """The id git gives the content."""


class JsonCounts(CheckTable, frozen=True, kw_only=True, tag="json"):
    """A JSON file holds lists of the published lengths, and its file names exist."""

    file: str
    counts: dict[str, int] = {}
    """Key of a list at the top to its length; ``""`` is the document itself."""
    names: str = ""
    """``key.field`` of file names, such as ``images.file_name``."""
    folder: str = ""
    """Folder the names are below."""
    prefix: str = ""
    """Path template of a name: ``{name}``, and ``{head}`` up to its first ``_``."""
    unique: tuple[str, ...] = ()
    """``key.field`` whose values may not repeat."""


class Only(CheckTable, frozen=True, kw_only=True, tag="only"):
    """A folder holds files whose names fit, and nothing else, hidden files included."""

    folder: str
    fits: str
    """Regular expression over a whole name."""


class Names(CheckTable, frozen=True, kw_only=True, tag="names"):
    """The stems of the files a glob matches, sorted, one a line, have the published hash."""

    files: str
    sha256: str


class Occurs(CheckTable, frozen=True, kw_only=True, tag="occurs"):
    """Somewhere among the labels a glob matches, one of these values is stored."""

    files: str
    values: tuple[int, ...]


class SameValues(CheckTable, frozen=True, kw_only=True, tag="same-values"):
    """Listed labels store what another folder's files of the same name store."""

    list: str
    column: int = 0
    folder: str
    """What the list's paths are below."""
    other: str


class Weights(CheckTable, frozen=True, kw_only=True, tag="weights"):
    """Every listed label has loss weights that read back whole and fit it."""

    list: str
    folder: str
    weights: str
    dtype: Literal["float32", "uint8"]
    count: int
    """Files, as published."""


class Offsets(CheckTable, frozen=True, kw_only=True, tag="offsets"):
    """SegFix offset files hold unit steps for every pixel."""

    files: str
    count: int


class Notice(CheckTable, frozen=True, kw_only=True, tag="notice"):
    """Files that are right to be there, but that a person should know of."""

    files: str
    what: str


class Destination(CheckTable, frozen=True, kw_only=True, tag="destination"):
    """The path of the base folder holds nothing that scripts misread; worth a note only."""

    avoid: tuple[str, ...]


AnyCheck = (
    Count
    | Listed
    | Pairs
    | Pixels
    | Decodes
    | Hash
    | JsonCounts
    | Only
    | Names
    | Occurs
    | SameValues
    | Weights
    | Offsets
    | Notice
    | Destination
    | AnnotationCheck
)
"""Any check a recipe can hold."""
