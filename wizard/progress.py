"""Progress counters and cancel tokens: all that working code knows of who is watching."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass

from wizard.errors import Cancelled


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
