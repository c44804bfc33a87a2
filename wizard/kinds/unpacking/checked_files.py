"""Which unpacked files a dataset's own checks want where, and which later steps use up."""

from __future__ import annotations

import fnmatch
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from wizard.errors import LabelError, reason_of
from wizard.kinds.unpacking.edits import Edit, is_filled
from wizard.recipes.model import Dataset
from wizard.verify.checks.files import column, listed_paths
from wizard.verify.scan import is_unseen, scan_folder
from wizard.verify.specs.checks import AnyCheck, Count, Listed, SameValues
from wizard.verify.specs.datasets import declared_checks


@dataclass(frozen=True, slots=True)
class UsedUp:
    """What later steps of the dataset do to unpacked files, by rights; paths below ``base``."""

    base: Path
    edits: Mapping[str, Edit]
    """Files whose content a later step sets."""
    converted: tuple[tuple[str, str], ...]
    """Folders that are removed once every file in them was converted, and where the PNG files of
    the same stems are."""

    def paths(self) -> set[Path]:
        """Return the files whose content a later step sets."""
        return {edit.file for edit in self.edits.values()}

    def spoiled(self) -> Iterator[Edit]:
        """Yield those of them that changed elsewhere since."""
        return (edit for edit in self.edits.values() if edit.is_spoiled())

    def covers(self, path: str) -> bool:
        """Tell whether an absent or different file is what a later step made of it."""
        if path in self.edits:
            return is_filled(self.edits[path].file)
        return any(self._was_converted(path, *each) for each in self.converted)

    def _was_converted(self, path: str, removed: str, into: str) -> bool:
        if not path.startswith(removed.rstrip("/") + "/"):
            return False
        return is_filled(self.base / into / f"{PurePosixPath(path).stem}.png")


@dataclass(frozen=True, slots=True)
class CheckedFiles:
    """The lists and numbers of a dataset's checks; paths are below its base folder."""

    base: Path
    checks: tuple[AnyCheck, ...] = ()

    @classmethod
    def of(cls, dataset: Dataset, base: Path) -> CheckedFiles:
        """Return those of a dataset; numbers of a site's own copies are no numbers to go by."""
        declared = declared_checks(dataset.steps, exact=True)
        wanted = (each for each in declared if isinstance(each, Listed | SameValues | Count))
        return cls(base, tuple(wanted))

    def listed(self) -> Iterator[str]:
        """Yield the files that lists name; raises ``LabelError`` for a list that is not there."""
        for check in self.checks:
            if isinstance(check, Listed):
                yield from self._named(check)
            elif isinstance(check, SameValues):
                rows = column(self.base / check.list, check.column)
                yield from (f"{check.other}/{Path(row).name}" for row in rows)

    def _named(self, check: Listed) -> Iterator[str]:
        folder = f"{check.folder}/" if check.folder else ""
        try:
            for _, name in listed_paths(check, self.base):
                yield f"{folder}{name}"
        except (OSError, ValueError, IndexError) as error:
            why = reason_of(error) if isinstance(error, OSError) else str(error)
            raise LabelError(f"cannot be read: {why}", where=check.list) from error

    def numbers(self, prefixes: tuple[str, ...]) -> tuple[Count, ...]:
        """Return the numbers that are known of files below some folders."""
        counts = (check for check in self.checks if isinstance(check, Count))
        return tuple(check for check in counts if check.files.startswith(prefixes))

    def holds(self, check: Count) -> bool:
        """Tell whether as many files are there as are known to be right."""
        known = {check.count, *check.also, *check.by_alternative.values()}
        return self._number_of(check.files) in known

    def _number_of(self, glob: str) -> int:
        """Count the files with content, or the folders, that a glob fits."""
        folder, _, pattern = glob.rpartition("/")
        if not pattern or "*" in folder:
            return sum(not is_unseen(path.name) for path in self.base.glob(glob))
        return sum(
            facts.size > 0 and fnmatch.fnmatchcase(name, pattern) and not is_unseen(name)
            for name, facts in scan_folder(self.base / folder).items()
        )
