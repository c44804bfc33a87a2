"""What leaves the terminal: text to copy, always kept in a plain file as well, and web pages.

The sequence that copies gives no receipt and several terminals ignore it, so the same text also
lands in a file whose name is told, and ``segwizard show copied`` prints it.
"""

from __future__ import annotations

import base64
import contextlib
import sys
import webbrowser

from wizard import environment

_LONGEST = 74_000
"""Bytes of base64 most terminals take in one sequence; longer text goes to the file only."""
ELSEWHERE = "Open this page on your own computer; it is kept for segwizard show copied:"
"""What to say where no browser opens."""


def osc52(text: str) -> str:
    """The sequence that asks the terminal to take ``text``; empty when it is too long."""
    payload = base64.b64encode(text.encode()).decode()
    if len(payload) > _LONGEST:
        return ""
    sequence = f"\x1b]52;c;{payload}\a"
    if environment.variable("TMUX"):
        inner = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{inner}\x1b\\"
    if environment.variable("TERM", "").startswith("screen"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence


def browsed(page: str) -> bool:
    """Open a page, unless the person sits elsewhere; tells whether a browser took it."""
    if _far_away():
        return False
    with contextlib.suppress(webbrowser.Error, OSError):
        return webbrowser.open(page)
    return False


def _far_away() -> bool:
    graphical = any(environment.variable(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return bool(environment.variable("SSH_CONNECTION")) or (
        sys.platform.startswith("linux") and not graphical
    )
