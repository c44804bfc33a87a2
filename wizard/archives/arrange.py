"""Files under the names and folders that code looks for, without a second copy where possible."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.archives.specs import Arrange, Move
from wizard.durability import settle_on_disk
from wizard.errors import ArchiveError, RecipeError
from wizard.files import link_or_copy, remove_at_once, symlink
from wizard.findings import Finding
from wizard.work import Item, Report


@dataclass(frozen=True, slots=True)
class ArrangeItem(Item):
    """One file and the name it gets."""

    source: Path = Path()


@dataclass(frozen=True, slots=True)
class ArrangeWork:
    """Arrange the files below ``spec.source``."""

    root: Path
    spec: Arrange
    unit: str = "files"

    def start(self) -> tuple[Finding, ...]:
        """Nothing is shared between files."""
        return ()

    def items(self) -> Sequence[ArrangeItem]:
        """List the files that a move fits; raises ``ArchiveError`` if two would share a name."""
        into, taken = self.root / self.spec.into, dict[str, str]()
        found = []
        for path, target in arranged(self.root / self.spec.source, self.spec.moves, into):
            if target in taken:
                raise ArchiveError(
                    f"{taken[target]} and {path} would both become {target}",
                    where=self.spec.source,
                    hint="unpack the archive again into an empty folder",
                )
            taken[target] = path
            source = self.root / self.spec.source / path
            found.append(ArrangeItem(path, (into / target,), source))
        return found

    def expected(self) -> Iterator[tuple[str, ...]]:
        """Yield the names files get; once the sources are removed, the files that got them."""
        if self.spec.remove and not (self.root / self.spec.remove).exists():
            into = self.root / self.spec.into
            targets = [_shape(move.to) for move in self.spec.moves]
            for path in walk(into):
                if any(shape.fullmatch(path) for shape in targets):
                    yield (str(into / path),)
            return
        for item in self.items():
            yield tuple(map(str, item.outputs))

    def process(self, item: ArrangeItem) -> Report:
        """Give one file its name."""
        target = item.outputs[0]
        if self.spec.how == "symlink":
            symlink(os.path.relpath(item.source, target.parent), target)
        else:
            link_or_copy(item.source, target)
        return Report()

    def finish(self) -> None:
        """Remove the folder of sources, at once, now that every file is in place."""
        if self.spec.remove:
            settle_on_disk(self.root)
            remove_at_once(self.root / self.spec.remove)


def arranged(folder: Path, moves: Sequence[Move], into: Path) -> Iterator[tuple[str, str]]:
    """Yield the path of every file that a move fits, below ``folder``, and its path to be."""
    patterns = [(_compiled(move.pattern), move) for move in moves]
    for path in walk(folder):
        for pattern, move in patterns:
            found = pattern.fullmatch(path)
            if found and _holds(move, found, into):
                yield path, move.to.format(**found.groupdict())
                break


def _holds(move: Move, found: re.Match[str], into: Path) -> bool:
    return not move.when or (into / move.when.format(**found.groupdict())).exists()


def walk(folder: Path) -> Iterator[str]:
    """Yield the POSIX paths of all files below a folder, sorted, hidden ones left out."""
    for top, folders, files in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        base = Path(top).relative_to(folder)
        for name in sorted(files):
            if not name.startswith("."):
                yield (base / name).as_posix()


def _compiled(pattern: str) -> re.Pattern[str]:
    try:
        return re.compile(pattern)
    except re.error as error:
        raise RecipeError(f"{pattern!r} is no regular expression: {error}") from error


def _shape(to: str) -> re.Pattern[str]:
    """Return a pattern of every path a template can give."""
    return re.compile(
        "".join(
            "[^/]+" if piece.startswith("{") else re.escape(piece)
            for piece in re.split(r"(\{\w+\})", to)
        )
    )
