"""Waiting for what should come about, never for a time."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping
from pathlib import Path

TIME_LIMIT = 60.0
"""Seconds; far beyond what a busy machine takes, and only spent when something is wrong."""


def until(condition: Callable[[], object], seconds: float = TIME_LIMIT) -> None:
    """Wait until a condition holds; raises ``AssertionError`` when it never does."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"it never came about, in {seconds:.0f} s"
        time.sleep(0.005)


def whole_json(path: Path) -> Mapping[str, object]:
    """Wait until another program has written all of a JSON object, and return it.

    A file is there from its creation on, long before its last byte.
    """
    found: list[Mapping[str, object]] = []

    def read() -> bool:
        try:
            found.append(json.loads(path.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            return False
        return True

    until(read)
    return found[-1]
