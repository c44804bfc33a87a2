"""Figures in words people read at a glance: sizes, times, rates, counts."""

from __future__ import annotations

import time
from datetime import datetime

_UNITS = ("B", "kB", "MB", "GB", "TB", "PB")
_MINUTE, _HOUR, _DAY = 60, 3600, 86400


def size(amount: float) -> str:
    """Bytes in decimal units with three figures at most: ``1.3 GB``."""
    power = 0
    while abs(amount) >= 999.5 and power < len(_UNITS) - 1:
        amount /= 1000
        power += 1
    digits = 1 if power and abs(amount) < 99.95 else 0
    return f"{amount:.{digits}f} {_UNITS[power]}"


def rate(amount: float | None, unit: str = "B") -> str:
    """Units a second: ``12.4 MB/s`` for bytes, ``83 images/s`` for anything counted."""
    if amount is None:
        return ""
    if unit in ("B", "bytes"):
        return f"{size(amount)}/s"
    return f"{amount:.1f} {unit}/s" if amount < 10 else f"{amount:,.0f} {unit}/s"


def span(seconds: float | None) -> str:
    """A length of time in its two largest units: ``3 h 10 min``; empty when unknown."""
    if seconds is None:
        return ""
    whole = max(0, round(seconds))
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        minutes, rest = divmod(whole, _MINUTE)
        return f"{minutes} min {rest} s" if minutes < 5 and rest else f"{minutes} min"
    if whole < 2 * _DAY:
        hours, rest = divmod(whole, _HOUR)
        return f"{hours} h {rest // _MINUTE} min" if rest >= _MINUTE else f"{hours} h"
    days, rest = divmod(whole, _DAY)
    return f"{days} days {rest // _HOUR} h" if rest >= _HOUR else f"{days} days"


def moment(seconds: float, now: float | None = None) -> str:
    """A moment in words, local time: ``today at 14:20``, ``on 3 December at 9:05``."""
    then = datetime.fromtimestamp(seconds)
    today = datetime.fromtimestamp(time.time() if now is None else now).date()
    near = {-1: "yesterday", 0: "today", 1: "tomorrow"}
    year = f" {then.year}" if then.year != today.year else ""
    day = near.get((then.date() - today).days, f"on {then.day} {then:%B}{year}")
    return f"{day} at {then.hour}:{then.minute:02}"


def percent(fraction: float) -> str:
    """A share that shows 100 % only when nothing is left."""
    return f"{100 if fraction >= 1 else min(99, int(fraction * 100 + 1e-9))}%"


def count(amount: int, one: str, many: str = "") -> str:
    """A number with its noun: ``1 file``, ``1,204 files``."""
    return f"{amount:,} {one if amount == 1 else many or one + 's'}"
