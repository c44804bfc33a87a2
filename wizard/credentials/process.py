"""What a process that holds secrets owes them."""

from __future__ import annotations

import contextlib


def forbid_core_dumps() -> None:
    """Keep a crash of this process from writing its memory, secrets and all, to disk."""
    with contextlib.suppress(ImportError, OSError, ValueError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
