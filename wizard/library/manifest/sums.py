"""Lists of checksums in the form ``sha256sum`` reads and writes, and what they were taken of.

A line is a hash, two spaces and a path; a name with a newline or a backslash is escaped and its
line begins with a backslash, as GNU coreutils has it. Lines are sorted by the bytes of the path,
so that equal trees have equal lists.
"""

from __future__ import annotations

import hashlib
import io
import os
from collections.abc import Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from wizard.errors import DestinationError
from wizard.foreign import open_foreign
from wizard.progress import CancelToken, Counter

_BLOCK = 1 << 20
_AHEAD = 4096
"""Files handed to the threads at once: enough to keep them busy, few enough to stop soon."""


@dataclass(frozen=True, slots=True)
class HashedFile:
    """One file as it was when it was read."""

    path: str
    """Below the destination, POSIX."""
    size: int
    modified: int
    """Nanoseconds."""
    sha256: str


@dataclass(frozen=True, slots=True)
class KnownFiles:
    """What was hashed before, and when that was written down."""

    files: Mapping[str, HashedFile]
    written: int = 0
    """Nanoseconds since the epoch, by the file system's clock."""

    def unchanged(self, path: str, now: os.stat_result) -> HashedFile | None:
        """Return a file that nobody can have touched since; None for any other.

        A moment of change can be set by hand or kept by a copy. That of the last change of a
        file's facts cannot.
        """
        known = self.files.get(path)
        if known is None or now.st_ctime_ns > self.written:
            return None
        same = (known.size, known.modified) == (now.st_size, now.st_mtime_ns)
        return known if same else None


def sha256_of(path: Path, token: CancelToken | None = None) -> str:
    """Return the SHA-256 of a file, in hex; raises ``OSError`` and ``Cancelled``."""
    found = hashlib.sha256()
    with open_foreign(path) as file:
        while block := file.read(_BLOCK):
            if token is not None:
                token.check()
            found.update(block)
    return found.hexdigest()


def hash_files(
    dest: Path,
    paths: Iterable[str],
    known: KnownFiles,
    *,
    workers: int,
    counter: Counter,
    token: CancelToken,
    lacking: bool = False,
) -> list[HashedFile]:
    """Hash files below ``dest``, sorted by path; what is unchanged since ``known`` is not read.

    Raises ``DestinationError`` naming a file that cannot be read or is missing, unless files may
    be ``lacking``; and ``Cancelled``.
    """
    ordered = sorted(paths, key=os.fsencode)
    counter.total = len(ordered)

    def one(path: str) -> HashedFile | None:
        token.check()
        try:
            facts = (dest / path).stat()
            if before := known.unchanged(path, facts):
                return before
            found = sha256_of(dest / path, token)
        except OSError as error:
            if lacking and isinstance(error, FileNotFoundError):
                return None
            raise DestinationError(
                f"cannot be read: {error.strerror or error}",
                where=str(dest / path),
                hint="segwizard verify says what else is wrong, segwizard run mends it",
            ) from None
        return HashedFile(path, facts.st_size, facts.st_mtime_ns, found)

    hashed: list[HashedFile] = []
    with ThreadPoolExecutor(workers) as pool:
        for start in range(0, len(ordered), _AHEAD):
            part = pool.map(one, ordered[start : start + _AHEAD])
            hashed += (each for each in part if each is not None)
            counter.done = min(start + _AHEAD, len(ordered))
    return hashed


def sums_text(files: Iterable[tuple[str, str]]) -> str:
    """Return lines of path and hash as ``sha256sum -c`` reads them."""
    return "".join(_line(path, found) for path, found in files)


def read_sums(path: Path) -> dict[str, str]:
    """Return hashes by path; raises ``DestinationError`` naming file and line."""
    found: dict[str, str] = {}
    for number, line in enumerate(_lines(path), start=1):
        escaped = line.startswith("\\")
        hexed, mark, name = line.removeprefix("\\").partition("  ")
        if not mark or len(hexed) != 64 or not name:
            raise DestinationError(
                "is no line of checksums",
                where=f"{path}:{number}",
                hint="make the manifest anew: segwizard manifest make",
            )
        found[_unescaped(name) if escaped else name] = hexed.lower()
    return found


def sizes_text(files: Iterable[HashedFile]) -> str:
    """Return size, moment of change and path of each file, a line each."""
    return "".join(f"{each.size} {each.modified} {_escaped(each.path)}\n" for each in files)


def read_known(sums: Path, sizes: Path) -> KnownFiles:
    """Return what was hashed before; empty where there is nothing that can be used."""
    try:
        written = sizes.stat().st_mtime_ns
        hashes, known = read_sums(sums), {}
        for line in _lines(sizes):
            size, modified, name = line.split(" ", 2)
            path = _unescaped(name)
            if path in hashes:
                known[path] = HashedFile(path, int(size), int(modified), hashes[path])
    except (DestinationError, OSError, ValueError):
        return KnownFiles({})
    return KnownFiles(known, written)


def _lines(path: Path) -> Iterator[str]:
    try:
        with (
            open_foreign(path) as data,
            io.TextIOWrapper(data, "utf-8", "surrogateescape", newline="\n") as file,
        ):
            yield from (line.removesuffix("\n") for line in file)
    except OSError as error:
        raise DestinationError(
            f"cannot be read: {error.strerror or error}",
            where=str(path),
            hint="make the manifest: segwizard manifest make",
        ) from None


def _line(path: str, found: str) -> str:
    escaped = _escaped(path)
    return f"{'' if escaped == path else chr(92)}{found}  {escaped}\n"


def _escaped(name: str) -> str:
    return name.replace("\\", "\\\\").replace("\n", "\\n").replace("\r", "\\r")


def _unescaped(name: str) -> str:
    parts = name.split("\\\\")
    return "\\".join(part.replace("\\n", "\n").replace("\\r", "\r") for part in parts)
