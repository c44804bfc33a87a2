"""Pages opened in a browser, where the person sits at this machine."""

from __future__ import annotations

import contextlib
import os
import sys

ELSEWHERE = "Open this page on your own computer (y copies it):"
"""What to say where no browser opens."""


def opened(page: str) -> bool:
    """Open a page, unless the person sits elsewhere; tells whether a browser took it."""
    import webbrowser

    if _far_away():
        return False
    with contextlib.suppress(webbrowser.Error, OSError):
        return webbrowser.open(page)
    return False


def _far_away() -> bool:
    graphical = any(os.environ.get(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return bool(os.environ.get("SSH_CONNECTION")) or (
        sys.platform.startswith("linux") and not graphical
    )
