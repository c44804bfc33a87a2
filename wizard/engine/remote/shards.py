"""Several runners per destination: the shards of one array, which keep everybody else away."""

from __future__ import annotations

import contextlib
import os
import random
import secrets
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec

from wizard import environment
from wizard.engine.lease import (
    HEARTBEAT,
    WHOLE,
    Hold,
    Lease,
    Owner,
    clear_damaged,
    create,
    held,
    is_stale,
    lease_path,
    live_shards,
    myself,
    read_owner,
    shard_path,
    take,
    take_over,
    writable,
)
from wizard.errors import LeaseError
from wizard.files import make_folder
from wizard.state.shards import ArrayWork, Shard, begin_array, read_array, read_results
from wizard.steps.step import Place

_TRIES = 40
_PAUSE = 0.2


class ShardLease:
    """One shard's hold, beside those of the others of its array."""

    def __init__(self, place: Place, own: Lease) -> None:
        self._shared = lease_path(place)
        self._own = own
        self.owner = own.owner
        self.taken_at = own.taken_at

    def renew(self) -> None:
        """Touch its file and the one all share; raises ``LeaseError`` once that is another's.

        One that slept may have been given up for gone meanwhile.
        """
        found = WHOLE.look(self._shared)
        if isinstance(found, Owner) and found.array != self.owner.array:
            raise held(found, self._shared)
        if isinstance(found, Owner):
            os.utime(self._shared, follow_symlinks=False)
        else:
            create(self._shared, _array_of(self.owner))
        self._own.renew()

    def release(self) -> bool:
        """Give it back; the file that all share counts for nothing once no shard is at work."""
        return self._own.release()


def join_array(place: Place, shard: Shard, work: ArrayWork, array: str = "") -> ShardLease:
    """Take one shard's part, beside the others of its array.

    ``array`` names the array, as a job scheduler does; without it the shard joins the one that is
    at work, or begins one. Raises ``LeaseError`` when a runner of the whole, another array, or
    another runner of this shard is at work.
    """
    path, own = lease_path(place), shard_path(place, shard.index)
    with writable(path):
        make_folder(own.parent)
        for _ in range(_TRIES):
            name = array or _joined(place, shard, work) or secrets.token_hex(8)
            mine = msgspec.structs.replace(
                myself(""), array=name, shard=str(shard), work=work, job=_job()
            )
            _clear_earlier(own, mine)
            lease = take(own, mine)
            try:
                if _share(place, mine, wanted=bool(array)):
                    begin_array(place.state, name, shard.of, work)
                    return ShardLease(place, lease)
            except BaseException:
                lease.release()
                raise
            lease.release()
            time.sleep(random.uniform(0.5, 1) * _PAUSE)  # noqa: S311  # no secret
    raise held(read_owner(path), path)


def lives(place: Place, index: int, array: str) -> bool:
    """Tell whether a shard of an array is at work."""
    path = shard_path(place, index)
    owner = read_owner(path)
    return owner is not None and owner.array == array and not is_stale(path, owner)


@contextlib.contextmanager
def kept_young(lease: Hold, lost: Callable[[], None]) -> Iterator[None]:
    """Renew a lease as long as the block lasts; ``lost`` is called once it is another's."""
    over = threading.Event()

    def beat() -> None:
        while not over.wait(HEARTBEAT):
            try:
                lease.renew()
            except LeaseError:
                lost()
                return
            except OSError:
                continue  # what cannot be written now may be a moment later

    thread = threading.Thread(target=beat, name="segwizard heartbeat", daemon=True)
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _job() -> str:
    """Return which job of Slurm's this is, and how often it was queued again; empty for none."""
    job = environment.variable("SLURM_JOB_ID")
    return f"{job}.{environment.variable('SLURM_RESTART_COUNT') or 0}" if job else ""


def _clear_earlier(path: Path, mine: Owner) -> None:
    """Take away what this very job left when it ran before, maybe on another machine.

    That it was queued again says that it runs nowhere else; its heart need not be listened for.
    """
    found = read_owner(path)
    if found is None or not mine.job or found.job == mine.job:
        return
    if found.job.partition(".")[0] == mine.job.partition(".")[0]:
        path.unlink(missing_ok=True)


def _joined(place: Place, shard: Shard, work: ArrayWork) -> str:
    """Return the array that a shard belongs to; empty where it has to begin one.

    That at work, or one whose shards come one after the other, and of which it is still to come.
    """
    fellows = (each for each in live_shards(place) if each.work == work)
    arrays = sorted(each.array for each in fellows if each.shard.endswith(f"/{shard.of}"))
    if arrays:
        shared = read_owner(lease_path(place))
        return shared.array if shared and shared.array in arrays else arrays[0]
    record = read_array(place.state)
    if record is None or (record.work, record.of) != (work, shard.of):
        return ""
    ended = read_results(place.state, shard.index, record.array).ended
    return "" if ended else record.array


def _share(place: Place, mine: Owner, *, wanted: bool) -> bool:
    """Have the shared file name this shard's array; returns False where another was quicker.

    ``wanted``: it has to be this array. Raises ``LeaseError`` where a runner of the whole or shards
    of another array are at work.
    """
    path, found = lease_path(place), read_owner(lease_path(place))
    if found is not None and not found.array and not is_stale(path, found):
        raise held(found, path)
    strangers = [each for each in live_shards(place) if not _is_fellow(each, mine)]
    for each in strangers:
        if wanted or not _is_fellow(each, msgspec.structs.replace(mine, array=each.array)):
            raise held(each, path)
    if found is not None and found.array == mine.array:
        return True
    if found is not None and found.array in {each.array for each in strangers}:
        return False
    if path.exists():
        try:
            clear_damaged(path)
            take_over(path, besides=mine.key)
        except LeaseError:
            return False
    return create(path, _array_of(mine))


def _is_fellow(one: Owner, other: Owner) -> bool:
    """Tell whether two shards are of one array, and divide it alike."""
    alike = one.array == other.array and one.work == other.work
    return alike and one.shard.partition("/")[2] == other.shard.partition("/")[2]


def _array_of(mine: Owner) -> Owner:
    """Return what the shared file says: nothing of one process, as any of them may end."""
    told = Owner(key=mine.array, host=mine.host, pid=0, since=mine.since, array=mine.array)
    return msgspec.structs.replace(told, work=mine.work)
