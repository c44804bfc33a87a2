"""Work on a dask cluster: chunks of items on machines that share the destination's disk."""

from __future__ import annotations

import time
from collections.abc import Sequence
from concurrent.futures import Future
from typing import Any

from distributed import Client, KilledWorker, get_worker

from wizard.errors import DestinationError, UsageError
from wizard.work import Item, Work
from wizard.workers.assignment import Assignment, Ticket, read_items, read_work, watch
from wizard.workers.chunks import ChunkOutcome, do_chunk
from wizard.workers.executors import Workers

_CONNECT_SECONDS = 10
_LOOK_SECONDS = 2.0
_SHORTEST, _SECONDS_A_TASK, _LONGEST = 0.25, 0.1, 30.0
"""Seconds a chunk should take: so many a worker, within these bounds."""


class BlindWorker(Exception):
    """A worker that does not see the destination, or another; the argument is its address."""


class Cluster:
    """Workers of a dask scheduler, each proven to see the shared folder before it counts."""

    def __init__(self, workers: Workers, work: Work[Any], items: Sequence[Item]) -> None:
        self._address = workers.scheduler
        self._client = connect(workers.scheduler)
        if workers.shared is None:
            raise UsageError("a cluster needs a folder that its workers share")
        self._assignment = Assignment(workers.shared, work, items)
        self._blind: set[str] = set()
        self._threads: dict[str, int] = {}
        self._looked = 0.0
        self._executor = self._client.get_executor(pure=False)

    @property
    def tasks(self) -> int:
        """Threads of the workers that see the disk; at least one, so that work can wait."""
        self._look()
        return max(1, sum(self._threads.values()))

    @property
    def seconds(self) -> float:
        """Longer chunks for more workers: the scheduler and we take milliseconds for each."""
        return min(_LONGEST, max(_SHORTEST, _SECONDS_A_TASK * self.tasks))

    def submit(self, rows: range) -> Future[ChunkOutcome]:
        """Hand out a chunk; dask does it elsewhere by itself if its worker dies."""
        ticket = self._assignment.ticket
        future: Future[ChunkOutcome] = self._executor.submit(_do_chunk, ticket, rows)
        return future

    def recover(self, error: BaseException) -> bool:
        """Leave out workers that do not see the disk; try again after too many deaths."""
        if isinstance(error, BlindWorker):
            self._leave_out(str(error.args[0]))
            return True
        if isinstance(error, KilledWorker):
            return True
        if self._client.status != "running":
            raise UsageError(
                "the dask scheduler is gone",
                where=self._address,
                hint="start it and run again; what is finished stays",
            ) from error
        return False

    def close(self) -> None:
        """Let go of the cluster; chunks in flight end with the item they are at."""
        self._assignment.remove()
        self._executor.shutdown(wait=False)
        self._client.close(timeout=2)

    def _look(self) -> None:
        if time.monotonic() - self._looked > _LOOK_SECONDS:
            threads = self._client.nthreads()
            self._threads = {at: n for at, n in threads.items() if at not in self._blind}
            self._looked = time.monotonic()

    def _leave_out(self, address: str) -> None:
        self._blind.add(address)
        self._looked = 0.0
        self._look()
        if not self._threads:
            raise DestinationError(
                "no worker of the cluster sees the destination",
                where=str(self._assignment.path.parent),
                hint="mount it on every node under the same path",
            )
        self._executor = self._client.get_executor(
            pure=False, workers=sorted(self._threads), allow_other_workers=False
        )


def connect(address: str) -> Client:
    """Return a client of the scheduler; raises ``UsageError`` when none answers."""
    if not address:
        raise UsageError("a cluster needs an address", hint="give --scheduler tcp://HOST:PORT")
    try:
        return Client(address, timeout=_CONNECT_SECONDS, set_as_default=False)
    except (OSError, ValueError, TimeoutError) as error:
        raise UsageError(
            f"no dask scheduler answers ({error})",
            where=address,
            hint="start one with 'dask scheduler' and give its address",
        ) from error


def _do_chunk(ticket: Ticket, rows: range) -> ChunkOutcome:
    """Run on a worker of the cluster."""
    try:
        work, items = read_work(ticket), tuple(read_items(ticket, rows))
    except (OSError, ValueError):
        raise BlindWorker(get_worker().address) from None
    except Exception as error:  # whatever a pickle of another version may raise
        raise UsageError(
            f"a worker cannot make sense of the work: {type(error).__name__}: {error}",
            where=get_worker().address,
            hint="have the same segwizard and Python on every node",
        ) from None
    return do_chunk(work, items, watch(ticket))
