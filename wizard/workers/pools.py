"""Who does the work of a batch: threads, processes, or a cluster."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing import forkserver, resource_tracker
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Generic, Protocol

from wizard.errors import UsageError
from wizard.files import is_private
from wizard.progress import CancelToken
from wizard.work import Item, ItemT, Work
from wizard.workers.chunks import ChunkOutcome, do_chunk, do_pickled_chunk
from wizard.workers.executors import Workers, usual

_LONGEST = 50
"""Bytes of the folder: the path of a socket below it may have about a hundred."""

_SWAP = threading.Lock()
NICENESS = 5
"""How far workers step back so that keys are answered at once."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Numbers of settings in glibc's ``malloc.h``."""
_CHUNK_SECONDS = 0.25
"""Long beside what handing out a chunk costs here, short beside what a person waits for."""
_LARGEST_KEPT = 1 << 25
"""Bytes of the largest block that glibc lets be kept."""
_DEATHS = (BrokenExecutor, EOFError, ConnectionError)
"""What is raised when a worker, or the process that forks workers, is gone."""
_never: Callable[[], bool] = bool
_stopped = _never
"""In a worker process: whether its team was asked to stop."""


@contextlib.contextmanager
def own_temporary_folder() -> Iterator[None]:
    """Have ``multiprocessing`` make its folder, which a kill leaves behind, inside one of ours.

    It is asked for once in a process. Where no private folder can be had, or only one whose path is
    too long for a socket, the usual place has to do.
    """
    folder = Path(tempfile.gettempdir()) / f"segwizard-{os.getuid()}"
    mine = folder / f"p{os.getpid()}"
    if len(os.fsencode(mine)) > _LONGEST or not is_private(folder) or not is_private(mine):
        yield
        return
    _clear_dead(folder)
    with _SWAP:
        before, tempfile.tempdir = tempfile.tempdir, str(mine)
        try:
            yield
        finally:
            tempfile.tempdir = before


def _clear_dead(folder: Path) -> None:
    """Remove the folders of processes that are gone."""
    for left in folder.glob("p[0-9]*"):
        pid = left.name[1:]
        if pid.isdecimal() and not _lives(int(pid)):
            shutil.rmtree(left, ignore_errors=True)


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        return True
    return True


class Team(Protocol):
    """Workers that take chunks; the calling thread never waits for them here."""

    @property
    def tasks(self) -> int:
        """How many chunks can be worked on at once."""
        ...

    @property
    def seconds(self) -> float:
        """How long a chunk should take."""
        ...

    def submit(self, rows: range) -> Future[ChunkOutcome]:
        """Hand out a chunk: items of the batch by their places."""
        ...

    def recover(self, error: BaseException) -> bool:
        """Say whether a chunk that failed so should be done again, by whoever is left.

        Raises ``WizardError`` when nobody is.
        """
        ...

    def close(self) -> None:
        """Take no more chunks and let the items in flight end."""
        ...


@contextlib.contextmanager
def open_team(
    workers: Workers, work: Work[ItemT], items: Sequence[ItemT], token: CancelToken
) -> Iterator[Team]:
    """Yield the team asked for to process items; raises ``UsageError`` when it cannot be had."""
    team = _team(workers, work, items, token)
    try:
        yield team
    finally:
        team.close()


def _team(workers: Workers, work: Work[ItemT], items: Sequence[ItemT], token: CancelToken) -> Team:
    if workers.workers < 1:
        raise UsageError(f"{workers.workers} workers cannot do anything", hint="ask for 1 or more")
    executor = usual(workers.workers) if workers.executor == "auto" else workers.executor
    if executor == "threads":
        return _Threads(workers.workers, work, items, token)
    if executor == "processes":
        return _Processes(workers.workers, work, items)
    with _dask_needed():
        from wizard.workers.cluster import Cluster
    return Cluster(workers, work, items)


def check_scheduler(address: str) -> None:
    """Raise ``UsageError`` unless a scheduler answers, before any step rests on it."""
    with _dask_needed():
        from wizard.workers.cluster import connect
    connect(address).close()


@contextlib.contextmanager
def _dask_needed() -> Iterator[None]:
    try:
        yield
    except ImportError as error:
        raise UsageError(
            "work on a cluster needs dask.distributed",
            hint="pip install 'segwizard[cluster]'",
        ) from error


