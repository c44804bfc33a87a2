"""Everything that can be wrong or odd: each cause once, in words, and what mends it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Remedy = Literal["rerun", "repair", "extract", "unpack", "remove", "tables", "none"]
"""What mends a cause: the missing work, our own output redone, a file replaced from its archive
or a missing one unpacked, a file taken away by hand, the tables fetched again, or nothing because
nothing is broken."""


@dataclass(frozen=True, slots=True)
class Cause:
    """One way to be wrong; ``slug`` is what findings are grouped under."""

    slug: str
    title: str
    remedy: Remedy | None = None
    """None where each finding says itself what to do."""
    fatal: bool = True
    hint: str = ""
    """What to do when a finding says nothing of it."""


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
EXTRA_FILE = Cause(
    "extra-file", "a file that belongs to no list lies among the labels", "remove", False
)
HARMLESS = Cause("harmless-file", "what desktops and editors leave behind", "none", False)
LEFTOVER = Cause("leftover", "an unfinished file of an interrupted run", "repair", False)
WRONG_EXAMPLE = Cause("wrong-example", "a published example pixel has another class", "repair")
NO_EXAMPLE = Cause("no-example", "the image of a published example is not listed", "none", False)
TABLE = Cause("table", "a table of the published data breaks its rule", "tables")

_TABLE = (
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
    HARMLESS,
    LEFTOVER,
    WRONG_EXAMPLE,
    NO_EXAMPLE,
    TABLE,
    # What a recipe's own checks find.
    Cause("missing-file", "a file is not there"),
    Cause("missing-folder", "a folder is not there"),
    Cause("missing-list", "a list of files cannot be read"),
    Cause("missing-column", "a table lacks a column"),
    Cause("bad-list", "a line of a list cannot be used"),
    Cause("stray-file", "a file lies where none of its name belongs"),
    Cause("no-partner", "a file stands alone where two belong together"),
    Cause("wrong-count", "there are more or fewer than were published"),
    Cause("wrong-hash", "the file is not the published one"),
    Cause("wrong-names", "the names are not the published ones"),
    Cause("wrong-kind", "the file stores another kind of numbers"),
    Cause("wrong-coding", "the labels are coded in another way"),
    Cause("other-values", "two labels of one image differ"),
    Cause("other-categories", "files list different categories"),
    Cause("other-union", "the parts together are not the whole"),
    Cause("other-instances", "instances differ from those of the partner file"),
    Cause("repeated-id", "one id is given twice"),
    Cause("lost-annotation", "annotations of no image"),
    Cause("ignored-annotation", "annotations that are to be ignored"),
    Cause("short-polygon", "polygons of fewer than three points", fatal=False),
    Cause("unknown-part", "a part that the table does not name"),
    Cause("empty-part", "a part without pixels"),
    Cause("known-oddity", "an oddity of the published data", fatal=False),
    Cause("misread-path", "a path that loaders misread", fatal=False),
    # What making labels runs into.
    Cause("label", "a label, table or record breaks its rule"),
    Cause("labels", "some labels could not be made"),
    Cause("mending", "files that did not hold cannot be mended"),
    Cause("missing-source", "what labels are made from is missing"),
    Cause("missing-polygons", "a polygon file is not there"),
    Cause("missing-mask", "a mask file is not there"),
    Cause("missing-json", "an annotation file is not there"),
    Cause("broken-json", "an annotation file cannot be used"),
    Cause("broken-mask", "a mask file cannot be used"),
    Cause("broken-weights", "a file of border weights cannot be used"),
    Cause("unfit-weights", "border weights do not fit their label", fatal=False),
    Cause("bad-captions", "a file of captions cannot be used"),
    Cause("bad-id", "an image id has no name"),
    Cause("bad-index", "the list of instance masks cannot be used"),
    Cause("bad-mat", "a MATLAB file cannot be used"),
    Cause("bad-offsets", "a file of offsets cannot be used"),
    Cause("bad-pickle", "a pickle cannot be used"),
    Cause("bad-polygon", "a polygon cannot be drawn"),
    Cause("bad-recipe", "the recipe asks for what the data does not have"),
    Cause("bad-region", "a run-length mask cannot be used"),
    Cause("bad-shard", "a shard cannot be used"),
    Cause("ground-truth", "the ground truth cannot be read"),
    Cause("not-a-file", "something else than a file is there"),
    Cause("not-a-label", "the file is no label image"),
    Cause("too-large", "the file is larger than any of its kind"),
    Cause("too-many-pixels", "the image has more pixels than any of its kind"),
    Cause("too-wide", "a taxonomy has more classes than a label can hold"),
    Cause("damaged", "the file is damaged"),
    Cause("undecodable-image", "the image does not decode"),
    Cause("illegal-id", "a number is no id of a part"),
    Cause("read-back", "what was written reads back differently"),
    Cause("empty-mask", "a segment is not in its image"),
    Cause("other-class", "a segment holds pixels of another class"),
    Cause("segment-not-found", "no such segment in its image"),
    Cause("lists-not-aligned", "the lists of two taxonomies differ"),
    Cause("not-in-panoptic-json", "segments that the annotation file does not know"),
    Cause("panoptic-mismatch", "the annotation file and its image disagree"),
    Cause("value-beyond-table", "values that the table has no row for"),
    Cause("value-outside-taxonomy", "values of no class", fatal=False),
    Cause("polygon-fill", "polygons are filled a few pixels unlike the reference", fatal=False),
    Cause("no-offsets", "there are no offsets for a frame"),
    Cause("no-pyarrow", "pyarrow is not installed"),
    # What a step reports besides.
    Cause("taken-over", "a folder had another name than the one that is read", fatal=False),
    Cause("packed-otherwise", "an archive is packed unlike the published one", fatal=False),
    Cause("changed-file", "a file from an archive was changed and is put back", fatal=False),
    Cause("given-from-outside", "given from outside", fatal=False),
    Cause("left-by-other-scripts", "left by other scripts", fatal=False),
    Cause(
        "worker-died",
        "an item ended every worker that took it",
        hint="look at this file, and give workers more memory",
    ),
    Cause(
        "system",
        "the operating system refused",
        hint="mend the cause and run again; what is finished stays",
    ),
    Cause(
        "unexpected",
        "a fault of segwizard",
        hint="this is a fault of segwizard; please report it with the output of 'segwizard doctor'",
    ),
    # Errors, by their kind.
    Cause("wizard", "something is wrong"),
    Cause("usage", "a command or answer cannot be carried out"),
    Cause("recipe", "a mistake in a recipe"),
    Cause("destination", "the destination cannot take the install"),
    Cause("planted", "something stands where a file of ours belongs"),
    Cause("later-version", "a file of a later segwizard"),
    Cause("environment-fault", "a setting of the environment is in the way"),
    Cause("lease", "another runner holds the destination"),
    Cause("waiting", "a person is needed"),
    Cause("person-needed", "a person is needed"),
    Cause("credential", "a login cannot be stored, read or cleared"),
    Cause("cancelled", "stopped on request"),
    Cause("reopened", "files that did not hold are made anew"),
    Cause("runner-gone", "the runner does not answer"),
    Cause("output", "the output takes nothing more"),
    Cause("archive", "the archive is damaged or unsafe"),
    Cause("unexpected-contents", "the archive holds something else"),
    Cause("not-the-archive", "the file is not the archive"),
    Cause("transfer", "the file could not be fetched"),
    Cause("passing", "the file could not be fetched for now"),
    Cause("unreachable", "the server cannot be reached"),
    Cause("name-not-resolved", "the server's name is unknown"),
    Cause("stalled", "the server sends nothing"),
    Cause("too-slow", "the server sends too little"),
    Cause("server-busy", "the server is busy"),
    Cause("session-expired", "the login has run out"),
    Cause("insecure-connection", "the connection cannot be trusted"),
    Cause("dead-link", "the file is not at its address"),
    Cause("access-denied", "the server refuses the file"),
    Cause("login-refused", "the site refused the login"),
    Cause("login-missing", "a login is missing"),
    Cause("licence-not-accepted", "the terms are not accepted yet"),
    Cause("approval-missing", "the site has not granted access yet"),
    Cause("link-expired", "link expired"),
    Cause("link-refused", "link refused"),
    Cause("wrong-content", "something else than the file came"),
    Cause("quota-used-up", "the file is not handed out any more today"),
    Cause("size-mismatch", "the file has another size"),
    Cause("hash-mismatch", "the file is not the published one"),
    Cause("file-changed", "the file changed on its way"),
    Cause("part-busy", "another process fetches this file"),
    Cause("disk-full", "the disk is full"),
    Cause("all-mirrors-failed", "every address failed"),
)

CAUSES = {cause.slug: cause for cause in _TABLE}
"""Every cause by its slug, in the order of a report."""
