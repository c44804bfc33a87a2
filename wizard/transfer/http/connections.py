"""The connections that fetch one file from one address: one alone, or several in segments."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from wizard.errors import Cancelled
from wizard.progress import TransferProgress
from wizard.transfer.errors import Passing, ServerBusy, TooSlow
from wizard.transfer.http.body import Flow, receive_body
from wizard.transfer.http.opening import Response
from wizard.transfer.http.response_head import ResponseHead
from wizard.transfer.interrupt import LinkedToken
from wizard.transfer.parts.part import Part
from wizard.transfer.parts.segments import ByteRange, SegmentQueue
from wizard.transfer.retry_policy import RateLimit, Retries, RetryPolicy

OpenSegment = Callable[
    [ByteRange, LinkedToken], contextlib.AbstractContextManager[tuple[Response, ResponseHead]]
]
"""Opens the body of one segment; raises ``FileChanged`` when the file is another one by now."""


@dataclass(frozen=True, slots=True)
class Opened:
    """A body that is open already; ``close`` gives its connection back."""

    answer: Response
    head: ResponseHead
    close: Callable[[], None]


@dataclass(frozen=True, slots=True)
class SegmentWork:
    """What the connections work on."""

    part: Part
    offer: Callable[[int, memoryview], None]
    """Takes the bytes of a position once they stand, for their hash."""
    lend: Callable[[int], memoryview | None]
    """Gives memory to receive them in, where they are hashed next."""
    progress: TransferProgress
    policy: RetryPolicy
    rate: RateLimit
    open_segment: OpenSegment


class Connections:
    """Fetches the segments of a file; the first error that matters stops all of it."""

    def __init__(self, task: SegmentWork, segments: SegmentQueue, token: LinkedToken) -> None:
        self._task = task
        self._segments = segments
        self._token = token
        self._lock = threading.Lock()
        self._failure: Exception | None = None
        self._working = 0

    def run(self, opened: Opened, connections: int) -> None:
        """Fetch everything, ``opened`` being the body of the first segment.

        Raises the first error that matters, or ``Cancelled``.
        """
        self._working = connections
        # Taken before anyone else can: the open body belongs to the first segment and no other.
        first = self._segments.take()
        helpers = [
            threading.Thread(
                target=self._work, args=(None, None), name="transfer-segment", daemon=True
            )
            for _ in range(connections - 1)
        ]
        for helper in helpers:
            helper.start()
        try:
            self._work(first, opened)
        finally:
            for helper in helpers:
                helper.join()
        if self._failure is not None:
            raise self._failure
        self._token.check()

    def _work(self, first: ByteRange | None, opened: Opened | None) -> None:
        try:
            self._fetch_segments(first, opened)
        except Cancelled:
            pass
        except Exception as error:  # noqa: BLE001
            self._stop(error)

    def _stop(self, error: Exception) -> None:
        with self._lock:
            if self._failure is None:
                self._failure = error
        self._token.cancel()

    def _fetch_segments(self, first: ByteRange | None, opened: Opened | None) -> None:
        retries = Retries(self._task.policy, self._task.progress, self._token)
        segment, speed = first or self._segments.take(), 0.0
        while segment is not None:
            catch = _Catch(self._task, segment)
            began = time.monotonic()
            try:
                self._fetch(catch, opened)
            except Passing as error:
                self._segments.give_back(catch.position, segment.end)
                if isinstance(error, ServerBusy) and self._leave(others=1):
                    return
                if catch.position > segment.start:
                    retries.bytes_came(error)
                if isinstance(error, TooSlow) and self._working == 1:
                    raise
                retries.after(error)
            else:
                self._segments.give_back(catch.position, segment.end)
                retries.renew()
                speed = segment.size / max(time.monotonic() - began, 1e-3)
            segment, opened = self._segments.take(speed), None
        self._leave(others=0)

    def _fetch(self, catch: _Catch, opened: Opened | None) -> None:
        policy = self._task.policy
        flow = Flow(self._token, self._task.rate, policy.stall, policy.slowest)
        if opened is not None:
            with contextlib.closing(opened):
                size = catch.segment.size
                return receive_body(opened.answer, opened.head, size, catch, flow, catch.lend)
        with self._task.open_segment(catch.segment, self._token) as (answer, head):
            self._task.progress.enter("running")
            return receive_body(answer, head, catch.segment.size, catch, flow, catch.lend)

    def _leave(self, *, others: int) -> bool:
        """Leave the work if at least so many others stay at it; a busy server wants fewer."""
        with self._lock:
            if self._working <= others:
                return False
            self._working -= 1
            return True


class _Catch:
    """The sink of one segment: puts bytes at their place and counts them."""

    def __init__(self, task: SegmentWork, segment: ByteRange) -> None:
        self.segment = segment
        self.position = segment.start
        self._task = task

    def lend(self) -> memoryview | None:
        """Return memory for the next bytes, where they are hashed next."""
        return self._task.lend(self.position)

    def __call__(self, data: memoryview) -> None:
        self._task.part.write(self.position, data)
        self._task.offer(self.position, data)
        self.position += len(data)
        self._task.progress.add(len(data))
