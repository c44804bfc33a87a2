"""What a tree needs beside its archives: placed files, second names, texts, arranged folders."""

from __future__ import annotations

import filecmp
import os
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from wizard.archives.bounds import TEXT_MOST
from wizard.archives.specs import Arrange, Move
from wizard.durability import settle_on_disk
from wizard.errors import ArchiveError, RecipeError
from wizard.files import link_or_copy, make_folder, put_aside, remove_at_once, symlink, write_whole
from wizard.findings import Finding
from wizard.foreign import read_foreign_text
from wizard.work import Item, Report


class FileOperation(Protocol):
    """One thing that is either so or not yet."""

    def made(self) -> bool:
        """Look at the disk."""
        ...

    def make(self) -> str | None:
        """Make it so and return what a person should know of it, if anything.

        Raises ``ArchiveError`` when something else is in the way.
        """
        ...


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A fetched file under the name it is read by."""

    source: Path
    target: Path
    size: int | None = None
    """Bytes the source had when it was proven, for when it is gone."""

    def made(self) -> bool:
        """Look whether the file is there in full, or there while its source is gone."""
        if not self.target.is_file():
            return False
        if self.source.exists():
            return is_same(self.source, self.target)
        return self.size in (None, self.target.stat().st_size)

    def make(self) -> None:
        """Link or copy the file; raises ``ArchiveError`` when its source is not there."""
        if not self.source.is_file():
            hint = "run again: it is fetched anew"
            raise ArchiveError("this file is missing", where=str(self.source), hint=hint)
        link_or_copy(self.source, self.target)


@dataclass(frozen=True, slots=True)
class SecondName:
    """A folder's other name, by a relative link.

    A tree laid out by hand may have the folder under its other name only; there it gets its own.
    """

    name: Path
    target: Path

    def made(self) -> bool:
        """Look whether the name leads to the folder."""
        return self.name.is_symlink() and self.name.resolve() == self.target.resolve()

    def make(self) -> str | None:
        """Link the name; a dangling link is replaced, anything else is left and reported."""
        taken = self._take_over()
        if self.name.exists():
            raise ArchiveError(
                f"a file or folder stands where a link to {self.target.name} belongs",
                where=str(self.name),
                hint=f"rename it to {self.target.name} if it holds the same, or move it away; "
                "then run again",
            )
        symlink(os.path.relpath(self.target, self.name.parent), self.name)
        return f"{self.name.name} is {self.target.name} from now on" if taken else None

    def _take_over(self) -> bool:
        """Move a folder that has the other name to its own, if nothing has that; tell whether."""
        if os.path.lexists(self.target) or self.name.is_symlink() or not self.name.is_dir():
            return False
        make_folder(self.target.parent)
        self.name.rename(self.target)
        return True


@dataclass(frozen=True, slots=True)
class TextFile:
    """A small text."""

    path: Path
    text: str

    def made(self) -> bool:
        """Look whether the file holds the text."""
        return _text(self.path) == self.text

    def make(self) -> None:
        """Write the text."""
        write_whole(self.path, self.text.encode())


@dataclass(frozen=True, slots=True)
class SettingLines:
    """Lines of ``NAME=value`` in a file that may hold other lines."""

    path: Path
    text: str

    def made(self) -> bool:
        """Look whether the file holds every line."""
        return set(self.text.splitlines()) <= set((_text(self.path) or "").splitlines())

    def make(self) -> None:
        """Put each line in the place of the one that sets the same name, or at the end."""
        found = _text(self.path)
        if found is None and os.path.lexists(self.path):
            put_aside(self.path)
        lines = (found or "").splitlines()
        for line in self.text.splitlines():
            name = f"{line.partition('=')[0]}="
            place = next((i for i, old in enumerate(lines) if old.startswith(name)), len(lines))
            lines[place : place + 1] = [line]
        write_whole(self.path, "".join(f"{line}\n" for line in lines).encode())


def _text(path: Path) -> str | None:
    """Return what a file holds; None where there is none, or no text."""
    try:
        return read_foreign_text(path, TEXT_MOST)
    except (OSError, UnicodeDecodeError):
        return None


@dataclass(frozen=True, slots=True)
class Removal:
    """Files that should not be there."""

    folder: Path
    patterns: Sequence[str]
    older_than: Path | None = None
    """Folder whose last change decides which of them are stale."""
    dangling: bool = False
    """Whether only links that lead nowhere are meant."""

    def made(self) -> bool:
        """Look whether none is left."""
        return not any(self._stale())

    def make(self) -> None:
        """Remove them."""
        for path in list(self._stale()):
            path.unlink(missing_ok=True)

    def _stale(self) -> Iterator[Path]:
        limit = _changed(self.older_than) if self.older_than else None
        for path in chain.from_iterable(map(self._found, self.patterns)):
            if self.dangling and (not path.is_symlink() or path.exists()):
                continue
            if limit is None or path.lstat().st_mtime_ns < limit:
                yield path

    def _found(self, pattern: str) -> Iterator[Path]:
        """Yield what a pattern fits; ``glob`` by itself passes over a plain name that dangles."""
        path = self.folder / pattern
        if path.is_symlink():
            yield path
        else:
            yield from self.folder.glob(pattern)


def _changed(folder: Path) -> int:
    """Return when an entry of a folder last came or went, in nanoseconds; 0 without a folder."""
    try:
        return folder.stat().st_mtime_ns
    except OSError:
        return 0


def is_same(source: Path, copy: Path) -> bool:
    """Tell whether a file is another one, or a copy with its time, or holds the same bytes.

    Bytes are read only where a copy has another time: something wrote to it, or lost its time.
    """
    first, second = source.stat(), copy.stat()
    if os.path.samestat(first, second):
        return True
    if first.st_size != second.st_size:
        return False
    return first.st_mtime_ns == second.st_mtime_ns or filecmp.cmp(source, copy, shallow=False)


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
