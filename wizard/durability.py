"""Getting what was written onto stable storage, before it is called done or anything is deleted.

One ``syncfs`` for each file system of a destination is as good as an ``fsync`` of every file and
folder on it, at a twentieth of the price (fact sheet ecosystem section 6). Linux reports errors
of writing back from it since 5.8. Systems without it get the ``fsync`` of what changed.
"""

from __future__ import annotations

import ctypes
import errno
import math
import os
import threading
import time
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

from wizard.files import sync_file

_DEEP = 2
"""Levels below a destination at which another disk may hang: a collection's root, a dataset."""
_CLOCK = 2.0
"""Seconds by which file systems round the time of a change at most."""


def this_boot() -> str:
    """Return what names the time since this machine was started; nothing where it is not told."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text().strip()
    except OSError:
        return ""


class _Flushes:
    """Lets callers share a flush: one that began after their last write covers all of it.

    At most one is under way and one is waited for, however many callers there are.
    """

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._begun = self._ended = 0
        self._began = -math.inf
        """Moment at which the last flush began."""
        self._covers = -math.inf
        """Moment before which all that was written is safe."""
        self._failed: dict[int, OSError] = {}

    def wait(self, flush: Callable[[], None], written: float) -> None:
        """Return once what was written before a moment is safe; raises ``OSError``."""
        with self._turn:
            if self._covers >= written:
                return
            under_way = self._begun > self._ended
            mine = self._begun + (not (under_way and self._began >= written))
            while self._ended < mine and self._begun > self._ended:
                self._turn.wait()
            if self._ended >= mine:
                self._raise(mine)
                return
            self._begun, self._began = mine, time.monotonic()
        self._make(flush, mine)

    def _make(self, flush: Callable[[], None], mine: int) -> None:
        failure: OSError | None = OSError(errno.EINTR, os.strerror(errno.EINTR))
        try:
            flush()
            failure = None
        except OSError as error:
            failure = error
            raise
        finally:
            with self._turn:
                self._ended = mine
                if failure is None:
                    self._covers = self._began
                else:
                    self._failed[mine] = failure
                self._turn.notify_all()

    def _raise(self, number: int) -> None:
        if number in self._failed:
            raise self._failed[number]


_flushes: dict[Path, _Flushes] = {}
_flushing = threading.Lock()


def settle_on_disk(folder: Path, written: float | None = None) -> None:
    """Put everything below a folder on stable storage; raises ``OSError`` where that fails.

    Callers who come together share one flush. ``written`` is the moment (monotonic) of the last
    write that matters, now where it is not told: a flush that began since then serves.

    What this cannot reach is said in README: drives that lie about their cache, servers that
    answer before they write, and user-space file systems that are not told.
    """
    with _flushing:
        flushes = _flushes.setdefault(folder, _Flushes())
    flushes.wait(lambda: _flush(folder), time.monotonic() if written is None else written)


def _flush(folder: Path) -> None:
    sync = _syncfs()
    for place in _file_systems(folder):
        if sync is None:
            _sync_changed(place)
            continue
        descriptor = os.open(place, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        try:
            sync(descriptor, place)
        finally:
            os.close(descriptor)


@lru_cache(maxsize=1)
def _syncfs() -> Callable[[int, str], None] | None:
    """Return the system's call, which Python lacks; None where there is none."""
    call = getattr(ctypes.CDLL(None, use_errno=True), "syncfs", None)
    if call is None:
        return None

    def sync(descriptor: int, place: str) -> None:
        if call(descriptor) != 0:
            number = ctypes.get_errno()
            raise OSError(number, os.strerror(number), place)

    return sync


def _file_systems(folder: Path) -> Iterator[str]:
    """Yield one folder of each file system that the folder and those near below it lie on."""
    seen: set[int] = set()
    for place in _near(str(folder), _DEEP):
        try:
            device = os.stat(place).st_dev  # noqa: PTH116 (many, and often)
        except OSError:
            continue
        if device not in seen:
            seen.add(device)
            yield place


def _near(folder: str, depth: int) -> Iterator[str]:
    yield folder
    if not depth:
        return
    try:
        with os.scandir(folder) as entries:
            below = [entry.path for entry in entries if entry.is_dir()]
    except OSError:
        return
    for each in below:
        yield from _near(each, depth - 1)


_settled: dict[str, float] = {}
_settling = threading.Lock()


def _sync_changed(top: str) -> None:
    """Sync each file and folder that changed since this was last done; raises ``OSError``."""
    with _settling:
        since, now = _settled.get(top, 0.0), time.time()
        for folder, _, names in os.walk(top, topdown=False):
            for path in (*(f"{folder}/{name}" for name in names), folder):
                _sync_one(path, since - _CLOCK)
        _settled[top] = now


def _sync_one(path: str, since: float) -> None:
    try:
        found = os.lstat(path)
        if max(found.st_mtime, found.st_ctime) < since:
            return
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError:
        return  # it went away, or is a link, which its folder holds
    try:
        sync_file(descriptor)
    finally:
        os.close(descriptor)
