"""What a viewer may sample of one transfer while it runs."""

from __future__ import annotations

import threading
import time
from dataclasses import dataclass, field
from typing import Literal

TransferState = Literal[
    "queued", "connecting", "running", "retrying", "paused", "checking", "failed", "done"
]
"""The states of ``engine.views.TransferView``."""


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
