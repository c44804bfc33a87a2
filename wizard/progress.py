"""Progress counters and cancel tokens: all that working code knows of who is watching."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Literal

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


@dataclass(slots=True)
class TransferGauge:
    """What a transfer says of itself beyond its count; written by it, sampled by viewers."""

    phase: Literal["queued", "connecting", "running", "retrying", "checking"] = "queued"
    mirror: str = ""
    """Host in use."""
    note: str = ""
    """A sentence, for example why it is trying again; never an address with its query."""
    last_byte: float = field(default_factory=time.monotonic)
    """``time.monotonic()`` of the last byte that came in."""


@dataclass(slots=True)
class RateDial:
    """The limit over all transfers, bytes a second, 0 for none; may be turned while they run."""

    limit: int = 0


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
