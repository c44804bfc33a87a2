"""Taking away what does not hold, so that the steps before make or unpack it anew."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from wizard import figures
from wizard.errors import Reopened
from wizard.files import make_way
from wizard.kinds.labelling.sources import steps_above
from wizard.progress import CancelToken
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep

if TYPE_CHECKING:
    from wizard.kinds.unpacking.step import ExtractStep


@dataclass(frozen=True, slots=True)
class Mender:
    """The unpackings a proof rests on, and what was taken away so far.

    Each file is taken away once in a run: what is wrong again afterwards was not mended by it.
    """

    dest: Path
    extracts: tuple[ExtractStep, ...]
    _taken: set[Path] = field(default_factory=set, compare=False, repr=False)
    _reopened: list[str] = field(default_factory=list, compare=False, repr=False)

    def folders(self) -> set[Path]:
        """Return the folders that unpacked files lie in."""
        return {folder for step in self.extracts for folder in step.folders()}

    def passing(self) -> set[Path]:
        """Return the files beside them that come and go: archives, and files a step sets."""
        archives = {step.archive for step in self.extracts}
        return archives.union(*(step.used_up.paths() for step in self.extracts))

    def has_altered(self, token: CancelToken) -> bool:
        """Tell whether bytes of unpacked files changed; nothing is taken away."""
        return any(True for step in self.extracts for _ in _checked(step, token))

    def replace_altered(
        self, token: CancelToken, sharing: Callable[[Sequence[Path]], Iterable[Path]] | None = None
    ) -> None:
        """Take away unpacked files whose bytes changed; raises ``Reopened`` if there were any.

        ``sharing`` tells which other files are the same bytes under a second name.
        """
        altered = [path for step in self.extracts for path in _checked(step, token)]
        if altered:
            self.take_away((*altered, *(sharing(altered) if sharing else ())))

    def take_away(self, paths: Iterable[Path]) -> None:
        """Free the names of files for better ones; raises ``Reopened`` if one was not tried yet."""
        fresh = [path for path in dict.fromkeys(paths) if path not in self._taken]
        for path in fresh:
            make_way(path)
        self._taken.update(fresh)
        if fresh:
            raise Reopened(
                f"{figures.count(len(fresh), 'file')} did not hold and will be made anew,"
                f" such as {self._shown(fresh[0])}",
                cause="mending",
            )

    def look_again(self, what: str) -> None:
        """Raise ``Reopened`` once: something is missing that the steps before should have seen."""
        if not self._reopened:
            self._reopened.append(what)
            raise Reopened(f"{what}; the steps before are looked at again", cause="mending")

    def vouched(self, paths: Collection[Path]) -> set[Path]:
        """Return those of some files that archives gave.

        Once none of them is altered, unpacking mends no other.
        """
        return {path for step in self.extracts for path, _ in step.recorded(paths)}

    def _shown(self, path: Path) -> str:
        inside = path.is_relative_to(self.dest)
        return path.relative_to(self.dest).as_posix() if inside else str(path)


def _checked(step: ExtractStep, token: CancelToken) -> Iterator[Path]:
    for path in step.altered():
        token.check()
        yield path


def mender_of(planned: PlannedStep, install: Install) -> Mender:
    """Return the mender of a step that proves things: every unpacking it rests on."""
    # In here as in what builds a step: reading a recipe loads no numpy.
    from wizard.kinds.unpacking.published import unpackings

    return Mender(install.place.dest, tuple(unpackings(steps_above(planned, install), install)))
