"""Declared checks as batches: each lists what to look at, and looks at one thing at a time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from wizard.errors import LabelError
from wizard.labels.lazy import Lazy
from wizard.recipes.annotation_checks import (
    CaptionLists,
    Categories,
    MatTable,
    Numbered,
    Outlines,
    PartIds,
    PartNames,
    Union,
)
from wizard.recipes.postconditions import (
    AnyCheck,
    Check,
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
from wizard.verify.images import Unreadable
from wizard.verify.scan import Fingerprint
from wizard.work import Finding, Item, Report


class Examiner(Protocol):
    """One check, bound to a folder."""

    def subjects(self) -> Sequence[str]:
        """List what to look at; a check of the whole tree has one subject."""
        ...

    def examine(self, subject: str) -> Iterator[Finding]:
        """Look at one subject and yield what is wrong with it.

        Raises ``LabelError`` or ``Unreadable`` for a file that cannot be read at all.
        """
        ...


@dataclass(frozen=True, slots=True)
class CheckItem(Item):
    """One subject of one check."""

    check: int = 0


@dataclass(frozen=True, slots=True)
class CheckWork:
    """All checks of a ``check`` step; nothing is written."""

    base: Path
    spec: Check
    unit: str = field(default="checks", init=False)
    _examiners: Lazy[tuple[Examiner, ...]] = field(default_factory=Lazy, repr=False, compare=False)

    def items(self) -> Sequence[CheckItem]:
        """List every subject of every check."""
        return [
            CheckItem(subject, check=index)
            for index, each in enumerate(self._bound())
            for subject in each.subjects()
        ]

    def process(self, item: CheckItem) -> Report:
        """Look at one subject."""
        why = self.spec.checks[item.check].why
        found = self._looked(self._bound()[item.check], item.key)
        return Report(tuple(explained(finding, why) for finding in found))

    def _looked(self, examiner: Examiner, subject: str) -> Iterator[Finding]:
        """Yield what a look finds; a file that cannot be read is a finding like any other."""
        try:
            yield from examiner.examine(subject)
        except Unreadable as error:
            yield Finding("missing-file" if error.missing else "broken-image", subject, str(error))
        except LabelError as error:
            where = error.where.removeprefix(f"{self.base}/") or subject
            yield Finding(error.cause, where, error.message, error.hint)

    def _bound(self) -> tuple[Examiner, ...]:
        return self._examiners.get(
            lambda: tuple(
                examiner(check, self.base, exact=self.spec.exact) for check in self.spec.checks
            )
        )


def explained(finding: Finding, why: str) -> Finding:
    """Add what the recipe says of a check to a finding that has no hint of its own."""
    if finding.hint or not why:
        return finding
    return Finding(finding.cause, finding.path, finding.detail, why, finding.fatal)


def evidence(spec: Check, base: Path) -> Iterator[Path]:
    """Yield the files and folders whose change makes a proof of the checks lapse."""
    for check in spec.checks:
        match check:
            case Count(files=files) | Pixels(files=files) | Decodes(files=files):
                yield from base.glob(files)
            case Hash(file=file):
                yield base / file
            case Names(files=files) | Occurs(files=files) | Offsets(files=files):
                yield from base.glob(files)
            case Only(folder=folder):
                yield base / folder
            case SameValues(list=file, other=other):
                yield base / file
                yield base / other
            case Weights(list=file, weights=weights):
                yield base / file
                yield from base.glob(f"{weights}/*")
            case Notice() | Destination():
                pass
            case Numbered(folders=folders):
                yield from base.glob(folders)
            case MatTable(file=file) | Outlines(file=file) | Categories(file=file):
                yield base / file
            case CaptionLists(file=file):
                yield base / file
            case Union(file=file, parts=parts):
                yield from (base / name for name in (file, *parts))
            case PartNames(files=files) | PartIds(files=files):
                yield from base.glob(files)
            case JsonCounts(file=file, folder=folder):
                yield base / file
                yield base / folder
            case Listed():
                yield base / check.list
                yield from _listed_folders(check, base)
            case Pairs(first=first, second=second):
                yield from base.glob(f"{first}/*")
                yield from base.glob(f"{second}/*")


def _listed_folders(check: Listed, base: Path) -> set[Path]:
    """Return the folders that a list's files lie in; archives beside them may come and go."""
    from wizard.verify.checks_files import listed

    try:
        return {(base / check.folder / name).parent for _, name in listed(check, base)}
    except (OSError, UnicodeDecodeError, IndexError):
        return set()


