"""When licences were asked for: dates beside the install, so that waiting has a length."""

from __future__ import annotations

import contextlib
import time
from pathlib import Path

import msgspec

from wizard.engine.step import Place
from wizard.files import write_whole
from wizard.recipes.model import Request
from wizard.tui.sums import short

_DAY = 86_400.0
_PATIENCE = 2.0
"""A wait this many times the usual is worth a reminder."""


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """Moments by dataset id, seconds since the epoch."""

    version: int = 1
    when: dict[str, float] = {}


def read(dest: Path) -> dict[str, float]:
    """What was noted at a destination; a damaged note is none."""
    try:
        return msgspec.json.decode(_file(dest).read_bytes(), type=Asked).when
    except (OSError, msgspec.MsgspecError):
        return {}


def note(dest: Path, moments: dict[str, float]) -> dict[str, float]:
    """Add moments to what is noted and return all; a folder that cannot be written is no fault."""
    every = {**read(dest), **moments}
    with contextlib.suppress(OSError):
        write_whole(_file(dest), msgspec.json.encode(Asked(when=every)))
    return every


def sentence(request: Request, asked: float | None, now: float) -> tuple[str, bool]:
    """How long the wait is so far, and whether it is time to look after it."""
    usual = f"The answer usually takes {short(request.wait)}."
    if asked is None:
        return f"{usual} Press d on the day you ask; the date is kept.", False
    day = time.strftime("%d %B", time.localtime(asked)).lstrip("0")
    days = max(0.0, now - asked) / _DAY
    late = days > max(1.0, request.wait_days * _PATIENCE)
    more = " That is longer than usual: look in the spam folder, or ask again." if late else ""
    return f"You asked on {day}. {usual}{more}", late


def _file(dest: Path) -> Path:
    return Place(dest=dest, root=dest).state / "asked.json"
