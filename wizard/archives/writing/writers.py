"""A few threads that write batches of files, never far ahead of whoever feeds them."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from types import TracebackType

from wizard.progress import CancelToken, Counter

_AHEAD = 4
"""Batches in flight per thread: enough to keep them busy, few enough to bound memory."""


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
