"""One runner per destination: a lease file that says who holds it, where and since when.

The file is created exclusively and kept young by touching it, which works on network file
systems where locks do not (pain points 28). A holder on this machine is judged by its process;
one elsewhere by the age of its heartbeat, read off the file system's own clock.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
import time
from pathlib import Path

import msgspec

from wizard.engine.step import Place
from wizard.engine.views import View
from wizard.errors import DestinationError, LeaseError
from wizard.files import partial_name

HEARTBEAT = 5.0
"""Seconds between two touches."""
STALE = 60.0
"""Seconds without a touch after which a holder on another machine counts as gone."""
_TAKEOVER_GUARD = 10.0


class Holder(View, frozen=True, kw_only=True, omit_defaults=True):
    """Who holds a destination."""

    key: str
    """Random, so that a holder knows its own lease again."""
    host: str
    pid: int
    since: float
    """Seconds since the epoch."""
    machine: str = ""
    """Boot and process namespace, without which a pid says nothing."""
    started: str = ""
    """Start time of the process, against pids used again."""
    address: str = ""
    """Path of the socket other terminals come in by; empty where there is none."""

    def __str__(self) -> str:
        since = time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(self.since))
        return f"{self.host}, pid {self.pid}, since {since}"


class Lease:
    """A held lease; ``renew`` keeps it young and ``release`` gives it back."""

    def __init__(self, path: Path, holder: Holder) -> None:
        self._path = path
        self.holder = holder
        self.taken_at = path.stat().st_mtime
        """When it was taken, by the file system's clock; seconds since the epoch."""

    def renew(self) -> None:
        """Touch the file; raises ``LeaseError`` when somebody else took the lease over."""
        found = _read(self._path)
        if found is not None and found.key != self.holder.key:
            raise _held(found, self._path)
        try:
            os.utime(self._path)
        except FileNotFoundError:
            _create(self._path, self.holder)

    def release(self) -> None:
        """Give the lease back, if it is still ours."""
        found = _read(self._path)
        if found is not None and found.key == self.holder.key:
            with contextlib.suppress(OSError):
                self._path.unlink()


def lease_path(place: Place) -> Path:
    """Return where the lease of a destination lies."""
    return place.state / "lease.json"


def acquire(place: Place, *, address: str = "") -> Lease:
    """Take the lease, over from a stale holder if need be; raises ``LeaseError`` when held."""
    path = lease_path(place)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        holder = _myself(address)
        for _ in range(3):
            if _create(path, holder):
                return Lease(path, holder)
            _take_over(path)
    except OSError as error:
        raise DestinationError(
            f"cannot write the install's state: {error.strerror}",
            where=str(path.parent),
            hint="choose a destination you may write to, or mend its permissions",
        ) from error
    raise _held(_read(path), path)


def current_holder(place: Place) -> Holder | None:
    """Return the live holder of a destination, or None."""
    path = lease_path(place)
    holder = _read(path)
    return None if holder is None or _is_stale(path, holder) else holder


def _create(path: Path, holder: Holder) -> bool:
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError:
        return False
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.encode(holder))
    return True


def _take_over(path: Path) -> None:
    """Remove a stale lease; a guard file keeps two from removing each other's fresh one."""
    guard = path.with_suffix(".takeover")
    if _age(guard) > _TAKEOVER_GUARD:
        guard.unlink(missing_ok=True)
    try:
        os.close(os.open(guard, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    except FileExistsError:
        raise _held(_read(path), path) from None
    try:
        holder = _read(path)
        if path.exists() and not _is_stale(path, holder):
            raise _held(holder, path)
        path.unlink(missing_ok=True)
    finally:
        guard.unlink(missing_ok=True)


def _is_stale(path: Path, holder: Holder | None) -> bool:
    if holder is None:
        return _age(path) > HEARTBEAT
    if holder.machine and holder.machine == _machine():
        return _started(holder.pid) != holder.started
    return _age(path) > STALE


def _age(path: Path) -> float:
    """Return seconds since the file was touched, by the file system's clock; below 0 if absent."""
    probe = partial_name(path)
    try:
        probe.touch()
        return probe.stat().st_mtime - path.stat().st_mtime
    except FileNotFoundError:
        return -1.0
    except OSError:
        return time.time() - path.stat().st_mtime
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()


def _read(path: Path) -> Holder | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Holder)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None


def _held(holder: Holder | None, path: Path) -> LeaseError:
    who = "another runner that is just starting" if holder is None else f"a runner ({holder})"
    return LeaseError(
        f"held by {who}",
        where=str(path.parent.parent),
        hint="segwizard attach shows it, segwizard stop ends it; "
        "a runner that died elsewhere is taken over after a minute",
    )


def _myself(address: str) -> Holder:
    pid = os.getpid()
    return Holder(
        key=secrets.token_hex(8),
        host=socket.gethostname(),
        pid=pid,
        since=time.time(),
        machine=_machine(),
        started=_started(pid),
        address=address,
    )


def _machine() -> str:
    """Return what pids of one table have in common: the boot and the process namespace."""
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text().strip()
        return f"{boot}/{Path('/proc/self/ns/pid').readlink()}"
    except OSError:
        return socket.gethostname()


def _started(pid: int) -> str:
    """Return a word that is the same as long as this very process lives; ``gone`` when not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _started_without_proc(pid)
    return "gone" if fields[0] in "ZX" else fields[19]


def _started_without_proc(pid: int) -> str:
    if Path("/proc/self/stat").exists():
        return "gone"
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return "gone"
    except PermissionError:
        pass
    return "alive"
