"""Checks that read labels: values over a whole split, equal masks, loss weights, offsets."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.drawing.boundary_weights import check_weights
from wizard.labels.pixels.decode import read_values
from wizard.labels.works.segfix import UNIT, read_offsets
from wizard.verify.checks.files import column, count_findings
from wizard.verify.specs.checks import Occurs, Offsets, SameValues, Weights


@dataclass(frozen=True, slots=True)
class OccursExaminer:
    """Looks for values over all labels of a split: single labels may lack them."""

    check: Occurs
    base: Path

    def subjects(self) -> Sequence[str]:
        """The glob itself."""
        return (self.check.files,)

    def examine(self, subject: str) -> Iterator[Finding]:
        """Read labels until one has such a value."""
        for path in sorted(self.base.glob(subject)):
            try:
                if np.isin(read_values(path), self.check.values).any():
                    return
            except LabelError:
                continue  # the check of single labels tells
        shown = ", ".join(map(str, self.check.values[:3]))
        yield Finding("wrong-coding", subject, f"no label of all holds any of {shown}, ...")


@dataclass(frozen=True, slots=True)
class SameValuesExaminer:
    """Compares labels with those they should repeat."""

    check: SameValues
    base: Path

    def subjects(self) -> Sequence[str]:
        """Every listed label."""
        return column(self.base / self.check.list, self.check.column)

    def examine(self, subject: str) -> Iterator[Finding]:
        """Compare one."""
        where = f"{self.check.folder}/{subject}".lstrip("/")
        other = self.base / self.check.other / Path(subject).name
        if not np.array_equal(read_values(self.base / where), read_values(other)):
            yield Finding("other-values", where, f"differs from {self.check.other}/{other.name}")


@dataclass(frozen=True, slots=True)
class WeightsExaminer:
    """Reads loss weights back."""

    check: Weights
    base: Path
    exact: bool = True

    def subjects(self) -> Sequence[str]:
        """The folder, then every listed label."""
        return (self.check.weights, *column(self.base / self.check.list, 1))

    def examine(self, subject: str) -> Iterator[Finding]:
        """Count the folder, or read one file."""
        check = self.check
        if subject == check.weights:
            found = sum(1 for _ in (self.base / subject).glob("*.npz"))
            yield from count_findings(subject, "files", found, check.count, exact=self.exact)
            return
        path = self.base / check.weights / f"{Path(subject).stem}.npz"
        label = read_values(self.base / check.folder / subject).astype(np.uint8)
        check_weights(path, label, as_bytes=check.dtype == "uint8")


@dataclass(frozen=True, slots=True)
class OffsetsExaminer:
    """Reads SegFix offsets."""

    check: Offsets
    base: Path
    exact: bool = True

    def subjects(self) -> Sequence[str]:
        """The glob, then every file."""
        found = (path.relative_to(self.base).as_posix() for path in self._files())
        return (self.check.files, *found)

    def examine(self, subject: str) -> Iterator[Finding]:
        """Count, or read one file."""
        if subject == self.check.files:
            found = len(self._files())
            yield from count_findings(subject, "files", found, self.check.count, exact=self.exact)
        else:
            read_offsets(self.base / subject, UNIT)

    def _files(self) -> list[Path]:
        return sorted(self.base.glob(self.check.files))
