"""One runner per destination: a lease file that says who holds it, where and since when.

The file is created exclusively and kept young by touching it, which works on network file
systems where locks do not (pain points 28). A holder on this machine is judged by its process;
one elsewhere by the age of its heartbeat, read off the file system's own clock.

The shards of an array share that file, which names their array, and each has one of the same form
for itself, by which alone they are judged. Whoever wants the whole makes the one and then looks for
the others; a shard makes its own and then looks at the one: at least one of two sees the other.
"""

from __future__ import annotations

import contextlib
import os
import re
import secrets
import socket
import stat
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from wizard import figures
from wizard.durability import this_boot
from wizard.errors import DestinationError, LeaseError, reason_of
from wizard.files import link_new, make_folder, open_ours, partial_name, sync_file
from wizard.openat import write_all
from wizard.state.notices import DamageNotice, note, set_aside
from wizard.state.shards import shards_folder
from wizard.state.store import Damaged, Store
from wizard.state.table import LEASE, SHARD_LEASE
from wizard.steps.step import Place
from wizard.transfer.parts.part_lock import oust
from wizard.views import View

HEARTBEAT = 5.0
"""Seconds between two touches."""
STALE = 60.0
"""Seconds without a touch after which a holder on another machine counts as gone."""
_TAKEOVER_GUARD = 10.0
_LOOK = 0.1


class Owner(View, frozen=True, kw_only=True, omit_defaults=True):
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
    array: str = ""
    """The array it belongs to; empty for who holds the whole."""
    shard: str = ""
    """Which shard of the array it is; empty for the array itself."""
    work: str = ""
    """What the array does."""
    job: str = ""
    """The scheduler's job that this process is, as ``ID.RESTARTS``."""

    def __str__(self) -> str:
        if self.array and not self.shard:
            return f"the shards of segwizard {self.work}, since {figures.moment(self.since)}"
        what = f"shard {self.shard}, " if self.shard else ""
        return f"{what}{self.host}, pid {self.pid}, since {figures.moment(self.since)}"


class Hold(Protocol):
    """A destination, or a part of the work on it, held against others."""

    owner: Owner
    taken_at: float

    def renew(self) -> None:
        """Keep it young; raises ``LeaseError`` when somebody else took it over."""
        ...

    def release(self) -> bool:
        """Give it back; returns whether it was still ours."""
        ...


WHOLE = Store(LEASE, Owner)
_SHARD = Store(SHARD_LEASE, Owner)
_SHARD_FILE = re.compile(r"owner-(\d+)\.json")


class Lease:
    """A held lease; ``renew`` keeps it young and ``release`` gives it back."""

    def __init__(self, path: Path, owner: Owner) -> None:
        self._path = path
        self.owner = owner
        self.taken_at = path.stat().st_mtime
        """When it was taken, by the file system's clock; seconds since the epoch."""

    def renew(self) -> None:
        """Touch the file; raises ``LeaseError`` when somebody else took the lease over."""
        found = _store(self._path).look(self._path)
        if isinstance(found, Owner):
            if found.key != self.owner.key:
                raise held(found, self._path)
            os.utime(self._path, follow_symlinks=False)
            return
        if isinstance(found, Damaged):
            set_aside(self._path)
        create(self._path, self.owner)

    def release(self) -> bool:
        """Give the lease back; returns whether it was still ours, or at least nobody else's."""
        found = read_owner(self._path)
        if found is None:
            return True
        if found.key != self.owner.key:
            return False
        with contextlib.suppress(OSError):
            self._path.unlink()
        return True


def lease_path(place: Place) -> Path:
    """Return where the lease of a destination lies."""
    return place.state / LEASE.name


def acquire(place: Place, *, address: str = "") -> Lease:
    """Take the lease, over from a stale holder if need be; raises ``LeaseError`` when held."""
    path = lease_path(place)
    with writable(path):
        lease = take(path, myself(address))
        shards = live_shards(place)
        if shards:
            lease.release()
            raise held(shards[0], path)
        _oust_shards(place)
    return lease


