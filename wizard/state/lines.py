"""Files of ours too long to be held at once: a head, then lines that are read one by one.

The head is what ``state.store`` keeps, on a line of its own. It says how many lines follow and what
their bytes come to, so a file whose lines were cut or changed anywhere is damaged as a whole.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from wizard.errors import DestinationError
from wizard.files import PlantedError, sync_folder, to_read, whole
from wizard.state.notices import DamageNotice, note
from wizard.state.store import UNREADABLE, Store, copy_of

_BLOCK = 1 << 20
_DIGITS = 32


class Follows(msgspec.Struct, frozen=True):
    """What the lines after a head come to."""

    lines: int
    sha256: str
    """The first half of it, of all their bytes."""


HeadT = TypeVar("HeadT", bound=msgspec.Struct)
LineT = TypeVar("LineT", bound=msgspec.Struct)


@dataclass(frozen=True, slots=True)
class KeptLines(Generic[HeadT]):
    """A sound file: its head, and where it lies."""

    head: HeadT
    path: Path


@dataclass(frozen=True, slots=True)
class LinedStore(Generic[HeadT, LineT]):
    """One kind of file with lines."""

    heads: Store[HeadT]
    follows: Callable[[HeadT], Follows | None]
    """Tells what a head says of the lines after it; None in a file of an earlier version, which had
    none."""
    line: type[LineT]

    def read(self, path: Path, fits: Callable[[HeadT], bool]) -> KeptLines[HeadT] | None:
        """Return the file at a path, or its copy, whose head fits and whose lines are whole.

        Raises ``LaterVersionError``; damage is noted for ``take_notices``.
        """
        self.heads.read(path)  # for what it raises and notes
        for each in (path, copy_of(path)) if self.heads.file.twice else (path,):
            head = self.heads.peek(each)
            if head is None or not fits(head):
                continue
            if self._is_whole(each, self.follows(head)):
                return KeptLines(head, each)
            note(DamageNotice(each, "its lines are not those it was written with"))
        return None

    def lines(self, found: KeptLines[HeadT]) -> Iterator[LineT]:
        """Yield the lines of a file; raises ``DestinationError`` if it is harmed meanwhile."""
        if self.follows(found.head) is None:
            return
        decode = msgspec.json.Decoder(self.line).decode
        try:
            with to_read(found.path) as file:
                file.readline()
                yield from map(decode, file)
        except (OSError, PlantedError, *UNREADABLE) as error:
            raise DestinationError(
                "this file of ours changed while it was read",
                where=str(found.path),
                hint="Another program may be at work in the folder. Run again.",
            ) from error

    def write(
        self,
        path: Path,
        lines: Callable[[], Iterable[LineT]],
        head: Callable[[Follows], HeadT],
    ) -> None:
        """Write a file, whole, after the data it is of; raises as ``Store.write`` does.

        ``lines`` is called twice: the head, which comes first, tells what they come to. Where the
        file is of data, one flush puts both on stable storage before it gets its name.
        """
        kind = self.heads.file
        flushed = kind.of_data
        with contextlib.ExitStack() as unnamed:
            paths = (copy_of(path), path) if kind.twice else (path,)
            first = self.heads.encode(head(_summed(lines()))) + b"\n"
            durable = kind.durable and not flushed
            files = [unnamed.enter_context(whole(each, durable=durable)) for each in paths]
            for block in itertools.chain([first], _encoded(lines())):
                for file in files:
                    file.write(block)
            for file in files:
                file.flush()
            self.heads.settle(path)
            with self.heads.replacing(path):
                unnamed.close()
        if kind.durable and flushed:
            sync_folder(path.parent)

    def _is_whole(self, path: Path, follows: Follows | None) -> bool:
        digest = hashlib.sha256()
        try:
            with to_read(path) as file:
                file.readline()
                if follows is None:
                    return not file.read(1)
                while block := file.read(_BLOCK):
                    digest.update(block)
        except (OSError, PlantedError):
            return False
        return digest.hexdigest()[:_DIGITS] == follows.sha256


def _summed(lines: Iterable[msgspec.Struct]) -> Follows:
    count, digest = 0, hashlib.sha256()
    for line in _encoded(lines):
        count += 1
        digest.update(line)
    return Follows(count, digest.hexdigest()[:_DIGITS])


def _encoded(lines: Iterable[msgspec.Struct]) -> Iterator[bytes]:
    encode = msgspec.json.Encoder().encode
    return (encode(line) + b"\n" for line in lines)
