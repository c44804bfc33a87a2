"""Work on a dask cluster: chunks of items on machines that share the destination's disk.

Workers read work and items from a file there, so a chunk travels as two numbers and a ticket,
however many labels there are. The ticket holds the hash of what the file says of itself, so a
neighbour who may write there cannot slip in work.
"""

from __future__ import annotations

import contextlib
import hashlib
import pickle
import secrets
import time
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import msgspec
from distributed import Client, KilledWorker, get_worker
from msgspec import Struct

from wizard.errors import DestinationError, UsageError
from wizard.files import make_folder, write_whole
from wizard.foreign import open_foreign
from wizard.work import Item, Work
from wizard.workers.chunks import ChunkOutcome, do_chunk
from wizard.workers.executors import Workers

_BLOCK = 512
"""Items packed as one: what a worker unpacks to get at one of them."""
_LOOK = 0.5
"""Seconds between looks at whether the batch still stands."""
_CONNECT_SECONDS = 10
_LOOK_SECONDS = 2.0
_SHORTEST, _SECONDS_A_TASK, _LONGEST = 0.25, 0.1, 30.0
"""Seconds a chunk should take: so many a worker, within these bounds."""


class _Part(Struct, frozen=True, array_like=True):
    """Some bytes of the file."""

    start: int
    size: int
    sha256: bytes


class _Contents(Struct, frozen=True, array_like=True):
    work: _Part
    blocks: tuple[_Part, ...]


@dataclass(frozen=True, slots=True)
class Ticket:
    """Where a batch is written down, and the hash of its table of contents."""

    path: str
    start: int
    size: int
    sha256: bytes


class Assignment:
    """The file of one batch, for as long as it is worked on."""

    def __init__(self, folder: Path, work: Work[Any], items: Sequence[Item]) -> None:
        make_folder(folder)
        self.path = folder.resolve() / f"batch-{secrets.token_hex(8)}"
        parts, contents, end = [], [], 0
        for data in _packed(work, items):
            parts.append(data)
            contents.append(_Part(end, len(data), hashlib.sha256(data).digest()))
            end += len(data)
        table = msgspec.msgpack.encode(_Contents(contents[0], tuple(contents[1:])))
        self.ticket = Ticket(str(self.path), end, len(table), hashlib.sha256(table).digest())
        write_whole(self.path, b"".join((*parts, table)), mode=0o644)

    def remove(self) -> None:
        """Let every worker that is still at it stop."""
        with contextlib.suppress(OSError):
            self.path.unlink()


def read_work(ticket: Ticket) -> Work[Any]:
    """Return the work of a batch, kept for its next chunk.

    Raises ``OSError`` where the file is not seen, ``ValueError`` where it is not the one meant.
    """
    work: Work[Any] = _read(ticket, _contents(ticket).work)
    return work


def read_items(ticket: Ticket, rows: range) -> Iterator[Item]:
    """Yield items of a batch by their places; raises as ``read_work``."""
    for row in rows:
        yield _read(ticket, _contents(ticket).blocks[row // _BLOCK])[row % _BLOCK]


def watch(ticket: Ticket) -> Callable[[], bool]:
    """Return what tells whether the batch is over: its file goes when it ends or is stopped."""
    path, looked, over = Path(ticket.path), time.monotonic(), False

    def is_over() -> bool:
        nonlocal looked, over
        if not over and time.monotonic() - looked > _LOOK:
            looked, over = time.monotonic(), not path.exists()
        return over

    return is_over


def _packed(work: Work[Any], items: Sequence[Item]) -> Iterator[bytes]:
    yield zlib.compress(pickle.dumps(work), 1)
    for start in range(0, len(items), _BLOCK):
        yield zlib.compress(pickle.dumps(tuple(items[start : start + _BLOCK])), 1)


@lru_cache(maxsize=4)
def _contents(ticket: Ticket) -> _Contents:
    table = _Part(ticket.start, ticket.size, ticket.sha256)
    return msgspec.msgpack.decode(_bytes(ticket, table), type=_Contents)


@lru_cache(maxsize=16)
def _read(ticket: Ticket, part: _Part) -> Any:
    # Proven by its hash to be what the one who started this install wrote.
    return pickle.loads(zlib.decompress(_bytes(ticket, part)))  # noqa: S301


def _bytes(ticket: Ticket, part: _Part) -> bytes:
    with open_foreign(Path(ticket.path)) as file:
        file.seek(part.start)
        data = file.read(part.size)
    if hashlib.sha256(data).digest() != part.sha256:
        raise ValueError(f"{ticket.path} does not hold what was written there")
    return data


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
