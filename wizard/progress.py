"""Progress: counters and cancel tokens for working code, and how fast a count goes."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

from wizard.errors import Cancelled

WINDOW = 30.0
"""Seconds a rate is the mean of."""
TransferState = Literal[
    "queued", "connecting", "running", "retrying", "paused", "checking", "failed", "done"
]
"""The states of ``engine.views.TransferView``."""


@dataclass(slots=True)
class Counter:
    """What is done of a piece of work, in its own unit; written by workers, sampled by viewers.

    Advancing takes no lock: lost updates between threads are prevented by giving each
    worker thread its own counter or by calling ``advance`` from the collecting thread.
    """

    total: int | None = None
    unit: str = "files"
    done: int = 0

    def advance(self, amount: int = 1) -> None:
        """Add finished work, in units."""
        self.done += amount


class RateDial:
    """The limit over all transfers, bytes a second, 0 for none; may be turned while they run."""

    def __init__(self, limit: int = 0) -> None:
        self.limit = limit
        self._followers: list[Callable[[int], None]] = []

    def follow(self, set_rate: Callable[[int], None]) -> None:
        """Tell ``set_rate`` the limit now and whenever it changes."""
        self._followers.append(set_rate)
        set_rate(self.limit)

    def change(self, limit: int) -> None:
        """Change the limit and tell every follower."""
        self.limit = limit
        for set_rate in self._followers:
            set_rate(limit)


class CancelToken:
    """A request to stop that long work looks at at least twice a second."""

    def __init__(self) -> None:
        self._event = threading.Event()

    @property
    def cancelled(self) -> bool:
        """Whether somebody asked to stop."""
        return self._event.is_set()

    def cancel(self) -> None:
        """Ask the work to stop."""
        self._event.set()

    def check(self) -> None:
        """Raise ``Cancelled`` when somebody asked to stop."""
        if self._event.is_set():
            raise Cancelled

    def wait(self, seconds: float) -> bool:
        """Sleep up to ``seconds``, waking early and returning True when asked to stop."""
        return self._event.wait(seconds)


class Meter:
    """A sliding window over a growing count; rate and remaining time are unknown until it moves.

    ``window`` is in seconds; moments are any monotonic clock.
    """

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._samples: deque[tuple[float, float]] = deque()
        self._grew = 0.0
        """When there was last more than before."""
        self.rate: float | None = None
        """Units a second; None before there are two samples a second apart."""

    def sample(self, moment: float, done: float) -> None:
        """Note what is done at a moment; a count that fell back starts the window anew."""
        if self._samples and done < self._samples[-1][1]:
            self.reset()
        if not self._samples or done > self._samples[-1][1]:
            self._grew = moment
        self._samples.append((moment, done))
        while len(self._samples) > 2 and self._samples[1][0] <= moment - self._window:
            self._samples.popleft()
        first_moment, first_done = self._samples[0]
        elapsed = moment - first_moment
        self.rate = (done - first_done) / elapsed if elapsed >= 1.0 else None

    def reset(self) -> None:
        """Forget the samples: the work paused or began again."""
        self._samples.clear()
        self.rate = None

    def eta(self, total: float | None) -> float | None:
        """Seconds until ``total`` at this rate, or None when nobody can tell.

        Where nothing moved for a third of the window nobody can: a rate that only fades would
        promise hours that grow by the minute.
        """
        if total is None or not self.rate or not self._samples:
            return None
        if self._samples[-1][0] - self._grew > self._window / 3:
            return None
        return max(0.0, total - self._samples[-1][1]) / self.rate


@dataclass(slots=True)
class TransferProgress:
    """Plain counters of one transfer: written by its threads, read at any time by viewers."""

    state: TransferState = "queued"
    done: int = 0
    """Bytes on disk, counting those of earlier runs; falls back when a part starts over."""
    total: int | None = None
    """Bytes of the whole file, once known."""
    last_byte: float | None = None
    """``time.monotonic`` of the last byte, None before the first."""
    mirror: str = ""
    """Host in use."""
    note: str = ""
    """One sentence on what it waits for or why it tries again; empty when all is well."""
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def add(self, count: int) -> None:
        """Count bytes that reached the disk; safe from several threads."""
        with self._lock:
            self.done += count
            self.last_byte = time.monotonic()
            if self.state == "retrying":
                self.state, self.note = "running", ""

    def enter(self, state: TransferState, note: str = "") -> None:
        """Say what the transfer does now."""
        self.state = state
        self.note = note

    @property
    def quiet(self) -> float:
        """Seconds since the last byte; 0 before the first."""
        return 0.0 if self.last_byte is None else time.monotonic() - self.last_byte
