"""One look at a folder: every name in it, the size of every file, and what these come to.

Nothing of a look is trusted later on. A folder's own time changes with its names, not when a file
in it is emptied, cut or written over, and the system offers no sum over the files of a folder. So
each file is asked for every time, through a descriptor of its folder, which is the cheapest way
there is from Python: seven tenths of the time is the system's own, and no program in C that asks
for every file needs less than six tenths. Only within one look at an install, ``one_look``, is a
folder not read a second time to be summed up.
"""

from __future__ import annotations

import contextlib
import errno
import os
from collections.abc import Collection, Iterable, Iterator, Mapping
from contextvars import ContextVar
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from wizard.openat import OURS

NO_FILE = -1
"""In the place of a size: a folder, a pipe, or a link to nothing."""

_ONE = frozenset({errno.ENOENT, errno.ENOTDIR, errno.ELOOP})
"""What is wrong with one entry and says nothing of its folder: it went, or links run in a ring."""
MODULUS = 1 << 62
"""Digests of folders are summed up by it."""

_NEVER = 1 << 63


class FolderSum(NamedTuple):
    """What the files of a folder come to, whatever order they are in; nanoseconds and bytes."""

    files: int = 0
    size: int = 0
    newest: int = 0
    oldest: int = 0
    digest: int = 0
    """Sum over the files of what their name, size and time come to."""
    untimed: int = 0
    """The same without times."""


class _Look:
    def __init__(self, root: str) -> None:
        self.start = f"{root}/"
        self.sums: dict[str, FolderSum] = {}

    def known_as(self, folder: str) -> str | None:
        """Return the name a folder is summed up by, None for one elsewhere."""
        place = os.path.normpath(folder)
        return place.removeprefix(self.start) if place.startswith(self.start) else None


_looking: ContextVar[_Look | None] = ContextVar("looking", default=None)


@contextlib.contextmanager
def one_look(root: str) -> Iterator[None]:
    """Within the block, sum up the folders below ``root`` that are looked at, for ``seen_sums``.

    What this thread looks at counts as seen once; the block is to be no longer than one look at
    the whole, in which nothing is written.
    """
    before = _looking.set(_Look(os.path.normpath(root)))
    try:
        yield
    finally:
        _looking.reset(before)


def seen_sums(root: str) -> dict[str, FolderSum]:
    """Return what folders below ``root`` came to in the look under way, by their path below it."""
    look = _looking.get()
    return look.sums if look and look.start == f"{os.path.normpath(root)}/" else {}


def has_content(path: Path) -> bool:
    """Tell whether a name has bytes behind it: one without is what a power failure leaves."""
    try:
        return path.stat().st_size > 0
    except OSError:
        return False


def sizes_in(folder: str) -> dict[str, int]:
    """Return the bytes of each file of a folder by name, links followed; nothing without one.

    Whatever else has a name there is ``NO_FILE``. Raises ``OSError`` where the folder cannot be
    read.
    """
    look = _looking.get()
    name = look.known_as(folder) if look else None
    if look is None or name is None:
        return _sizes_in(folder)
    sizes, times = _read(folder)
    look.sums[name] = sum_up(name, sizes, times)
    return sizes


def folder_sum(path: str, name: str, apart: Collection[str] = ()) -> FolderSum:
    """Look at a folder and return what its files come to, under a name; some left ``apart``."""
    sizes, times = _read(path)
    for each in apart:
        if each in sizes:
            sizes[each] = NO_FILE
    return sum_up(name, sizes, times)


def _sizes_in(folder: str) -> dict[str, int]:
    try:
        with entries_of(folder) as entries:
            return {
                entry.name: entry.stat().st_size if entry.is_file() else NO_FILE
                for entry in entries
            }
    except OSError as error:
        if error.errno not in _ONE:
            raise
        return _read(folder)[0]


def _read(folder: str) -> tuple[dict[str, int], list[int]]:
    """Return the sizes of files by name, and in the same order when they last changed."""
    sizes: dict[str, int] = {}
    times: list[int] = []
    with entries_of(folder) as entries:
        for entry in entries:
            size, time = NO_FILE, 0
            try:
                if entry.is_file():
                    found = entry.stat()
                    size, time = found.st_size, found.st_mtime_ns
            except OSError as error:
                if error.errno not in _ONE:
                    raise
            sizes[entry.name] = size
            times.append(time)
    return sizes, times


@contextlib.contextmanager
def entries_of(folder: str) -> Iterator[Iterable[os.DirEntry[str]]]:
    """Yield the entries of a folder, to be asked one after the other; none without a folder."""
    try:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except (FileNotFoundError, NotADirectoryError):
        yield ()
        return
    try:
        with os.scandir(descriptor) as entries:
            yield entries
    finally:
        os.close(descriptor)


def sum_up(folder: str, sizes: Mapping[str, int], times: Iterable[int]) -> FolderSum:
    """Return what files come to in a folder of that name; those of ours are left out."""
    start = crc32(os.fsencode(folder))
    files = size = newest = digest = untimed = 0
    oldest = _NEVER
    for (name, each), time in zip(sizes.items(), times, strict=True):
        if each == NO_FILE or name.startswith(OURS):
            continue
        files += 1
        size += each
        if time > newest:
            newest = time
        if time < oldest:
            oldest = time
        named = crc32(b"%b/%d" % (name.encode("utf-8", "surrogateescape"), each), start)
        untimed += named
        digest += crc32(b"/%d" % time, named)
    sums = digest % MODULUS, untimed % MODULUS
    return FolderSum(files, size, newest, oldest, *sums) if files else FolderSum()
