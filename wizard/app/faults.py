"""Reports of faults of our own: where they arose, never with what values."""

from __future__ import annotations

import os
import time
from pathlib import Path

from platformdirs import user_log_path

from wizard.engine.logs import Masker, crash_text
from wizard.files import write_whole


def write_crash(error: BaseException) -> Path | None:
    """Write a masked traceback to the user's log folder; None when that cannot be done."""
    name = f"fault-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    path = user_log_path("segwizard", appauthor=False) / name
    try:
        write_whole(path, crash_text(error, Masker()).encode(), mode=0o600)
    except OSError:
        return None
    return path
