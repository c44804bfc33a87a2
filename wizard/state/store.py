"""Typed reading and writing of the files we keep: a value, absent, damaged, or of a later version.

A file is JSON with its ``version`` and the ``by`` of who wrote it before everything else. What is
damaged reads as absent, is told once and set aside; the disk decides. What a later segwizard
wrote is never overwritten: the command stops and says so.
"""

from __future__ import annotations

import contextlib
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Generic, TypeVar

import msgspec

from wizard.durability import settle_on_disk
from wizard.errors import DestinationError
from wizard.files import PlantedError, copy, make_way, read_ours, write_whole
from wizard.openat import destination
from wizard.state.notices import DamageNotice, note, set_aside
from wizard.state.table import STATE_FILES, StateFile
from wizard.version import __version__

ShapeT = TypeVar("ShapeT", bound=msgspec.Struct)

UNREADABLE = (msgspec.MsgspecError, ValueError, RecursionError)
"""What decoding foreign bytes raises; a bad byte in a text is a ``UnicodeDecodeError``, which is
a ``ValueError`` but no error of msgspec."""

_HEAD_BYTES = 256
_FIRST_LINE = 64 << 10
_START = re.compile(rb'\s*\{\s*"version"\s*:\s*(\d{1,9})\b(?:\s*,\s*"by"\s*:\s*"([^"]*)")?')
_COPY = ".copy"
_BY = f"segwizard {__version__}"
_writing = threading.Lock()


class LaterVersionError(DestinationError):
    """A file of ours that a later segwizard wrote; it stays as it is."""


@dataclass(frozen=True, slots=True)
class Absent:
    """There is no such file, or none that an earlier version wrote can be used."""


@dataclass(frozen=True, slots=True)
class Damaged:
    """Something is there that is no such file."""

    reason: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """The system refuses to read it, which says nothing of what it holds."""

    reason: str


@dataclass(frozen=True, slots=True)
class Later:
    """A later version wrote it."""

    version: int
    by: str


class _Head(msgspec.Struct):
    version: int = 1
    by: str = ""


@dataclass(frozen=True, slots=True)
class Store(Generic[ShapeT]):
    """One kind of file; ``shape`` is what it holds beside its version, extra keys are ignored."""

    file: StateFile
    shape: type[ShapeT]

    def look(self, path: Path) -> ShapeT | Absent | Damaged | Unreadable | Later:
        """Return what is at a path; changes nothing and raises nothing."""
        try:
            data = self._bytes(path)
            head = msgspec.json.decode(data, type=_Head)
            if head.version > self.file.version:
                return _later_or_damaged(head)
            if head.version < (self.file.oldest or self.file.version):
                return Absent()
            return msgspec.json.decode(data, type=self.shape)
        except (FileNotFoundError, NotADirectoryError):
            return Absent()
        except PlantedError as error:
            return Damaged(error.message)
        except OSError as error:
            return Unreadable(error.strerror or str(error))
        except UNREADABLE as error:
            return Damaged(str(error))

    def _bytes(self, path: Path) -> bytes:
        """Return all of a file, or the first line of one that has lines."""
        if self.file.lined:
            first, end, _ = read_ours(path, _FIRST_LINE, whole=False).partition(b"\n")
            if end:
                return first
        return read_ours(path, self.file.largest)

    def read(self, path: Path) -> ShapeT | None:
        """Return the value at a path or in its copy, None where there is none that can be used.

        Raises ``LaterVersionError``; damage is noted for ``take_notices``.
        """
        found = self.look(path)
        match found:
            case Absent():
                return self._read_copy(path)
            case Damaged(reason=reason):
                note(DamageNotice(path, reason))
                return self._read_copy(path)
            case Unreadable(reason=reason):
                note(DamageNotice(path, reason, readable=False))
                return self._read_copy(path)
            case Later():
                raise _later(path, found, self.file)
        return found

    def _read_copy(self, path: Path) -> ShapeT | None:
        return self.peek(copy_of(path)) if self.file.twice else None

    def peek(self, path: Path) -> ShapeT | None:
        """Return the value where there is one; for what costs nobody anything when it is lost."""
        found = self.look(path)
        return found if isinstance(found, self.shape) else None

    def write(self, path: Path, value: ShapeT) -> None:
        """Write a value, whole and durable, after the data it is of.

        Raises ``LaterVersionError``, ``DestinationError`` and ``OSError``. What is damaged is set
        aside first, so that nothing of it is lost.
        """
        self.settle(path)
        with self.replacing(path):
            mode = 0o600 if self.file.private else None
            data, durable = self.encode(value), self.file.durable
            if self.file.twice:
                write_whole(copy_of(path), data, mode=mode, durable=durable)
            write_whole(path, data, mode=mode, durable=durable)

    def settle(self, path: Path) -> None:
        """Put the data that the file at a path is of on stable storage; raises ``OSError``."""
        if self.file.of_data:
            settle_on_disk(Path(destination(str(path.parent)) or path.parent))

    @contextlib.contextmanager
    def replacing(self, path: Path) -> Iterator[None]:
        """Hold a path and its copy, looked at and cleared for something new; as ``write`` does."""
        with _writing:
            found = self.look(path)
            if isinstance(found, Later):
                raise _later(path, found, self.file)
            if isinstance(found, Unreadable):
                raise DestinationError(
                    f"{self.file.holds}: this file of ours cannot be read: {found.reason}",
                    where=str(path),
                    hint="Mend its owner or permissions, and run again.",
                )
            if isinstance(found, Damaged):
                note(DamageNotice(path, found.reason, set_aside(path)))
            if self.file.twice and copy_of(path).is_dir():
                make_way(copy_of(path))
            yield

    def encode(self, value: ShapeT) -> bytes:
        """Return the bytes of a file."""
        head = msgspec.json.encode(_Head(self.file.version, _BY))
        body = msgspec.json.encode(value)
        data = head[:-1] + (b"," if body != b"{}" else b"") + body[1:]
        return msgspec.json.format(data, indent=2) if self.file.pretty else data


