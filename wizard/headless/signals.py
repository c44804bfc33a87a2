"""Interrupt, terminate and hang-up all take the same road: a clean stop."""

from __future__ import annotations

import contextlib
import signal
from collections.abc import Iterator
from types import FrameType
from typing import NoReturn

CAUGHT = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interrupted(KeyboardInterrupt):
    """Somebody asked this process to stop."""


def _interrupt(number: int, frame: FrameType | None) -> NoReturn:
    raise Interrupted(signal.Signals(number).name)


@contextlib.contextmanager
def interruptible() -> Iterator[None]:
    """Have the signals raise ``Interrupted`` in the main thread within the block."""
    before = {number: signal.getsignal(number) for number in CAUGHT}
    for number in CAUGHT:
        # A program started under nohup keeps ignoring what it was told to ignore.
        if before[number] is not signal.SIG_IGN:
            signal.signal(number, _interrupt)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
