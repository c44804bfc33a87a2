"""Who does the work of a batch: threads, processes, or a cluster."""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import pickle
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from dataclasses import dataclass
from multiprocessing import forkserver, resource_tracker
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Any, Protocol

from wizard.engine.executors import Wish, usual
from wizard.engine.labour import Outcome, labour, labour_from
from wizard.errors import UsageError
from wizard.progress import CancelToken
from wizard.work import Item, Work

NICENESS = 5
"""How far workers step back so that keys are answered at once."""

_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""Numbers of settings in glibc's ``malloc.h``."""

_LARGEST_KEPT = 1 << 25
"""Bytes of the largest block that glibc lets be kept."""


@dataclass(frozen=True, slots=True)
class Crew:
    """How many workers of which kind."""

    workers: int = 2
    executor: Wish = "auto"
    scheduler: str = ""
    """Address of a dask scheduler."""
    shared: Path | None = None
    """Folder that workers on other machines must see as well."""


class Team(Protocol):
    """Workers that take chunks; the calling thread never waits for them here."""

    @property
    def slots(self) -> int:
        """How many chunks can be worked on at once."""
        ...

    def submit(self, items: Sequence[Item]) -> Future[Outcome]:
        """Hand out a chunk."""
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
def open_team(crew: Crew, work: Work[Any], token: CancelToken) -> Iterator[Team]:
    """Yield the team a crew asks for; raises ``UsageError`` when it cannot be had."""
    team = _team(crew, work, token)
    try:
        yield team
    finally:
        team.close()


def _team(crew: Crew, work: Work[Any], token: CancelToken) -> Team:
    if crew.workers < 1:
        raise UsageError(f"{crew.workers} workers cannot do anything", hint="ask for 1 or more")
    executor = usual(crew.workers) if crew.executor == "auto" else crew.executor
    if executor == "threads":
        return _Threads(crew.workers, work, token)
    if executor == "processes":
        return _Processes(crew.workers, work)
    with _dask_needed():
        from wizard.engine.cluster import Cluster
    return Cluster(crew, work)


def check_scheduler(address: str) -> None:
    """Raise ``UsageError`` unless a scheduler answers, before any step rests on it."""
    with _dask_needed():
        from wizard.engine.cluster import connect
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


class _Threads:
    """Threads of this process; numpy, Pillow and isal let them run side by side."""

    def __init__(self, workers: int, work: Work[Any], token: CancelToken) -> None:
        self.slots = workers
        self._work = work
        self._token = token
        self._ended = threading.Event()
        self._pool = ThreadPoolExecutor(workers, "labels", initializer=_step_back)

    def submit(self, items: Sequence[Item]) -> Future[Outcome]:
        return self._pool.submit(labour, self._work, items, self._stopped)

    def recover(self, error: BaseException) -> bool:
        del error
        return False

    def close(self) -> None:
        self._ended.set()
        self._pool.shutdown(cancel_futures=True)

    def _stopped(self) -> bool:
        return self._token.cancelled or self._ended.is_set()


class _Processes:
    """Processes that load their own tables; one that dies is replaced."""

    def __init__(self, workers: int, work: Work[Any]) -> None:
        self.slots = workers
        self._pickled = pickle.dumps(work)
        self._stop: Event
        self._pool: ProcessPoolExecutor
        self._start()

    def submit(self, items: Sequence[Item]) -> Future[Outcome]:
        return self._pool.submit(_labour_in_process, self._pickled, items)

    def recover(self, error: BaseException) -> bool:
        """Start anew when a worker died: its pool takes no more work."""
        if not isinstance(error, BrokenExecutor):
            return False
        with contextlib.suppress(BrokenExecutor):
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
            self.slots, mp_context=context, initializer=_begin, initargs=(self._stop,)
        )


def prepare_processes() -> None:
    """Start the process that later forks the workers, if it does not run yet.

    Call it before a screen takes over the terminal: what a full-screen app puts in place of
    stderr has no descriptor to hand on, and starting processes then fails.
    """
    stderr = sys.stderr if _has_descriptor(sys.stderr) else sys.__stderr__
    with contextlib.redirect_stderr(stderr):
        resource_tracker.ensure_running()
        forkserver.ensure_running()


def _has_descriptor(stream: Any) -> bool:
    try:
        return bool(stream.fileno() >= 0)
    except (OSError, ValueError, AttributeError):
        return False


_never: Callable[[], bool] = bool
_stopped = _never
"""In a worker process: whether its team was asked to stop."""


def _begin(stop: Event) -> None:
    """Set up a worker process: no keys, no Ctrl+C, no life after its parent."""
    global _stopped
    _stopped = stop.is_set
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    nothing = os.open(os.devnull, os.O_RDONLY)
    os.dup2(nothing, 0)
    os.close(nothing)
    os.nice(NICENESS)
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


def _labour_in_process(pickled: bytes, items: Sequence[Item]) -> Outcome:
    return labour_from(pickled, items, _stopped)


def _step_back() -> None:
    """Lower a worker thread's priority; Linux counts niceness by thread."""
    if sys.platform == "linux":
        with contextlib.suppress(OSError):
            os.setpriority(os.PRIO_PROCESS, threading.get_native_id(), NICENESS)
