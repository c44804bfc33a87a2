"""Tables of the steps that make the labels of taxonomies from what archives hold."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from msgspec import Struct

from wizard.recipes.keys import suggestion
from wizard.recipes.step_table import Named, Problem, StepTable, Template, open_end

VALUE_ENTRY = re.compile(r"(\d{1,3})(?:(-|\.\.)(\d{1,3}))?", re.ASCII)
"""A stored value, or the ends of a range: ``-`` counts up with it, ``..`` leads to one value."""
_HIGHEST = 255


class Mat(StepTable, frozen=True, kw_only=True, tag="mat"):
    """Write one variable of every MATLAB file as an integer PNG, then drop the sources."""

    sources: str
    variable: str
    """Its name, or ``name.field`` for a field of a structure."""
    into: str
    bits: Literal[8, 16] = 16
    remove: str = ""
    """Folder to delete once every output is whole."""

    def paths_named(self) -> Iterator[Named]:
        """Yield where the sources are and the labels go."""
        yield from (("sources", self.sources), ("into", self.into), ("remove", self.remove))

    def replaced(self) -> Iterator[tuple[str, str]]:
        """Yield the folder of sources it removes once they are converted."""
        if self.remove:
            yield self.remove, self.into

    def converted(self) -> Iterator[str]:
        """Yield the folder whose labels come of files that are gone since."""
        yield self.into


Form = Literal["index", "colours", "panoptic"]
"""How a label stores its classes: as they are, as colours, or as ids of segments."""


@dataclass(frozen=True, slots=True)
class Layer:
    """One taxonomy of a dataset and, if it is made from another, how."""

    taxonomy: str
    form: Form = "index"
    base: str = ""
    """Taxonomy it is made from."""
    direct: bool = False
    """Whether the base's pixels are taken over as decoded instead of through a table."""
    segments: str = ""
    """For ids of segments: the JSON that gives each its class, ``{split}`` to be filled."""
    relabel: Relabel | None = None
    polygons: Polygons | None = None
    """How it is drawn from polygon files."""
    produced: bool = False
    """Whether its labels are ours, so that a broken one can be deleted and made again."""
    own_folder: bool = False
    """Whether its folders hold nothing but its labels."""


class LayerTable(StepTable, frozen=True, kw_only=True):
    """Base of what reads or writes the labels of taxonomies."""

    def layers(self) -> Iterator[Layer]:
        """Yield every taxonomy it reads or writes and how each is made."""
        yield from ()


class Polygons(LayerTable, frozen=True, kw_only=True, tag="polygons"):
    """Draw the polygon JSON files of a dataset as label images beside them."""

    sources: str
    replace: tuple[str, str]
    """Ending of the source's name, and what the label's name ends in instead."""
    tables: str
    taxonomy: str
    background: str = "unlabeled"

    @property
    def tables_folder(self) -> str:
        """Where the class names are."""
        return self.tables

    def paths_named(self) -> Iterator[Named]:
        """Yield where the polygons are, and the tables."""
        yield from (("sources", self.sources), ("tables", self.tables))

    def taxonomies_named(self) -> Iterator[Named]:
        """Yield the taxonomy whose classes are drawn."""
        yield "taxonomy", self.taxonomy

    def layers(self) -> Iterator[Layer]:
        """Yield the taxonomy as it is drawn."""
        yield Layer(self.taxonomy, polygons=self, produced=True)