def fingerprint_of(paths: Iterable[Path]) -> Fingerprint:
    """Sum up files and folders themselves; a folder's time tells what was added or removed."""
    facts = []
    for path in set(paths):
        with contextlib.suppress(OSError):
            facts.append(path.stat())
    return Fingerprint(
        len(facts),
        sum(each.st_size for each in facts),
        max((each.st_mtime_ns for each in facts), default=0),
    )


def examiner(check: AnyCheck, base: Path, *, exact: bool) -> Examiner:
    """Return the code behind a check."""
    from wizard.verify import checks_files, checks_pixels

    match check:
        case Count():
            return checks_files.CountExaminer(check, base, exact=exact)
        case Listed():
            return checks_files.ListedExaminer(check, base, exact=exact)
        case Hash():
            return checks_files.HashExaminer(check, base, exact=exact)
        case JsonCounts():
            return checks_files.JsonExaminer(check, base, exact=exact)
        case Pairs():
            return checks_pixels.PairsExaminer(check, base)
        case Pixels():
            return checks_pixels.PixelsExaminer(check, base)
        case Decodes():
            return checks_pixels.DecodesExaminer(check, base)
        case Only() | Names() | Notice() | Destination():
            return _tree_examiner(check, base, exact=exact)
        case Numbered() | MatTable() | CaptionLists() | Outlines() | Categories() | Union():
            return _annotation_examiner(check, base, exact=exact)
        case PartNames() | PartIds():
            return _part_examiner(check, base)
        case _:
            return _label_examiner(check, base, exact=exact)


def _annotation_examiner(
    check: Numbered | MatTable | CaptionLists | Outlines | Categories | Union,
    base: Path,
    *,
    exact: bool,
) -> Examiner:
    from wizard.verify import checks_annotations

    match check:
        case Numbered():
            return checks_annotations.NumberedExaminer(check, base)
        case MatTable():
            return checks_annotations.MatTableExaminer(check, base, exact=exact)
        case CaptionLists():
            return checks_annotations.CaptionListsExaminer(check, base, exact=exact)
        case Outlines():
            return checks_annotations.OutlinesExaminer(check, base)
        case Categories():
            return checks_annotations.CategoriesExaminer(check, base)
        case Union():
            return checks_annotations.UnionExaminer(check, base)


def _part_examiner(check: PartNames | PartIds, base: Path) -> Examiner:
    from wizard.verify import checks_parts

    if isinstance(check, PartNames):
        return checks_parts.PartNamesExaminer(check, base)
    return checks_parts.PartIdsExaminer(check, base)


def _tree_examiner(
    check: Only | Names | Notice | Destination, base: Path, *, exact: bool
) -> Examiner:
    from wizard.verify import checks_trees

    match check:
        case Only():
            return checks_trees.OnlyExaminer(check, base)
        case Names():
            return checks_trees.NamesExaminer(check, base, exact=exact)
        case Notice():
            return checks_trees.NoticeExaminer(check, base)
        case Destination():
            return checks_trees.DestinationExaminer(check, base)


def _label_examiner(
    check: Occurs | SameValues | Weights | Offsets, base: Path, *, exact: bool
) -> Examiner:
    from wizard.verify import checks_labels

    match check:
        case Occurs():
            return checks_labels.OccursExaminer(check, base)
        case SameValues():
            return checks_labels.SameValuesExaminer(check, base)
        case Weights():
            return checks_labels.WeightsExaminer(check, base, exact=exact)
        case Offsets():
            return checks_labels.OffsetsExaminer(check, base, exact=exact)
