"""Declared checks as batches: each lists what to look at, and looks at one thing at a time."""

from __future__ import annotations

import contextlib
import os
import zlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.lazy import Lazy
from wizard.verify.checks.annotations import (
    CaptionListsExaminer,
    CategoriesExaminer,
    MatTableExaminer,
    NumberedExaminer,
    OutlinesExaminer,
    UnionExaminer,
)
from wizard.verify.checks.files import (
    CountExaminer,
    HashExaminer,
    JsonExaminer,
    ListedExaminer,
    listed_paths,
)
from wizard.verify.checks.labels import (
    OccursExaminer,
    OffsetsExaminer,
    SameValuesExaminer,
    WeightsExaminer,
)
from wizard.verify.checks.parts import PartIdsExaminer, PartNamesExaminer
from wizard.verify.checks.pixels import DecodesExaminer, PairsExaminer, PixelsExaminer
from wizard.verify.checks.trees import (
    DestinationExaminer,
    NamesExaminer,
    NoticeExaminer,
    OnlyExaminer,
)
from wizard.verify.image_files import UnreadableImage
from wizard.verify.scan import FolderFingerprint, number_of
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
from wizard.verify.specs.looks import looked_at
from wizard.work import Item, Report


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
    checks: tuple[AnyCheck, ...]
    exact: bool = True
    """Whether counts must be the published ones."""
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
        why = self.checks[item.check].why
        found = self._looked(self._bound()[item.check], item.key)
        return Report(tuple(_explained(finding, why) for finding in found))

    def _looked(self, examiner: Examiner, subject: str) -> Iterator[Finding]:
        """Yield what a look finds; a file that cannot be read is a finding like any other."""
        try:
            yield from examiner.examine(subject)
        except UnreadableImage as error:
            yield Finding("missing-file" if error.missing else "broken-image", subject, str(error))
        except LabelError as error:
            where = error.where.removeprefix(f"{self.base}/") or subject
            yield Finding(error.cause, where, error.message, error.hint)

    def _bound(self) -> tuple[Examiner, ...]:
        return self._examiners.get(
            lambda: tuple(examiner(check, self.base, exact=self.exact) for check in self.checks)
        )


def _explained(finding: Finding, why: str) -> Finding:
    """Add what the recipe says of a check to a finding that has no hint of its own."""
    if finding.hint or not why:
        return finding
    return Finding(finding.cause, finding.path, finding.detail, why, finding.fatal)


def evidence(checks: Iterable[AnyCheck], base: Path) -> Iterator[Path]:
    """Yield the files and folders whose change makes a proof of the checks lapse."""
    for check in checks:
        for key, path in looked_at(check):
            if key in ("files", "folders"):
                yield from base.glob(path)
            elif key in ("first", "second", "weights"):
                yield from base.glob(f"{path}/*")
            else:
                yield base / path
        if isinstance(check, Listed):
            yield from _listed_folders(check, base)


def _listed_folders(check: Listed, base: Path) -> set[Path]:
    """Return the folders that a list's files lie in; archives beside them may come and go."""
    try:
        return {(base / check.folder / name).parent for _, name in listed_paths(check, base)}
    except (OSError, UnicodeDecodeError, IndexError):
        return set()


def fingerprint_of(
    paths: Iterable[Path], base: Path | None = None, *, untimed: bool = False
) -> FolderFingerprint:
    """Sum up files and folders themselves; a folder's time tells what was added or removed.

    ``untimed`` also counts what lies in each folder, by which a copy below another ``base`` is
    known that lost its times.
    """
    facts, digest, without = [], 0, 0
    for path in set(paths):
        with contextlib.suppress(OSError):
            found = path.stat()
            facts.append(found)
            name = os.path.relpath(path, base) if base else path.name
            looks = f"{name}/{found.st_size}/{found.st_mtime_ns}"
            digest += zlib.crc32(looks.encode(errors="replace"))
            if untimed and base is not None:
                without += _without_times(path, base)
    return FolderFingerprint(
        len(facts),
        sum(each.st_size for each in facts),
        max((each.st_mtime_ns for each in facts), default=0),
        digest,
        untimed=without,
        home=number_of(base) if base else 0,
        oldest=min((each.st_mtime_ns for each in facts), default=0),
    )


def _without_times(path: Path, base: Path) -> int:
    amount = sum(1 for _ in path.iterdir()) if path.is_dir() else path.stat().st_size
    return zlib.crc32(f"{os.path.relpath(path, base)}/{amount}".encode(errors="replace"))


def examiner(check: AnyCheck, base: Path, *, exact: bool) -> Examiner:
    """Return the code behind a check."""
    match check:
        case Count():
            return CountExaminer(check, base, exact=exact)
        case Listed():
            return ListedExaminer(check, base, exact=exact)
        case Hash():
            return HashExaminer(check, base, exact=exact)
        case JsonCounts():
            return JsonExaminer(check, base, exact=exact)
        case Pairs():
            return PairsExaminer(check, base)
        case Pixels():
            return PixelsExaminer(check, base)
        case Decodes():
            return DecodesExaminer(check, base)
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
    match check:
        case Numbered():
            return NumberedExaminer(check, base)
        case MatTable():
            return MatTableExaminer(check, base, exact=exact)
        case CaptionLists():
            return CaptionListsExaminer(check, base, exact=exact)
        case Outlines():
            return OutlinesExaminer(check, base)
        case Categories():
            return CategoriesExaminer(check, base)
        case Union():
            return UnionExaminer(check, base)


def _part_examiner(check: PartNames | PartIds, base: Path) -> Examiner:
    if isinstance(check, PartNames):
        return PartNamesExaminer(check, base)
    return PartIdsExaminer(check, base)


def _tree_examiner(
    check: Only | Names | Notice | Destination, base: Path, *, exact: bool
) -> Examiner:
    match check:
        case Only():
            return OnlyExaminer(check, base)
        case Names():
            return NamesExaminer(check, base, exact=exact)
        case Notice():
            return NoticeExaminer(check, base)
        case Destination():
            return DestinationExaminer(check, base)


def _label_examiner(
    check: Occurs | SameValues | Weights | Offsets, base: Path, *, exact: bool
) -> Examiner:
    match check:
        case Occurs():
            return OccursExaminer(check, base)
        case SameValues():
            return SameValuesExaminer(check, base)
        case Weights():
            return WeightsExaminer(check, base, exact=exact)
        case Offsets():
            return OffsetsExaminer(check, base, exact=exact)
