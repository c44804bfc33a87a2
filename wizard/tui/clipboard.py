"""Copying out of a terminal: the escape sequence, wrapped for tmux, and always a plain file.

The sequence gives no receipt and several terminals ignore it, so the same text also lands in a
file whose name is told, and ``segwizard show copied`` prints it.
"""

from __future__ import annotations

import base64
import os
from pathlib import Path

import platformdirs

from wizard.files import write_whole

LONGEST = 74_000
"""Bytes of base64 most terminals take in one sequence; longer text goes to the file only."""


def copied_file() -> Path:
    """Where the last copied text is kept."""
    return platformdirs.user_state_path("segwizard") / "copied.txt"


def keep(text: str) -> Path | None:
    """Write the copied text to its file; None when the folder cannot be written."""
    path = copied_file()
    try:
        write_whole(path, text.encode() + b"\n", mode=0o600)
    except OSError:
        return None
    return path


def osc52(text: str) -> str:
    """The sequence that asks the terminal to take ``text``; empty when it is too long."""
    payload = base64.b64encode(text.encode()).decode()
    if len(payload) > LONGEST:
        return ""
    sequence = f"\x1b]52;c;{payload}\a"
    if os.environ.get("TMUX"):
        inner = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{inner}\x1b\\"
    if os.environ.get("TERM", "").startswith("screen"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence
