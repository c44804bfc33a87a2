"""Whether a file still is what its archive holds, and so no business of those who clear up."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.archives.extraction import file_crc32
from wizard.kinds.registry import build_step
from wizard.kinds.unpacking.step import ExtractStep
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep


@dataclass(frozen=True, slots=True)
class PublishedFiles:
    """The files that the archives of one install were unpacked to."""

    steps: tuple[ExtractStep, ...]

    def holds(self, path: Path) -> bool:
        """Tell whether a file has the bytes of the member it was unpacked from."""
        return any(self._is_as_packed(path, step) for step in self.steps)

    def _is_as_packed(self, path: Path, step: ExtractStep) -> bool:
        for _, member in step.recorded([path]):
            try:
                whole = path.stat().st_size == member.size
            except OSError:
                return False
            return whole and member.crc32 is not None and file_crc32(path) == member.crc32
        return False


def published_files(install: Install) -> PublishedFiles:
    """Return the published files of an install."""
    return PublishedFiles(tuple(unpackings(install.plan.steps, install)))


def unpackings(steps: Iterable[PlannedStep], install: Install) -> Iterator[ExtractStep]:
    """Yield those of some steps that unpack an archive, bound to the install."""
    for planned in steps:
        step = build_step(planned, install) if planned.spec.unpacks else None
        if isinstance(step, ExtractStep):
            yield step