def copy_of(path: Path) -> Path:
    """Return where the second copy of a file of ours lies."""
    return path.with_name(f"{path.name}{_COPY}")


def restore_copies(folder: Path) -> None:
    """Write the files in a folder anew of which only their copy is left; raises ``OSError``.

    They keep the time of the copy, as what changed since then is looked at.
    """
    for kept in folder.glob(f"*{_COPY}"):
        path = kept.with_name(kept.name.removesuffix(_COPY))
        if kept.is_file() and not kept.is_symlink() and not os.path.lexists(path):
            copy(kept, path)


def check_versions(state: Path, user: Path) -> None:
    """Raise ``LaterVersionError`` when a later segwizard wrote a file of an install or user.

    Looks at the first bytes of each only, where the version stands; of the user's, at those
    that are more than a convenience.
    """
    for file in STATE_FILES:
        if file.home == "beside" or (file.home == "user" and not file.durable):
            continue
        for path in (state if file.home == "install" else user).glob(file.name):
            head = _head(path)
            if head.version > file.version:
                found = _later_or_damaged(head)
                if isinstance(found, Later):
                    raise _later(path, found, file)


def _head(path: Path) -> _Head:
    try:
        start = _START.match(read_ours(path, _HEAD_BYTES, whole=False))
    except (OSError, PlantedError):
        return _Head()
    return _Head(int(start[1]), (start[2] or b"").decode(errors="replace")) if start else _Head()


def _later_or_damaged(head: _Head) -> Later | Damaged:
    """Tell a version of a later segwizard from one that this segwizard is said to have written."""
    if head.by == _BY:
        return Damaged(f"it says version {head.version}, which {_BY} never wrote")
    return Later(head.version, head.by)


def _later(path: Path, found: Later, file: StateFile) -> LaterVersionError:
    by = found.by or "a later segwizard"
    return LaterVersionError(
        f"was written by {by} in version {found.version} of this file; "
        f"segwizard {__version__} knows version {file.version}",
        where=str(path),
        hint="Update segwizard. The file stays as it is; only if you want to lose what is in it "
        f"({file.holds}), move it away.",
    )