class Relabel(Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How relabel records of one taxonomy find their pixels."""

    records: str
    """Name of the record table, such as ``ade20k_update_records``."""
    mask: Literal["label", "panoptic", "instance", "polygon", "channel"]
    source: str = ""
    """Where the mask's image or JSON is, below the collection root: ``{parent}`` and ``{stem}`` are
    the record's, ``{split}`` the list's, ``{top}`` the first folder of the image's path; ``*`` and
    ``**`` are searched once. Empty for ``label``: the pixels of the base taxonomy."""
    exported: str = ""
    """Where masks that another lab exported lie, read where the source is missing; templates as in
    ``source``, without wildcards. Empty where none can be imported."""
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


class ByLists(LayerTable, frozen=True, kw_only=True):
    """Base of what goes by the lists of a dataset."""

    tables: str
    """Folder below the destination that holds dataset_lists, class_remapping_files, ..."""
    folder: str
    """Folder below the collection root that list lines start from."""
    splits: tuple[str, ...] = ("train", "val")

    @property
    def tables_folder(self) -> str:
        """Where lists, mappings and records are."""
        return self.tables

    @property
    def makes(self) -> tuple[LabelOutput, ...]:
        """The taxonomies it writes."""
        return ()

    @property
    def reads(self) -> tuple[str, ...]:
        """The taxonomies it reads the lists of."""
        return ()

    def paths_named(self) -> Iterator[Named]:
        """Yield the folders."""
        yield from (("folder", self.folder), ("tables", self.tables))


class Labels(ByLists, frozen=True, kw_only=True, tag="labels"):
    """Read each source label once and write every taxonomy made from it."""

    source: str
    """Taxonomy of the source labels."""
    decode: Form = "index"
    segments: str = ""
    """For ``panoptic``: the JSON that says which segment is what, below ``folder``; ``{split}`` is
    filled."""
    outputs: tuple[LabelOutput, ...]

    @property
    def makes_taxonomies(self) -> bool:
        """Every output is one."""
        return True

    @property
    def makes(self) -> tuple[LabelOutput, ...]:
        """Every output."""
        return self.outputs

    @property
    def reads(self) -> tuple[str, ...]:
        """The source."""
        return (self.source,)

    def layers(self) -> Iterator[Layer]:
        """Yield the source, then every output."""
        yield Layer(self.source, form=self.decode, segments=self.segments)
        for output in self.outputs:
            yield Layer(
                output.taxonomy,
                base=output.base or self.source,
                direct=not output.base,
                relabel=output.relabel,
                produced=True,
                own_folder=True,
            )

    def taxonomies_named(self) -> Iterator[Named]:
        """Yield the source and every output."""
        yield "source", self.source
        yield from ((f"outputs[{i}].taxonomy", o.taxonomy) for i, o in enumerate(self.outputs))

    def templates_named(self) -> Iterator[Template]:
        """Yield where segments and masks are."""
        yield "segments", self.segments, ("split",)
        for i, rule in enumerate(output.relabel for output in self.outputs):
            if rule:
                place = f"outputs[{i}].relabel"
                yield f"{place}.source", rule.source, ("parent", "stem", "split", "top")
                yield f"{place}.exported", rule.exported, ("parent", "stem", "split", "top")
                yield f"{place}.segment", rule.segment, ("parent", "stem", "id")

    def problems(self) -> Iterator[Problem]:
        """Yield outputs made from nothing above them, or from masks nobody can find."""
        if self.decode == "panoptic" and not self.segments:
            yield "segments", "is missing: panoptic labels need the JSON of their segments", ""
        made = [self.source]
        for index, output in enumerate(self.outputs):
            place, rule = f"outputs[{index}]", output.relabel
            if output.base and output.base not in made:
                reason = f"is neither the source nor an output above: {output.base!r}"
                yield f"{place}.base", reason, suggestion(output.base, made)
            if rule and rule.mask != "label" and not rule.source:
                yield f"{place}.relabel.source", f"is missing: where {rule.mask} masks lie", ""
            if output.taxonomy in made[1:]:
                first = made.index(output.taxonomy, 1) - 1
                reason = f"is used before, by outputs[{first}]: {output.taxonomy!r}"
                yield f"{place}.taxonomy", reason, ""
            made.append(output.taxonomy)


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
    """Stored value, or a range ``80-170`` that counts up, to the new value (of its first);
    ``80..170`` leads to one value."""
    other: int | None = None
    """What all other values become; leave out to keep them."""
    sha256: str = ""
    """Of the 256 bytes, where the table is published."""

    def paths_named(self) -> Iterator[Named]:
        """Yield the folders."""
        yield from (("sources", self.sources), ("folder", self.folder), ("into", self.into))

    def lands(self) -> Iterator[str]:
        """Yield its labels by their ending, in their folder or beside the sources."""
        ending = self.replace[1].rpartition("/")[2]
        yield f"{open_end(self.into or self.sources)}/*{ending}"

    def problems(self) -> Iterator[Problem]:
        """Yield values that no label of 8 bits holds."""
        for name, value in self.values.items():
            entry = VALUE_ENTRY.fullmatch(name)
            start, stop = (int(entry[1]), int(entry[3] or entry[1])) if entry else (1, 0)
            last = value if entry and entry[2] == ".." else value + stop - start
            if not start <= stop <= _HIGHEST:
                yield f"values.{name}", "is no value from 0 to 255, nor a range of them", ""
            elif not 0 <= value <= last <= _HIGHEST:
                yield f"values.{name}", f"leads to {last}: labels hold 0 to 255", ""
        if self.other is not None and not 0 <= self.other <= _HIGHEST:
            yield "other", f"is {self.other}: labels hold 0 to 255", ""
        ending = self.sources.rpartition("*")[2]
        old = self.replace[0]
        if not (ending.endswith(old) or old.endswith(ending)):
            yield "replace", f"{old!r} ends no file of {self.sources}", ""
        if {"{", "}"} & set(self.replace[1]):
            yield "replace", f"is written as it is, braces and all: {self.replace[1]!r}", ""
