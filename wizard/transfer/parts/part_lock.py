"""One owner for a part: two processes never write the same file.

``flock`` rather than an owner file alone: the kernel gives the lock back when its holder dies,
however it dies, so there is no stale lock to judge. It also parts two threads of one process,
which ``lockf`` does not. Where the file system has no locks (some Lustre mounts) the file that
names host and pid decides, and is stale when that pid is gone from this host.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
import time
from pathlib import Path

from wizard.files import copy, open_ours
from wizard.transfer.errors import PartBusy

_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL})
_TRIES = 20
"""Tries at a lock whose file is being removed by the last holder."""


_ousted: set[str] = set()
"""Processes, as lock files name them, whose destination this one took over."""


def oust(host: str, pid: int) -> None:
    """Respect no lock of a process any more: its destination was taken over, as it is frozen."""
    _ousted.add(f"{host} {pid}")


class _Ousted(Exception):
    """The lock is held by a process that was ousted."""


class PartLock:
    """Held from construction to ``release``; raises ``PartBusy`` when somebody else has it.

    A process that was ousted may wake up with the part open: what it has then is a file that
    went by this name, and nothing it does by the name counts (see ``held``).
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open_locked()
        try:
            os.ftruncate(self._file, 0)
            os.pwrite(self._file, f"{socket.gethostname()} {os.getpid()}\n".encode(), 0)
        except OSError:
            # A full disk must not leave the part locked by a file nobody will close.
            self.release()
            raise

    def _open_locked(self) -> int:
        for _ in range(_TRIES):
            file = open_ours(self._path, os.O_RDWR | os.O_CREAT)
            try:
                self._lock(file)
                if _same_file(file, self._path):
                    return file
            except _Ousted:
                self._start_apart()
            except BaseException:
                os.close(file)
                raise
            os.close(file)
            time.sleep(0.01)
        raise self._busy("another process")

    def _lock(self, file: int) -> None:
        owner = os.pread(file, 200, 0).decode(errors="replace").strip()
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise (_Ousted() if owner in _ousted else self._busy(owner)) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            if owner in _ousted:
                raise _Ousted from None
            if owner and not _stale(owner):
                raise self._busy(owner) from None

    def _start_apart(self) -> None:
        """Go on in a file of our own, with the bytes that are there, under a lock of our own."""
        part = self._path.with_name(self._path.name.removesuffix(".lock"))
        with contextlib.suppress(FileNotFoundError):
            copy(part, part)
        self._path.unlink(missing_ok=True)

    def _busy(self, owner: str) -> PartBusy:
        return PartBusy(
            f"already being fetched by {owner or 'another process'} (host, process)",
            where=self._path.name.removesuffix(".lock"),
            hint=f"Wait for it, or stop it; if it is gone for sure, delete {self._path}.",
        )

    @property
    def held(self) -> bool:
        """Whether nobody took the part over; then alone do its names stand for our files."""
        return _same_file(self._file, self._path)

    def release(self) -> None:
        """Give the lock back."""
        if self.held:
            self._path.unlink(missing_ok=True)
        os.close(self._file)


def _same_file(file: int, path: Path) -> bool:
    """Tell whether the locked file still has its name: the last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(file), path.lstat())
    except FileNotFoundError:
        return False


def _stale(owner: str) -> bool:
    host, _, pid = owner.partition(" ")
    if host != socket.gethostname() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    return int(pid) == os.getpid()
