"""Stopping work that waits: calls left behind, and tokens that hear two askers."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

from wizard.errors import Cancelled
from wizard.progress import CancelToken

TICK = 0.1
"""Seconds between two looks at a cancel token."""
T = TypeVar("T")


def interruptible(
    call: Callable[[], T], token: CancelToken, undo: Callable[[T], None] | None = None
) -> T:
    """Run a call that may block, leaving it behind when asked to stop.

    The abandoned thread ends by the call's own time limits; ``undo`` then releases its result.
    Raises what ``call`` raises, or ``Cancelled``.
    """
    token.check()
    future: Future[T] = Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)
        else:
            future.set_result(result)

    def release(finished: Future[T]) -> None:
        if undo is not None and finished.exception() is None:
            undo(finished.result())

    threading.Thread(target=run, name="transfer-open", daemon=True).start()
    while not future.done():
        wait([future], TICK)
        if token.cancelled:
            future.add_done_callback(release)
            token.check()
    return future.result()


class LinkedToken(CancelToken):
    """A token of one's own that is also cancelled when its parent is."""

    def __init__(self, parent: CancelToken) -> None:
        super().__init__()
        self._parent = parent

    @property
    def cancelled(self) -> bool:
        """Whether either was asked to stop."""
        return super().cancelled or self._parent.cancelled

    def check(self) -> None:
        """Raise ``Cancelled`` when either was asked to stop."""
        if self.cancelled:
            raise Cancelled

    def wait(self, seconds: float) -> bool:
        """Sleep up to ``seconds``, waking early and returning True when either is cancelled."""
        end = time.monotonic() + seconds
        while not self.cancelled and (left := end - time.monotonic()) > 0:
            super().wait(min(TICK, left))
        return self.cancelled
