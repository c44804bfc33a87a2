"""Getting what was written onto stable storage, before it is called done or anything is deleted.

One ``syncfs`` for each file system of a destination is as good as an ``fsync`` of every file and
folder on it, at a twentieth of the price (fact sheet ecosystem section 6). Linux reports errors
of writing back from it since 5.8. Systems without it get the ``fsync`` of what changed.
"""

from __future__ import annotations

import ctypes
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
    """Lets callers who come while a flush is under way share the next one.

    A flush that began after a caller came covers all that the caller wrote before.
    """

    def __init__(self) -> None:
        self._turn = threading.Condition()
        self._begun = self._ended = 0
        self._failed: dict[int, OSError] = {}

    def wait(self, flush: Callable[[], None]) -> None:
        """Return when a flush that began after this call has ended; raises its ``OSError``."""
        with self._turn:
            mine = self._begun + 1
            while self._ended < mine and self._begun > self._ended:
                self._turn.wait()
            if self._ended >= mine:
                self._raise(mine)
                return
            self._begun = mine
        error = None
        try:
            flush()
        except OSError as caught:
            error = self._failed[mine] = caught
        finally:
            with self._turn:
                self._ended = mine
                self._turn.notify_all()
        if error is not None:
            raise error

    def _raise(self, number: int) -> None:
        if number in self._failed:
            raise self._failed[number]


_flushes: dict[Path, _Flushes] = {}
_flushing = threading.Lock()


def settle_on_disk(folder: Path) -> None:
    """Put everything below a folder on stable storage; raises ``OSError`` where that fails.

    Callers who come together share one flush.

    What this cannot reach is said in README: drives that lie about their cache, servers that
    answer before they write, and user-space file systems that are not told.
    """
    with _flushing:
        flushes = _flushes.setdefault(folder, _Flushes())
    flushes.wait(lambda: _flush(folder))


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