def live_shards(place: Place) -> list[Owner]:
    """Return the owners of the shards that are at work."""
    found = ((path, read_owner(path)) for path in _shard_files(place))
    return [owner for path, owner in found if owner and not is_stale(path, owner)]


def current_owner(place: Place) -> Owner | None:
    """Return the live holder of a destination, or None."""
    path = lease_path(place)
    owner = read_owner(path)
    return None if owner is None or is_stale(path, owner) else owner


def shard_path(place: Place, index: int) -> Path:
    """Return where the file of a shard lies."""
    return shards_folder(place.state) / f"owner-{index}.json"


def _shard_files(place: Place) -> list[Path]:
    folder = shards_folder(place.state)
    if not folder.is_dir():
        return []
    return sorted(path for path in folder.iterdir() if _SHARD_FILE.fullmatch(path.name))


def _oust_shards(place: Place) -> None:
    """Take the files of shards that are gone, so that one that only slept sees it when it wakes."""
    for path in _shard_files(place):
        owner = read_owner(path)
        if owner is not None:
            oust(owner.host, owner.pid)
        path.unlink(missing_ok=True)


def _store(path: Path) -> Store[Owner]:
    return _SHARD if _SHARD_FILE.fullmatch(path.name) else WHOLE


def _install_of(path: Path) -> Path:
    """Return the destination that a lease or a shard's file lies in."""
    state = path.parent.parent if _SHARD_FILE.fullmatch(path.name) else path.parent
    return state.parent


@contextlib.contextmanager
def writable(path: Path) -> Iterator[None]:
    """Tell what the block cannot write of an install as ``DestinationError``."""
    try:
        yield
    except OSError as error:
        raise DestinationError(
            f"cannot write the install's state: {reason_of(error)}",
            where=str(path.parent),
            hint="choose a destination you may write to, or mend its permissions",
        ) from error


def take(path: Path, owner: Owner) -> Lease:
    """Make a lease, over from a stale holder if need be; raises ``LeaseError`` when held."""
    make_folder(path.parent)
    for _ in range(3):
        if create(path, owner):
            return Lease(path, owner)
        clear_damaged(path)
        take_over(path)
    raise held(read_owner(path), path)


def create(path: Path, owner: Owner) -> bool:
    """Write a lease unless there is one; whole at once where links can be made."""
    data, written = _store(path).encode(owner), partial_name(path)
    _write_new(written, data)
    try:
        link_new(written, path)
    except FileExistsError:
        return False
    except OSError:
        try:
            _write_new(path, data)
        except FileExistsError:
            return False
    finally:
        written.unlink(missing_ok=True)
    return True


