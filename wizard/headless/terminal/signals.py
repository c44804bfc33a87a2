"""Interrupt, terminate and hang-up all take the same road: a clean stop."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_KICK = signal.SIGUSR1
"""Sent to ourselves: only a signal gets the main thread away from a terminal."""


class Interrupted(KeyboardInterrupt):
    """Somebody asked this process to stop."""


class Withdrawn(Exception):
    """What a person is being asked has been answered elsewhere, or nobody asks any more."""


class StopRequests:
    """Counts the signals that ask to stop.

    A run looks here between its steps rather than being interrupted anywhere: an exception that
    strikes between taking a lock and using it would leave the lock taken for good.
    """

    def __init__(self) -> None:
        self.count = 0
        self._reading = False

    def note(self) -> None:
        """Count one; interrupts at once only where a person is being waited for."""
        self.count += 1
        if self._leave_reading():
            raise Interrupted

    def kicked(self) -> None:
        """Leave the reading: somebody asked to stop, or the question is withdrawn."""
        if self._leave_reading():
            raise Interrupted if self.count else Withdrawn

    def _leave_reading(self) -> bool:
        """Tell whether a line is read, once: what puts the terminal right is not interrupted."""
        reading, self._reading = self._reading, False
        return reading

    def check(self) -> None:
        """Raise ``Interrupted`` when somebody asked to stop."""
        if self.count:
            raise Interrupted

    def withdraw(self) -> None:
        """End the reading with ``Withdrawn``; called from another thread than the main one.

        To be called until the reading is over: a signal that comes just before the main thread
        waits for the terminal is noted by Python, but does not wake it.
        """
        if self._reading:
            signal.pthread_kill(threading.main_thread().ident or 0, _KICK)

    @contextlib.contextmanager
    def reading(self) -> Iterator[None]:
        """Let signals interrupt the block, which waits for a line from a person."""
        self.check()
        self._reading = True
        try:
            yield
        finally:
            self._reading = False


REQUESTS = StopRequests()
"""This process's own: there is one set of signal handlers, too."""


@contextlib.contextmanager
def counted() -> Iterator[StopRequests]:
    """Count the signals within the block in ``REQUESTS``."""
    REQUESTS.count = 0
    with _handled(REQUESTS.note), _handled(REQUESTS.kicked, (_KICK,)):
        yield REQUESTS


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Have the signals raise ``Interrupted`` in the main thread, anywhere within the block."""

    def interrupt() -> None:
        raise Interrupted

    with _handled(interrupt):
        yield


@contextlib.contextmanager
def _handled(
    act: Callable[[], None], numbers: tuple[signal.Signals, ...] = CAUGHT
) -> Iterator[None]:
    def handler(number: int, frame: FrameType | None) -> None:
        act()

    before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in numbers}
    for number in numbers:
        # A program started under nohup keeps ignoring what it was told to ignore.
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
