"""Checks of captions, polygons, categories, joint annotation files and tables of MATLAB files."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from wizard.findings import Finding
from wizard.foreign import read_foreign
from wizard.labels.bounds import JSON_BYTES, JSON_FAILURES, decode_rows
from wizard.labels.works.mat import read_struct_table
from wizard.labels.works.merge_annotations import CocoDocument, read_instances, union_differences
from wizard.verify.checks.files import OneFile, count_findings
from wizard.verify.specs.annotation_checks import (
    CaptionLists,
    Categories,
    MatTable,
    Numbered,
    Outlines,
    Union,
)

_LEAST = 6
"""Numbers of a polygon with three corners."""
_SHOWN = 20


@dataclass(frozen=True, slots=True)
class NumberedExaminer:
    """Looks at folders whose files a loader counts and then opens by number."""

    check: Numbered
    base: Path

    def subjects(self) -> Sequence[str]:
        """Every folder."""
        found = sorted(path for path in self.base.glob(self.check.folders) if path.is_dir())
        return [path.relative_to(self.base).as_posix() for path in found] or [self.check.folders]

    def examine(self, subject: str) -> Iterator[Finding]:
        """Compare the names with the numbers from 1; hidden files count, as loaders count them."""
        folder = self.base / subject
        names = {path.name for path in folder.iterdir()} if folder.is_dir() else set()
        if not names:
            yield Finding("missing-folder", subject, "nothing is there")
        wanted = {self.check.name.format(n=number) for number in range(1, len(names) + 1)}
        for name in sorted(names - wanted)[:_SHOWN]:
            yield Finding("stray-file", f"{subject}/{name}", "breaks the numbers from 1")


@dataclass(frozen=True, slots=True)
class MatTableExaminer(OneFile):
    """Reads a table of a MATLAB file."""

    check: MatTable
    base: Path
    exact: bool = True

    def examine(self, subject: str) -> Iterator[Finding]:
        """Look at columns and count rows."""
        rows = read_struct_table(self.base / subject, self.check.variable)
        missing = [name for name in self.check.columns if name not in (rows.dtype.names or ())]
        if missing:
            yield Finding("missing-column", subject, f"has no {', '.join(missing)}")
        yield from count_findings(subject, "rows", len(rows), self.check.count, exact=self.exact)


class _Captioned(Struct, frozen=True):
    image: str
    caption: list[str]


@dataclass(frozen=True, slots=True)
class CaptionListsExaminer(OneFile):
    """Reads a list of captioned images."""

    check: CaptionLists
    base: Path
    exact: bool = True

    def examine(self, subject: str) -> Iterator[Finding]:
        """Decode strictly, count, and look every image up."""
        try:
            rows = decode_rows(read_foreign(self.base / subject, JSON_BYTES), list[_Captioned])
        except JSON_FAILURES as error:
            yield Finding("bad-captions", subject, str(error))
            return
        captions = sum(len(row.caption) for row in rows)
        yield from count_findings(subject, "images", len(rows), self.check.images, exact=self.exact)
        yield from count_findings(
            subject, "captions", captions, self.check.captions, exact=self.exact
        )
        for row in rows:
            where = f"{self.check.folder}/{row.image}".lstrip("/")
            if not (self.base / where).is_file():
                yield Finding("missing-file", where, f"named in {subject}")


@dataclass(frozen=True, slots=True)
class OutlinesExaminer(OneFile):
    """Mentions polygons that loaders drop."""

    check: Outlines
    base: Path

    def examine(self, subject: str) -> Iterator[Finding]:
        """Look at every polygon."""
        document = read_instances(self.base / subject)
        for row in document["annotations"]:
            outlines = row.get("segmentation")
            if isinstance(outlines, list) and any(map(_is_short, outlines)):
                detail = f"annotation {row['id']} has a polygon of fewer than three corners"
                yield Finding("short-polygon", subject, detail, fatal=False)


def _is_short(outline: Sequence[float]) -> bool:
    return len(outline) < _LEAST or len(outline) % 2 == 1


@dataclass(frozen=True, slots=True)
class CategoriesExaminer(OneFile):
    """Looks at category ids."""

    check: Categories
    base: Path

    def examine(self, subject: str) -> Iterator[Finding]:
        """Compare the ids with those from 0."""
        document = read_instances(self.base / subject)
        ids = sorted(row["id"] for row in document["categories"])
        if ids != list(range(self.check.count)):
            detail = f"{len(ids)} ids from {min(ids, default=0)}, not 0 to {self.check.count - 1}"
            yield Finding("other-categories", subject, detail)


@dataclass(frozen=True, slots=True)
class UnionExaminer(OneFile):
    """Compares a joint annotation file with its parts."""

    check: Union
    base: Path

    def examine(self, subject: str) -> Iterator[Finding]:
        """Compare what is in it, and look at its ids."""
        union = read_instances(self.base / subject)
        parts = [read_instances(self.base / part) for part in self.check.parts]
        for difference in union_differences(union, parts):
            yield Finding("other-union", subject, difference)
        yield from _sound_ids(subject, union)


def _sound_ids(subject: str, document: CocoDocument) -> Iterator[Finding]:
    for key in ("images", "annotations"):
        counted = Counter(row["id"] for row in document[key])
        if repeated := [number for number, times in counted.items() if times > 1]:
            detail = f"{len(repeated):,} ids of {key} repeat, {repeated[0]} first"
            yield Finding("repeated-id", subject, detail)
    known = {row["id"] for row in document["images"]}
    lost = sum(row["image_id"] not in known for row in document["annotations"])
    if lost:
        yield Finding("lost-annotation", subject, f"{lost:,} annotations are of no image")
    ignored = sum(bool(row.get("ignore")) for row in document["annotations"])
    if ignored:
        yield Finding("ignored-annotation", subject, f"{ignored:,} annotations are to be ignored")
