"""Who writes small members: helper processes, one for each thread that unpacks, or threads."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import TracebackType
from typing import Any, TypeVar

from wizard.archives.writing.batches import (
    NO_ARCHIVE,
    DamagedPlace,
    Loaded,
    Small,
    receive_message,
    send_message,
    write_batch,
    write_given,
)
from wizard.environment import variables
from wizard.progress import CancelToken, Counter

_PROGRAM = """\
from wizard.archives.writing.batches import serve_batches
import sys
serve_batches(int(sys.argv[1]))
"""
_PACKAGE = str(Path(__file__).parents[3])
"""Where an editable install keeps us, which is not always on the path."""
_KEPT = ("LD_LIBRARY_PATH", "PYTHONHOME")
"""What Python itself may need to start."""
_TICK = 100
"""Milliseconds between two looks at whether to stop."""

DoneT = TypeVar("DoneT")
"""What writing a batch returns."""
_Worker = subprocess.Popen[bytes]
_AHEAD = 4
"""Batches in flight per thread: enough to keep them busy, few enough to bound memory."""


class WriteWorkers:
    """Writes batches of an archive side by side, each in a worker or, where there is none, here."""

    def __init__(
        self, folder: Path, *, archive: int = NO_ARCHIVE, places: int, workers: int
    ) -> None:
        """Start workers for files below a folder, and for the archive open as a descriptor.

        ``places`` batches are written at once, ``workers`` of them not here.
        """
        self._archive = archive
        self._folder = folder
        self._root = os.fsencode(f"{folder}/")
        self._all: list[_Worker] = []
        self._places: SimpleQueue[_Worker | None] = SimpleQueue()
        self._starting: list[Thread] = []
        self._here = places - workers
        for _ in range(self._here):
            self._places.put(None)
        self._start(workers)

    def replace_here(self) -> None:
        """Have workers write in the stead of every place that is here; again does nothing."""
        here, self._here = self._here, 0
        for _ in range(here):
            self._places.get()
        self._start(here)

    def _start(self, workers: int) -> None:
        # Starting a process is mostly waiting for the system.
        starting = [Thread(target=self._add) for _ in range(workers)]
        for start in starting:
            start.start()
        self._starting += starting

    def _add(self) -> None:
        worker = None
        try:
            if worker := _started(self._archive, self._folder):
                self._all.append(worker)
        finally:
            self._places.put(worker)

    def __enter__(self) -> WriteWorkers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for worker in self.started():
            # What a worker that died did not read is still to be flushed, and cannot be.
            with contextlib.suppress(BrokenPipeError), worker:
                worker.kill()

    def started(self) -> Sequence[_Worker]:
        """Wait until every worker has been started, and return those that could be."""
        for start in self._starting:
            start.join()
        return self._all

    def write(self, batch: Sequence[Small], check: Callable[[], None]) -> list[DamagedPlace]:
        """Write members below the folder when there is a place; returns the damaged ones.

        ``check`` is called many times a second and may raise; raises ``OSError``.
        """
        return self._written(
            batch, check, lambda: write_batch(self._archive, self._root, batch, check)
        )

    def write_given(self, batch: Sequence[Loaded], check: Callable[[], None]) -> None:
        """Write members that come with their bytes, as ``write`` does."""
        self._written(batch, check, lambda: write_given(self._root, batch, check))

    def _written(
        self,
        batch: Sequence[Small] | Sequence[Loaded],
        check: Callable[[], None],
        here: Callable[[], DoneT],
    ) -> DoneT:
        worker = self._places.get()
        left = None
        try:
            if worker:
                with contextlib.suppress(OSError, EOFError, ValueError):
                    damaged: DoneT = _ask(worker, batch, check)
                    left = worker
                    return damaged
            return here()
        finally:
            self._places.put(left)


def _started(archive: int, folder: Path) -> _Worker | None:
    """Start a worker; None when the system refuses."""
    environment = {name: value for name, value in variables().items() if name in _KEPT}
    # Absolute, and with -P: a worker stands among unpacked files and must not import those.
    paths = [str(Path(path).absolute()) for path in (_PACKAGE, *sys.path) if path]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    try:
        return subprocess.Popen(
            # Without -S it would look for the very same paths once more.
            [sys.executable, "-SP", "-c", _PROGRAM, str(archive)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            pass_fds=[] if archive == NO_ARCHIVE else [archive],
            start_new_session=True,
        )
    except OSError:
        return None


def _ask(worker: _Worker, batch: Sequence[object], check: Callable[[], None]) -> Any:
    """Have a worker write a batch; raises ``EOFError`` or ``OSError`` when it is gone."""
    if not worker.stdin or not worker.stdout:
        raise EOFError
    send_message(worker.stdin, batch)
    answered = select.poll()
    answered.register(worker.stdout, select.POLLIN)
    while not answered.poll(_TICK):
        check()
    return receive_message(worker.stdout)


class Writers:
    """Runs batches on threads; the feeding thread alone advances the counter."""

    def __init__(
        self, workers: int, counter: Counter, token: CancelToken, *, ahead: int = _AHEAD
    ) -> None:
        self._pool = ThreadPoolExecutor(max(1, workers), thread_name_prefix="unpack")
        self._most = ahead * max(1, workers)
        self._flying: deque[Future[int]] = deque()
        self._counter = counter
        self._token = token
        self._failed = threading.Event()

    def check(self) -> None:
        """Raise ``Cancelled`` when the run was stopped; used by batches between files."""
        self._token.check()

    @property
    def failed(self) -> bool:
        """Whether some batch raised, so that the others need not go on."""
        return self._failed.is_set()

    def submit(self, batch: Callable[[], int]) -> None:
        """Queue a batch that returns how many files it wrote; waits when many are queued."""
        while len(self._flying) >= self._most:
            self._collect()
        self._flying.append(self._pool.submit(self._guarded, batch))
        while self._flying and self._flying[0].done():
            self._collect()

    def _guarded(self, batch: Callable[[], int]) -> int:
        try:
            return 0 if self.failed else batch()
        except BaseException:
            self._failed.set()
            raise

    def _collect(self) -> None:
        self._counter.advance(self._flying.popleft().result())

    def __enter__(self) -> Writers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if error is not None:
            self._failed.set()
        try:
            while error is None and self._flying:
                self._collect()
        finally:
            self._pool.shutdown(cancel_futures=True)
