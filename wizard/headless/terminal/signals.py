"""Interrupt, terminate and hang-up all take the same road: a clean stop."""

from __future__ import annotations

import contextlib
import os
import signal
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
        self._withdrawn = False

    def note(self) -> None:
        """Count one; interrupts at once only where a person is being waited for."""
        if self._withdrawn:
            self._withdrawn = False
            if self._reading:
                raise Withdrawn
            return
        self.count += 1
        if self._reading:
            raise Interrupted

    def check(self) -> None:
        """Raise ``Interrupted`` when somebody asked to stop."""
        if self.count:
            raise Interrupted

    def withdraw(self) -> None:
        """End the reading with ``Withdrawn``; called from another thread than the one that reads.

        Only a signal gets the main thread away from a terminal.
        """
        if self._reading:
            self._withdrawn = True
            os.kill(os.getpid(), signal.SIGTERM)

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
    with _handled(REQUESTS.note):
        yield REQUESTS


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Have the signals raise ``Interrupted`` in the main thread, anywhere within the block."""

    def interrupt() -> None:
        raise Interrupted

    with _handled(interrupt):
        yield


@contextlib.contextmanager
def _handled(act: Callable[[], None]) -> Iterator[None]:
    def handler(number: int, frame: FrameType | None) -> None:
        act()

    before: dict[signal.Signals, Any] = {number: signal.getsignal(number) for number in CAUGHT}
    for number in CAUGHT:
        # A program started under nohup keeps ignoring what it was told to ignore.
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, handler)
    try:
        yield
    finally:
        for number, former in before.items():
            signal.signal(number, former)
