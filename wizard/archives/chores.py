"""Small things a tree needs beside its archives: placed files, second names, texts, removals."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Protocol

from wizard.errors import ArchiveError
from wizard.files import link_or_copy, whole, write_whole


class Chore(Protocol):
    """One thing that is either so or not yet."""

    def made(self) -> bool:
        """Look at the disk."""
        ...

    def make(self) -> None:
        """Make it so; raises ``ArchiveError`` when something else is in the way."""
        ...


@dataclass(frozen=True, slots=True)
class PlacedFile:
    """A fetched file under the name it is read by."""

    source: Path
    target: Path

    def made(self) -> bool:
        """Look whether the file is there in full, or there while its source is gone."""
        if not self.target.is_file():
            return False
        return not self.source.exists() or same_size(self.source, self.target)

    def make(self) -> None:
        """Link or copy the file; raises ``ArchiveError`` when its source is not there."""
        if not self.source.is_file():
            hint = "run again: it is fetched anew"
            raise ArchiveError("this file is missing", where=str(self.source), hint=hint)
        link_or_copy(self.source, self.target)


@dataclass(frozen=True, slots=True)
class SecondName:
    """A folder's other name, by a relative link."""

    name: Path
    target: Path

    def made(self) -> bool:
        """Look whether the name leads to the folder."""
        return self.name.is_symlink() and self.name.resolve() == self.target.resolve()

    def make(self) -> None:
        """Link the name; a dangling link is replaced, anything else is left and reported."""
        if self.name.exists():
            raise ArchiveError(
                f"a file or folder stands where a link to {self.target.name} belongs",
                where=str(self.name),
                hint=f"rename it to {self.target.name} if it holds the same, or move it away; "
                "then run again",
            )
        with whole(self.name) as partial:
            partial.symlink_to(os.path.relpath(self.target, self.name.parent))


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
class Settings:
    """Lines of ``NAME=value`` in a file that may hold other lines."""

    path: Path
    text: str

    def made(self) -> bool:
        """Look whether the file holds every line."""
        return set(self.text.splitlines()) <= set((_text(self.path) or "").splitlines())

    def make(self) -> None:
        """Put each line in the place of the one that sets the same name, or at the end."""
        lines = (_text(self.path) or "").splitlines()
        for line in self.text.splitlines():
            name = f"{line.partition('=')[0]}="
            place = next((i for i, old in enumerate(lines) if old.startswith(name)), len(lines))
            lines[place : place + 1] = [line]
        write_whole(self.path, "".join(f"{line}\n" for line in lines).encode())


def _text(path: Path) -> str | None:
    """Return what a file holds; None where there is none, or no text."""
    try:
        return path.read_text()
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


def same_size(first: Path, second: Path) -> bool:
    """Tell whether two files have as many bytes."""
    return first.stat().st_size == second.stat().st_size
