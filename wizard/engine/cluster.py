"""Work on a dask cluster: chunks of items on machines that share the destination's disk."""

from __future__ import annotations

import contextlib
import pickle
import secrets
import time
from collections.abc import Sequence
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from distributed import Client, KilledWorker, get_worker

from wizard.engine.crews import Crew
from wizard.engine.labour import Outcome, labour_from
from wizard.errors import DestinationError, UsageError
from wizard.files import write_whole
from wizard.work import Item, Work

_CONNECT_SECONDS = 10
_LOOK_SECONDS = 2.0


class BlindWorker(Exception):
    """A worker that does not see the destination; the argument is its address."""


class Cluster:
    """Workers of a dask scheduler, each proven to see the shared folder before it counts."""

    def __init__(self, crew: Crew, work: Work[Any]) -> None:
        self._address = crew.scheduler
        self._client = connect(crew.scheduler)
        self._pickled = pickle.dumps(work)
        self._beacon = _Beacon(crew.shared) if crew.shared else None
        self._blind: set[str] = set()
        self._threads: dict[str, int] = {}
        self._looked = 0.0
        self._executor = self._client.get_executor(pure=False)

    @property
    def slots(self) -> int:
        """Threads of the workers that see the disk; at least one, so that work can wait."""
        self._look()
        return max(1, sum(self._threads.values()))

    def submit(self, items: Sequence[Item]) -> Future[Outcome]:
        """Hand out a chunk; dask does it elsewhere by itself if its worker dies."""
        mark = self._beacon.mark if self._beacon else None
        future: Future[Outcome] = self._executor.submit(_labour, self._pickled, items, mark)
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
        """Let go of the cluster; chunks in flight end by themselves."""
        self._executor.shutdown(wait=False)
        self._client.close(timeout=2)
        if self._beacon:
            self._beacon.remove()

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
                where=str(self._beacon.path.parent if self._beacon else self._address),
                hint="mount it on every node under the same path",
            )
        self._executor = self._client.get_executor(
            pure=False, workers=sorted(self._threads), allow_other_workers=False
        )


class _Beacon:
    """A small file with a number nobody can guess: who reads it sees the same disk."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.path = folder.resolve() / f"beacon-{secrets.token_hex(4)}"
        self.mark = (str(self.path), secrets.token_hex(8))
        write_whole(self.path, self.mark[1].encode())

    def remove(self) -> None:
        with contextlib.suppress(OSError):
            self.path.unlink()


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


def _labour(pickled: bytes, items: Sequence[Item], mark: tuple[str, str] | None) -> Outcome:
    """Run on a worker of the cluster."""
    if mark is not None and not _sees(*mark):
        raise BlindWorker(get_worker().address)
    return labour_from(pickled, items, bool)


def _sees(path: str, content: str) -> bool:
    try:
        return Path(path).read_text() == content
    except OSError:
        return False
