"""What an archive holds, without unpacking it, and which release of it this one is."""

from __future__ import annotations

import fnmatch
import hashlib
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from wizard.archives.bounds import CHUNK, NO_LIMITS_STATED, UnpackLimits
from wizard.archives.format import Format, archive_format, unreadable
from wizard.archives.paths import is_junk
from wizard.archives.tar.reader import TarReader, open_tar
from wizard.archives.zip.directory import read_directory
from wizard.foreign import open_foreign
from wizard.progress import CancelToken
from wizard.recipes.model import Version


@dataclass(frozen=True, slots=True)
class ArchiveEntry:
    """One file in an archive: its name as stored and its size in bytes."""

    name: str
    size: int


@dataclass(frozen=True, slots=True)
class Listing:
    """The files of an archive, folders left out, in the order they are stored."""

    format: Format
    entries: tuple[ArchiveEntry, ...]
    complete: bool = True
    """False when reading stopped at the number of entries asked for."""

    @property
    def size(self) -> int:
        """Bytes of all listed files, unpacked."""
        return sum(entry.size for entry in self.entries)


def listing(
    archive: Path,
    *,
    most: int | None = None,
    limits: UnpackLimits = NO_LIMITS_STATED,
    token: CancelToken | None = None,
) -> Listing:
    """Return names and sizes of an archive's files; raises ``ArchiveError``.

    A zip's directory is read at once; a tar has none, so its headers, and for tar.gz all of its
    data, are passed over: ``most`` stops after that many files.
    """
    kind = archive_format(archive)
    if kind == "zip":
        directory = read_directory(archive, limits, token=token)
        entries = tuple(ArchiveEntry(entry.name, entry.size) for entry in directory)
        return Listing(kind, entries[:most], complete=most is None or len(entries) <= most)
    entries, complete = _tar_entries(archive, kind, most, token or CancelToken())
    return Listing(kind, entries, complete)


def _tar_entries(
    archive: Path, kind: Format, most: int | None, token: CancelToken
) -> tuple[tuple[ArchiveEntry, ...], bool]:
    entries: list[ArchiveEntry] = []
    packed = _size(archive) if kind == "tar.gz" else None
    with open_tar(archive, gzipped=kind == "tar.gz") as stream:
        for entry in TarReader(stream, str(archive), token=token, packed=packed):
            if len(entries) == most:
                return tuple(entries), False
            entries.append(ArchiveEntry(entry.name, entry.size))
    return tuple(entries), True


def recognise(
    archive: Path, versions: Sequence[Version], *, token: CancelToken | None = None
) -> Version | None:
    """Return the first version all of whose stated facts hold of the archive, or None.

    Cheap facts are looked at first; hashes are only computed when a version states one and its
    size, if stated, fits. Raises ``ArchiveError`` when members are asked about and the file is
    no archive, and ``Cancelled``.
    """
    facts = _Facts(archive, token or CancelToken())
    return next((version for version in versions if facts.fit(version)), None)


class _Facts:
    """An archive's size, hashes and names, each found out once and only if asked for."""

    def __init__(self, archive: Path, token: CancelToken) -> None:
        self._archive = archive
        self._token = token
        self._size = _size(archive)
        self._hashes: dict[str, str] = {}
        self._names: tuple[str, ...] | None = None

    def fit(self, version: Version) -> bool:
        """Tell whether every fact the version states holds; one that states none fits nothing."""
        facts = list(self._verdicts(version))
        return bool(facts) and all(facts)

    def _verdicts(self, version: Version) -> Iterator[bool]:
        """Yield what holds of the stated facts, ending at the first that does not."""
        if version.size is not None:
            yield self._size == version.size
            if self._size != version.size:
                return
        for kind, stated in (("md5", version.md5), ("sha256", version.sha256)):
            if stated:
                yield self._hash(kind) == stated.lower()
        for pattern in version.has:
            yield self._holds(pattern)
        for pattern in version.lacks:
            yield not self._holds(pattern)

    def _hash(self, kind: str) -> str:
        if kind not in self._hashes:
            digest = hashlib.new(kind, usedforsecurity=False)
            with open_foreign(self._archive) as file:
                while block := file.read(CHUNK):
                    self._token.check()
                    digest.update(block)
            self._hashes[kind] = digest.hexdigest()
        return self._hashes[kind]

    def _holds(self, pattern: str) -> bool:
        if self._names is None:
            self._names = _rooted_names(self._archive, self._token)
        return any(fnmatch.fnmatchcase(name, pattern) for name in self._names)


_AROUND_MOST = 4
"""Folders around everything that are looked behind."""

_remembered: dict[tuple[str, int, int], tuple[str, ...]] = {}
"""Names in the archive looked at last: a file brought by hand is held against many archives."""


def _rooted_names(archive: Path, token: CancelToken) -> tuple[str, ...]:
    """Return the names in an archive as they are, and without the folders around all of them."""
    status = archive.stat()
    key = str(archive), status.st_size, status.st_mtime_ns
    found = _remembered.get(key)
    if found is None:
        entries = listing(archive, token=token).entries
        found = tuple(
            name for entry in entries if not is_junk(name := entry.name.removeprefix("./"))
        )
        _remembered.clear()
        _remembered[key] = found
    around = _around(found)
    cuts = [place + 1 for place, letter in enumerate(around) if letter == "/"][:_AROUND_MOST]
    return found + tuple(name[cut:] for cut in cuts for name in found)


def _around(names: Sequence[str]) -> str:
    """Return the folders, with their slash, that all names begin with."""
    if not names:
        return ""
    first, last = min(names), max(names)
    shared = os.path.commonprefix([first, last])
    return shared[: shared.rfind("/") + 1]


def _size(archive: Path) -> int:
    try:
        return archive.stat().st_size
    except OSError as error:
        raise unreadable(error, str(archive)) from error
