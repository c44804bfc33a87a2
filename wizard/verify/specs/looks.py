"""What each check looks at: the paths and globs that have to be there for it to hold."""

from __future__ import annotations

from collections.abc import Iterator

from wizard.recipes.step_table import Named
from wizard.verify.specs.annotation_checks import (
    CaptionLists,
    Categories,
    MatTable,
    Numbered,
    Outlines,
    PartIds,
    PartNames,
    Union,
)
from wizard.verify.specs.checks import (
    AnyCheck,
    Count,
    Decodes,
    Destination,
    Hash,
    JsonCounts,
    Listed,
    Names,
    Notice,
    Occurs,
    Offsets,
    Only,
    Pairs,
    Pixels,
    SameValues,
    Weights,
)


def looked_at(check: AnyCheck) -> Iterator[Named]:
    """Yield keys of a check's table with the path or, under ``files``, the glob each holds."""
    match check:
        case (
            Count(files=files)
            | Pixels(files=files)
            | Decodes(files=files)
            | Names(files=files)
            | Occurs(files=files)
            | Offsets(files=files)
            | PartNames(files=files)
            | PartIds(files=files)
        ):
            yield "files", files
        case Numbered(folders=folders):
            yield "folders", folders
        case (
            Hash(file=file)
            | MatTable(file=file)
            | Outlines(file=file)
            | Categories(file=file)
            | CaptionLists(file=file)
        ):
            yield "file", file
        case Only(folder=folder):
            yield "folder", folder
        case JsonCounts(file=file, folder=folder):
            yield from (("file", file), ("folder", folder))
        case Union(file=file, parts=parts):
            yield "file", file
            yield from ((f"parts[{i}]", each) for i, each in enumerate(parts))
        case SameValues(list=file, other=other):
            yield from (("list", file), ("other", other))
        case Weights(list=file, weights=weights):
            yield from (("list", file), ("weights", weights))
        case Pairs(first=first, second=second):
            yield from (("first", first), ("second", second))
        case Listed(list=file):
            yield "list", file
        case Notice() | Destination():
            pass
