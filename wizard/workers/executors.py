"""What label work runs on when nobody says."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Executor = Literal["threads", "processes", "dask"]

Wish = Literal["auto", "threads", "processes", "dask"]
"""``auto``: as ``usual``."""

MANY = 4
"""Workers from which the turns that threads take at Python cost more than processes do.

By what two threads gain, four gain 2.6 (``tests/benchmarks/README.md``, "Threads or processes").
"""


def usual(workers: int) -> Executor:
    """Return threads, which start at once and share tables, or processes where workers are many."""
    return "threads" if workers < MANY else "processes"


@dataclass(frozen=True, slots=True)
class Workers:
    """How many workers of which kind."""

    workers: int = 2
    executor: Wish = "auto"
    scheduler: str = ""
    """Address of a dask scheduler."""
    shared: Path | None = None
    """Folder that workers on other machines must see as well."""