class _Threads(Generic[ItemT]):
    """Threads of this process; numpy, Pillow and isal let them run side by side."""

    seconds = _CHUNK_SECONDS

    def __init__(
        self, workers: int, work: Work[ItemT], items: Sequence[ItemT], token: CancelToken
    ) -> None:
        self.tasks = workers
        self._work, self._items = work, items
        self._token = token
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(workers, "labels", initializer=_step_back)

    def submit(self, rows: range) -> Future[ChunkOutcome]:
        items = tuple(self._items[row] for row in rows)
        return self._pool.submit(do_chunk, self._work, items, self._stopped)

    def recover(self, error: BaseException) -> bool:
        del error
        return False

    def close(self) -> None:
        self._ended.set()
        self._pool.shutdown(cancel_futures=True)

    def _stopped(self) -> bool:
        return self._token.cancelled or self._ended.is_set()


class _Processes(Generic[ItemT]):
    """Processes that load their own tables; one that dies is replaced."""

    seconds = _CHUNK_SECONDS

    def __init__(self, workers: int, work: Work[ItemT], items: Sequence[ItemT]) -> None:
        self.tasks = workers
        self._items = items
        self._pickled = pickle.dumps(work)
        self._stop: Event
        self._pool: ProcessPoolExecutor
        self._start()

    def submit(self, rows: range) -> Future[ChunkOutcome]:
        items = tuple(self._items[row] for row in rows)
        return self._pool.submit(_do_chunk_in_process, self._pickled, items)

    def recover(self, error: BaseException) -> bool:
        """Start anew when a worker died, or the process that forks them: no more work is taken."""
        if not isinstance(error, _DEATHS):
            return False
        with contextlib.suppress(*_DEATHS):
            self._pool.submit(os.getpid)
            return True
        self.close()
        self._start()
        return True

    def close(self) -> None:
        self._stop.set()
        self._pool.shutdown(cancel_futures=True)

    def _start(self) -> None:
        prepare_processes()
        context = multiprocessing.get_context("forkserver")
        self._stop = context.Event()
        self._pool = ProcessPoolExecutor(
            self.tasks, mp_context=context, initializer=_begin, initargs=(self._stop,)
        )


def prepare_processes() -> None:
    """Start the process that later forks the workers, if it does not run yet.

    Call it before a screen takes over the terminal: what a full-screen app puts in place of
    stderr has no descriptor to hand on, and starting processes then fails.
    """
    stderr = sys.stderr if _has_descriptor(sys.stderr) else sys.__stderr__
    with contextlib.redirect_stderr(stderr), own_temporary_folder():
        # One by one: Python ends the first in a mask that lets Ctrl+C through again.
        for helper in (resource_tracker, forkserver):
            with _deaf():
                helper.ensure_running()


@contextlib.contextmanager
def _deaf() -> Iterator[None]:
    """Have processes that are started meanwhile outlast a hang-up or Ctrl+C of the whole group.

    They end with this one. Gone before it, they would print what they can no longer account for.
    A mask is inherited, and can be set on any thread, as a handler cannot.
    """
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGHUP, signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _has_descriptor(stream: Any) -> bool:
    try:
        return bool(stream.fileno() >= 0)
    except (OSError, ValueError, AttributeError):
        return False


def _begin(stop: Event) -> None:
    """Set up a worker process: no keys, no life after its parent; it is deaf since its start."""
    global _stopped
    _stopped = stop.is_set
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    _step_back()
    _keep_freed_memory()
    threading.Thread(target=_outlive_nobody, daemon=True).start()


def _keep_freed_memory() -> None:
    """Have the C library keep what an image needed for the next one, where that is glibc.

    Handed back, it comes again page by page, which doubles the time of a large label.
    """
    import ctypes

    with contextlib.suppress(OSError, AttributeError, TypeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_MMAP_THRESHOLD, _LARGEST_KEPT)
        library.mallopt(_M_TRIM_THRESHOLD, 16 * _LARGEST_KEPT)


def _outlive_nobody() -> None:
    parent = multiprocessing.parent_process()
    if parent is not None:
        parent.join()
        os._exit(1)


def _do_chunk_in_process(pickled: bytes, items: Sequence[Item]) -> ChunkOutcome:
    return do_pickled_chunk(pickled, items, _stopped)


def _step_back() -> None:
    """Lower the priority of this thread, never raise it; Linux counts niceness by thread."""
    if sys.platform == "linux":
        own = threading.get_native_id()
        with contextlib.suppress(OSError):
            wanted = max(NICENESS, os.getpriority(os.PRIO_PROCESS, own))
            os.setpriority(os.PRIO_PROCESS, own, wanted)
