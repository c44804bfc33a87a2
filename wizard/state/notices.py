"""Damage met in files of ours: told once, and set aside by whoever may write there."""

from __future__ import annotations

import stat
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path

from wizard.files import PlantedError, rename
from wizard.state.table import FOLDERS, LINES

_lock = threading.RLock()
_told: set[Path] = set()
_waiting: list[DamageNotice] = []


@dataclass(frozen=True, slots=True)
class DamageNotice:
    """A damaged file that somebody has to be told of."""

    path: Path
    reason: str
    kept: Path | None = field(default=None, compare=False)
    """Where it was set aside, None while it still has its name."""
    readable: bool = True

    def __str__(self) -> str:
        if not self.readable:
            return f"{self.path}: cannot be read ({self.reason}) and is not used"
        aside = f"; it is kept as {self.kept.name}" if self.kept else ""
        return f"{self.path} is damaged ({self.reason}) and not used, the disk decides{aside}"


def note(notice: DamageNotice) -> None:
    """Keep a notice for ``take_notices``, unless its file was told of before."""
    with _lock:
        if notice.path not in _told or notice.kept:
            _told.add(notice.path)
            _waiting.append(notice)


def take_notices() -> tuple[DamageNotice, ...]:
    """Return the damage met since the last call, each file once."""
    with _lock:
        taken = {notice.path: notice for notice in _waiting}
        _waiting.clear()
    return tuple(taken.values())


def set_aside(path: Path) -> Path | None:
    """Give whatever is at a path the name ``NAME.damaged-<time>``; None when that fails."""
    moment = time.strftime("%Y%m%d-%H%M%S")
    names = [
        f"{path.name}.damaged-{moment}{more}" for more in ("", *(f"-{n}" for n in range(2, 99)))
    ]
    taken = {each.name for each in path.parent.glob(f"{path.name}.damaged-{moment}*")}
    kept = path.with_name(next(name for name in names if name not in taken))
    try:
        rename(path, kept)
    except (OSError, PlantedError):
        return None
    with _lock:
        _told.discard(path)
    return kept


def clear_damage() -> tuple[DamageNotice, ...]:
    """Set aside what was found damaged, as the one runner of an install may; returns it."""
    return tuple(map(_cleared, take_notices()))


def _cleared(notice: DamageNotice) -> DamageNotice:
    if notice.kept is not None or not notice.readable:
        return notice
    return DamageNotice(notice.path, notice.reason, set_aside(notice.path))


def clear_places(state: Path) -> None:
    """Set aside what stands where logs, marks and folders of an install belong but is none."""
    for name in (*LINES, *FOLDERS):
        path, wanted = state / name, stat.S_ISDIR if name in FOLDERS else stat.S_ISREG
        try:
            found = path.lstat()
        except OSError:
            continue
        if not wanted(found.st_mode) or (name in LINES and found.st_nlink > 1):
            what = "no folder of ours" if name in FOLDERS else "no regular file of ours"
            note(DamageNotice(path, f"it is {what}", set_aside(path)))
