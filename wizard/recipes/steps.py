"""The kinds of step a recipe can ask for, each a typed table with ``kind = "..."``.

Terms and fetch steps are not written in recipes: the plan derives them from a dataset's terms
and archives, under the ids ``terms`` and ``fetch:<archive name>``.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wizard.recipes.arrangements import Arrange, Lookup, Place, Remove, Symlinks, Write
from wizard.recipes.assemblies import Assembly
from wizard.recipes.conversions import BoundaryWeights, Edges, Instances, PickledLabels, RleLabels
from wizard.recipes.postconditions import Check
from wizard.recipes.step_table import StepTable as StepTable


class Rule(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where members of an archive go: the first rule that fits decides.

    Member paths are compared without a leading ``./``; the empty prefix fits every member.
    """

    prefix: str = ""
    pattern: str = ""
    """Regular expression over the whole path, in place of a prefix."""
    to: str | None = None
    """What replaces the prefix, or the whole path with the pattern's groups filled in as
    ``{name}``; leave out to drop the member."""


class Nested(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """An archive inside the archive, at any depth, unpacked in turn and not kept."""

    member: str
    """Its path after the rules, as a glob pattern."""
    into: str = ""
    """Folder below ``Extract.into`` its members land in; ``{stem}`` is its name without ending."""
    rules: tuple[Rule, ...] = ()
    """Where its own members go."""


class Extract(StepTable, frozen=True, kw_only=True, tag="extract"):
    """Unpack an archive so that every member lands, whole, under its final name."""

    archive: str
    into: str = ""
    rules: tuple[Rule, ...] = ()
    """Members no rule fits keep their path; ``__MACOSX`` junk is always dropped."""
    nested: tuple[Nested, ...] = ()
    lower: bool = False
    provides: tuple[str, ...] = ()
    """Folders whose listed files come from this archive, and single files: with all of them on disk
    an install made by hand counts as unpacked. Below the dataset's base folder."""


class Assign(StepTable, frozen=True, kw_only=True, tag="assign"):
    """Set one string assignment in a Python file of a fetched archive, by text, never by import."""

    file: str
    name: str
    value: str
    """May hold ``{dest}``."""
    optional: bool = False
    """Whether an archive without the file is worth a note only."""


class Mat(StepTable, frozen=True, kw_only=True, tag="mat"):
    """Write one variable of every MATLAB file as an integer PNG, then drop the sources."""

    sources: str
    variable: str
    """Its name, or ``name.field`` for a field of a structure."""
    into: str
    bits: Literal[8, 16] = 16
    remove: str = ""
    """Folder to delete once every output is whole."""


class Polygons(StepTable, frozen=True, kw_only=True, tag="polygons"):
    """Draw the polygon JSON files of a dataset as label images beside them."""

    sources: str
    replace: tuple[str, str]
    """Ending of the source's name, and what the label's name ends in instead."""
    tables: str
    taxonomy: str
    background: str = "unlabeled"


class Relabel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How relabel records of one taxonomy find their pixels."""

    records: str
    """Name of the record table, such as ``ade20k_update_records``."""
    mask: Literal["label", "panoptic", "instance", "polygon", "channel"]
    source: str = ""
    """Where the mask's image or JSON is, below the collection root: ``{parent}`` and ``{stem}`` are
    the record's, ``{split}`` the list's, ``{top}`` the first folder of the image's path; ``*`` and
    ``**`` are searched once. Empty for ``label``: the pixels of the base taxonomy."""
    trim: str = ""
    """Ending of the stem that ``{stem}`` leaves out, such as ``_leftImg8bit``."""
    strict: bool = False
    """Whether every masked pixel must hold the old class before."""
    segment: str = "{stem}_{id}"
    """How the file names in the segment lists are made up; ``{parent}`` is the piece up to the
    next ``_``. A name without it belongs to the one folder its split's labels lie in."""


class LabelOutput(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One taxonomy to write: the one before it through a table, then its records."""

    taxonomy: str
    base: str = ""
    """Taxonomy whose pixels go through the table ``<base>_to_<taxonomy>``; empty: as decoded."""
    relabel: Relabel | None = None


class Labels(StepTable, frozen=True, kw_only=True, tag="labels"):
    """Read each source label once and write every taxonomy made from it."""

    tables: str
    """Folder below the destination that holds dataset_lists, class_remapping_files, ..."""
    folder: str
    """Folder below the collection root that list lines start from."""
    source: str
    """Taxonomy of the source labels."""
    decode: Literal["index", "colours", "panoptic"] = "index"
    segments: str = ""
    """For ``panoptic``: the JSON that says which segment is what, below ``folder``; ``{split}`` is
    filled."""
    outputs: tuple[LabelOutput, ...]
    splits: tuple[str, ...] = ("train", "val")


class Example(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A pixel whose class people can look up: the document's targeted checks."""

    taxonomy: str
    name: str
    index: int
    segment: str
    """File name of the segment; its parent, stem and id are parsed as in the records."""
    split: str
    y: int
    x: int


class Segments(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Relabelled taxonomy whose every record is checked in the written labels."""

    taxonomy: str
    base: str
    relabel: Relabel


class Verify(StepTable, frozen=True, kw_only=True, tag="verify"):
    """Prove every path, label and relabelled segment of a dataset."""

    tables: str
    folder: str
    taxonomies: tuple[str, ...]
    segments: tuple[Segments, ...] = ()
    """Default: every output with relabel records of the dataset's labels steps."""
    examples: tuple[Example, ...] = ()
    splits: tuple[str, ...] = ("train", "val")


class Report(StepTable, frozen=True, kw_only=True, tag="report"):
    """Write the install's report."""


class ClearCredentials(StepTable, frozen=True, kw_only=True, tag="clear-credentials"):
    """Remove every stored credential and cookie, and prove they are gone."""


Conversion = Instances | RleLabels | PickledLabels | Edges | BoundaryWeights
"""Conversions of the smaller collections."""

Arrangement = Arrange | Lookup | Place | Remove | Symlinks | Write
"""Steps that bring files to where code looks for them."""

StepSpec = (
    Extract
    | Assign
    | Mat
    | Polygons
    | Labels
    | Verify
    | Check
    | Report
    | ClearCredentials
    | Conversion
    | Arrangement
    | Assembly
)
"""Any step a recipe can hold."""
