"""What label work runs on when nobody says."""

from __future__ import annotations

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
