"""One owner for a part: two processes never write the same file.

``flock`` rather than an owner file alone: the kernel gives the lock back when its holder dies,
however it dies, so there is no stale lease to judge. It also parts two threads of one process,
which ``lockf`` does not. Where the file system has no locks (some Lustre mounts) the file that
names host and pid decides, and is stale when that pid is gone from this host.
"""

from __future__ import annotations

import errno
import fcntl
import os
import socket
import time
from pathlib import Path

from wizard.transfer.errors import PartBusy

_NO_LOCKS = frozenset({errno.ENOSYS, errno.ENOLCK, errno.ENOTSUP, errno.EINVAL})
_PATIENCE = 20
"""Tries at a lock whose file is being removed by the last holder."""


class Lease:
    """Held from construction to ``release``; raises ``PartBusy`` when somebody else has it."""

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
        for _ in range(_PATIENCE):
            file = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o666)
            try:
                self._lock(file)
                if _same_file(file, self._path):
                    return file
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
            raise self._busy(owner) from None
        except OSError as error:
            if error.errno not in _NO_LOCKS:
                raise
            if owner and not _stale(owner):
                raise self._busy(owner) from None

    def _busy(self, owner: str) -> PartBusy:
        return PartBusy(
            f"already being fetched by {owner or 'another process'} (host, process)",
            where=self._path.name.removesuffix(".lock"),
            hint=f"Wait for it, or stop it; if it is gone for sure, delete {self._path}.",
        )

    def release(self) -> None:
        """Give the lease back."""
        self._path.unlink(missing_ok=True)
        os.close(self._file)


def _same_file(file: int, path: Path) -> bool:
    """Tell whether the locked file still has its name: the last holder may have removed it."""
    try:
        return os.path.samestat(os.fstat(file), path.stat())
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
