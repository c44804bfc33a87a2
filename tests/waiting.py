"""Waiting for what should come about, never for a time."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE = 60.0
"""Seconds; far beyond what a busy machine takes, and only spent when something is wrong."""


def until(condition: Callable[[], object], seconds: float = PATIENCE) -> None:
    """Wait until a condition holds; raises ``AssertionError`` when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it never came about, in {seconds:.0f} s"
        time.sleep(0.005)