def _write_new(path: Path, data: bytes) -> None:
    """Write a file that is not there yet; one that cannot be whole does not stay."""
    descriptor = open_ours(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    try:
        write_all(descriptor, data)
        # A power cut must not leave an empty lease, which tells of somebody who is just starting.
        sync_file(descriptor)
    except BaseException:
        path.unlink(missing_ok=True)
        raise
    finally:
        os.close(descriptor)


def clear_damaged(path: Path) -> None:
    """Set a damaged lease aside, once it is sure that no live holder keeps it young.

    A holder that lives writes its lease anew at its next heartbeat. An empty one belongs to
    somebody who is just starting, where links cannot be made.
    """
    deadline = time.monotonic() + HEARTBEAT + 1
    while isinstance(_store(path).look(path), Damaged) and _holds_something(path):
        if time.monotonic() > deadline:
            note(DamageNotice(path, "it names no holder", set_aside(path)))
            return
        time.sleep(_LOOK)


def _holds_something(path: Path) -> bool:
    try:
        found = path.lstat()
    except FileNotFoundError:
        return False
    return not stat.S_ISREG(found.st_mode) or found.st_size > 0


def take_over(path: Path, *, besides: str = "") -> None:
    """Remove a stale lease; a guard file keeps two from removing each other's fresh one.

    ``besides`` is the key of a shard that does not speak for its array.
    """
    guard = path.with_suffix(".takeover")
    if _age(guard) > _TAKEOVER_GUARD:
        guard.unlink(missing_ok=True)
    try:
        os.close(open_ours(guard, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644))
    except FileExistsError:
        raise held(read_owner(path), path) from None
    try:
        owner = read_owner(path)
        if path.exists() and not is_stale(path, owner, besides):
            raise held(owner, path)
        if owner is not None and owner.pid:
            oust(owner.host, owner.pid)
        path.unlink(missing_ok=True)
    finally:
        guard.unlink(missing_ok=True)


def is_stale(path: Path, owner: Owner | None, besides: str = "") -> bool:
    """Tell whether a lease keeps nobody away any more.

    An array's is as alive as its shards; ``besides`` is the key of one that does not count.
    """
    if owner is None:
        return _age(path) > HEARTBEAT
    if owner.array and not owner.shard:
        place = Place(dest=_install_of(path), root=_install_of(path))
        fellows = (each for each in live_shards(place) if each.array == owner.array)
        return all(each.key == besides for each in fellows)
    if owner.machine and owner.machine == _machine():
        gone = _started(owner.pid) != owner.started
        return gone or (_is_frozen(owner.pid) and _age(path) > STALE)
    return _age(path) > STALE


def _age(path: Path) -> float:
    """Return seconds since the file was touched, by the file system's clock; below 0 if absent."""
    probe = partial_name(path)
    try:
        os.close(open_ours(probe, os.O_WRONLY | os.O_CREAT | os.O_EXCL))
        return probe.stat().st_mtime - path.stat().st_mtime
    except FileNotFoundError:
        return -1.0
    except OSError:
        return time.time() - path.stat().st_mtime
    finally:
        with contextlib.suppress(OSError):
            probe.unlink()


def read_owner(path: Path) -> Owner | None:
    """Return who a file says holds it, alive or not."""
    return _store(path).read(path)


def held(owner: Owner | None, path: Path) -> LeaseError:
    """Return the error that says who holds it and what to do."""
    who = "another runner that is just starting" if owner is None else f"a runner ({owner})"
    if owner is not None and owner.array:
        hint = "wait for the shards to end, or stop them as they were started (scancel, Ctrl+C)"
        return LeaseError(f"held by {owner}", where=str(_install_of(path)), hint=hint)
    hint = (
        "segwizard attach shows it, segwizard stop ends it; "
        "a runner that died elsewhere is taken over after a minute"
    )
    if owner is not None and owner.machine == _machine() and _is_frozen(owner.pid):
        who = f"{who} that is stopped, as by Ctrl+Z"
        hint = (
            f"fg in its terminal, or kill -CONT {owner.pid}, lets it go on; kill -KILL {owner.pid} "
            "ends it; left as it is, it is taken over after a minute"
        )
    return LeaseError(f"held by {who}", where=str(_install_of(path)), hint=hint)


def myself(address: str) -> Owner:
    """Return this process as an owner, under a key of its own."""
    pid = os.getpid()
    return Owner(
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
        table = Path("/proc/self/ns/pid").readlink()
    except OSError:
        return socket.gethostname()
    return f"{boot}/{table}" if (boot := this_boot()) else socket.gethostname()


def _started(pid: int) -> str:
    """Return a word that is the same as long as this very process lives; ``gone`` when not."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return _started_without_proc(pid)
    return "gone" if fields[0] in "ZX" else fields[19]


def _is_frozen(pid: int) -> bool:
    """Tell whether a process was stopped, as by Ctrl+Z, and so does nothing at all."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] in "Tt"
    except OSError:
        return False


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
