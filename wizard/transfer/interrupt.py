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
_Result = TypeVar("_Result")


def run_interruptible(
    call: Callable[[], _Result],
    token: CancelToken,
    undo: Callable[[_Result], None] | None = None,
    seconds: float | None = None,
) -> _Result:
    """Run a call that may block, leaving it behind when asked to stop or after ``seconds``.

    The abandoned thread ends by the call's own time limits; ``undo`` then releases its result.
    Raises what ``call`` raises, ``TimeoutError`` or ``Cancelled``.
    """
    token.check()
    end = None if seconds is None else time.monotonic() + seconds
    future: Future[_Result] = Future()

    def run() -> None:
        try:
            result = call()
        except BaseException as error:  # noqa: BLE001
            future.set_exception(error)
        else:
            future.set_result(result)

    def release(finished: Future[_Result]) -> None:
        if undo is not None and finished.exception() is None:
            undo(finished.result())

    threading.Thread(target=run, name="transfer-open", daemon=True).start()
    while not future.done():
        wait([future], TICK)
        late = end is not None and time.monotonic() > end
        if (token.cancelled or late) and not future.done():
            future.add_done_callback(release)
            token.check()
            raise TimeoutError
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
