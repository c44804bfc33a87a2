"""What can be wrong with a prepared dataset: each cause, in words, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from wizard.work import Finding

Remedy = Literal["rerun", "repair", "extract", "unpack", "remove", "tables", "none"]
"""What mends a cause: the missing work, our own output redone, a file replaced from its archive
or a missing one unpacked, a file taken away by hand, the tables fetched again, or nothing because
nothing is broken."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One way to be wrong; ``slug`` is what findings are grouped under."""

    slug: str
    title: str
    remedy: Remedy
    fatal: bool = True

    def finding(self, path: str, detail: str = "") -> Finding:
        """Report this cause at a path below the collection's root."""
        return Finding(self.slug, path, detail or self.title, fatal=self.fatal)


MISSING_IMAGE = Cause("missing-image", "an image of a list is not there", "unpack")
MISSING_LABEL = Cause("missing-label", "a label of a list is not there", "rerun")
EMPTY_FILE = Cause("empty-file", "the file has no bytes", "repair")
TRUNCATED_IMAGE = Cause("truncated-image", "the image ends before its last pixel", "extract")
BROKEN_IMAGE = Cause("broken-image", "the image does not decode", "extract")
NO_END_MARK = Cause("no-end-mark", "every pixel decodes, the end mark is missing", "none", False)
TRUNCATED_LABEL = Cause("truncated-label", "the label ends before its last pixel", "repair")
BROKEN_LABEL = Cause("broken-label", "the label does not decode", "repair")
WRONG_MODE = Cause("wrong-mode", "the label is stored in another pixel format", "repair")
PALETTE = Cause(
    "palette",
    "a palette image: its numbers are classes, but other programs see colours",
    "none",
    False,
)
UNKNOWN_COLOUR = Cause(
    "unknown-colours",
    "colours of no class, counted as class 0 as the reference does",
    "none",
    False,
)
UNKNOWN_LABEL = Cause(
    "unknown-label", "objects of no class, left out as the reference leaves them", "none", False
)
BROKEN_POLYGONS = Cause("broken-polygons", "the polygon file cannot be used", "extract")
WRONG_SIZE = Cause("wrong-size", "the label is not as large as its image", "repair")
WRONG_VALUE = Cause("wrong-value", "the label holds values that are no class", "repair")
WRONG_PIXELS = Cause("wrong-pixels", "pixels differ from what the table makes of them", "repair")
WRONG_SEGMENT = Cause("wrong-segment", "a relabelled segment does not hold its class", "repair")
EMPTY_SEGMENT = Cause("empty-segment", "a record names a segment with no pixel", "tables")
OLD_CLASS = Cause("old-class", "a segment did not hold the class its record expects", "tables")
NO_MASK = Cause("no-mask", "the file that says where the segments are cannot be used", "extract")
UNLISTED_IMAGE = Cause("unlisted-image", "a record names an image of no list", "none", False)
EXTRA_FILE = Cause("extra-file", "a file that belongs to no list lies among the labels", "remove")
LEFTOVER = Cause("leftover", "an unfinished file of an interrupted run", "repair", False)
WRONG_EXAMPLE = Cause("wrong-example", "a published example pixel has another class", "repair")
NO_EXAMPLE = Cause("no-example", "the image of a published example is not listed", "none", False)
TABLE = Cause("table", "a table of the published data breaks its rule", "tables")

CAUSES = {
    cause.slug: cause
    for cause in (
        MISSING_IMAGE,
        MISSING_LABEL,
        EMPTY_FILE,
        TRUNCATED_IMAGE,
        BROKEN_IMAGE,
        NO_END_MARK,
        TRUNCATED_LABEL,
        BROKEN_LABEL,
        WRONG_MODE,
        PALETTE,
        UNKNOWN_COLOUR,
        UNKNOWN_LABEL,
        BROKEN_POLYGONS,
        WRONG_SIZE,
        WRONG_VALUE,
        WRONG_PIXELS,
        WRONG_SEGMENT,
        EMPTY_SEGMENT,
        OLD_CLASS,
        NO_MASK,
        UNLISTED_IMAGE,
        EXTRA_FILE,
        LEFTOVER,
        WRONG_EXAMPLE,
        NO_EXAMPLE,
        TABLE,
    )
}
"""Every cause by its slug, in the order of a report."""


_OURS_ALWAYS = (LEFTOVER, WRONG_EXAMPLE)
"""Causes whose findings name something else than a label."""


@dataclass(frozen=True, slots=True)
class Remedies:
    """The commands that mend one dataset of one install, as the person would type them."""

    run: str
    verify: str

    def hint(self, cause: Cause, *, unpacked: bool = False) -> str:
        """Say what to do about a cause, in a file of ours or in one that was ``unpacked``."""
        steps: dict[Remedy, str] = {
            "rerun": f"make what is missing: {self.run}",
            "repair": f"delete and redo our labels: {self.verify} --repair, then {self.run}",
            "extract": f"delete the file, then unpack again what is missing: {self.run}",
            "unpack": f"unpack again what is missing: {self.run}",
            "remove": "move the file away; nothing here reads it",
            "tables": f"delete the mseg-api folder to fetch the tables anew: {self.run}",
            "none": "nothing to mend",
        }
        taken = unpacked and cause.remedy == "repair" and cause not in _OURS_ALWAYS
        return steps["extract" if taken else cause.remedy]
