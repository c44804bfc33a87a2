"""Which of a dataset's files come again once they are taken away: made, unpacked or fetched."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.archives.operations import PlacedFile
from wizard.errors import LabelError
from wizard.kinds.labelling.arrangements import FileOperationsStep
from wizard.kinds.labelling.sources import steps_above
from wizard.kinds.labelling.step import LabelStep
from wizard.kinds.registry import build_step
from wizard.kinds.unpacking.step import ExtractStep
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import HoldsArchive, Step
from wizard.verify.checks.files import digest


@dataclass(frozen=True, slots=True)
class Renewable:
    """The steps a proof rests on, asked which files they would bring again."""

    planned: PlannedStep
    """The step that proves."""
    install: Install

    def among(self, paths: Iterable[Path]) -> tuple[Path, ...]:
        """Return those of some files that come again when they are taken away.

        What an archive vouches for by checksum is not among them: it would come again as it is.
        """
        wanted = {path.resolve(): path for path in paths if path.is_file() or path.is_symlink()}
        found = {
            wanted[path]
            for planned in (steps_above(self.planned, self.install) if wanted else ())
            for path in _brought(build_step(planned, self.install), wanted.keys())
            if path in wanted
        }
        return tuple(sorted(found))

    def sharing(self, paths: Sequence[Path]) -> Iterator[Path]:
        """Yield what steps made that is one of some files under a second name."""
        numbers = {_number(path) for path in paths} - {None}
        for planned in steps_above(self.planned, self.install):
            step = build_step(planned, self.install)
            if isinstance(step, LabelStep | FileOperationsStep):
                yield from (path for path in _brought(step, ()) if _number(path) in numbers)


def _number(path: Path) -> tuple[int, int] | None:
    """Return what the file system knows a file by; None where it has no second name."""
    try:
        found = path.lstat()
    except OSError:
        return None
    return (found.st_dev, found.st_ino) if found.st_nlink > 1 else None


def _brought(step: Step, wanted: Collection[Path]) -> Iterator[Path]:
    if isinstance(step, LabelStep):
        yield from _made(step)
    elif isinstance(step, FileOperationsStep):
        placed = (each.target for each in step.operations if isinstance(each, PlacedFile))
        yield from (path.resolve() for path in placed)
    elif isinstance(step, ExtractStep):
        yield from _unpacked(step, wanted)
    elif isinstance(step, HoldsArchive):
        yield from _fetched(step, wanted)


def _made(step: LabelStep) -> Iterator[Path]:
    try:
        yield from (Path(path).resolve() for paths in step.work.expected() for path in paths)
    except LabelError:
        return


def _unpacked(step: ExtractStep, wanted: Collection[Path]) -> Iterator[Path]:
    """Yield the files of a tree that was adopted: nothing vouches for their bytes."""
    if step.evidence is None or step.is_recorded():
        return
    for place in step.evidence.provides:
        top = (step.evidence.base / place).resolve()
        yield from (path for path in wanted if path == top or top in path.parents)


def _fetched(step: HoldsArchive, wanted: Collection[Path]) -> Iterator[Path]:
    """Yield a fetched file that is read as it is, once its bytes are not the proven ones."""
    archive = step.placed()
    if archive is None:
        return
    path = archive.path.resolve()
    if path in wanted and archive.ours and digest(path, "sha256") != archive.sha256:
        yield path
