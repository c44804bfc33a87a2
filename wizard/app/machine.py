"""What this machine remembers for a person beside their data: small notes, none of them needed.

A folder that cannot be written is no fault, a damaged note is none.
"""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from pathlib import Path

import platformdirs
from msgspec import Struct

from wizard.errors import UsageError, WizardError
from wizard.files import PlantedError, read_ours, write_whole
from wizard.openat import OURS
from wizard.state.store import Store
from wizard.state.table import ASKED, RECENT, THEME


class _Recent(Struct, frozen=True):
    dest: str = ""


class _Theme(Struct, frozen=True):
    name: str = ""


class _Asked(Struct, frozen=True, kw_only=True):
    """Moments by dataset id, seconds since the epoch."""

    when: dict[str, float] = {}


_MOST_COPIED = 1 << 24
_RECENT = Store(RECENT, _Recent)
_THEME = Store(THEME, _Theme)
_ASKED = Store(ASKED, _Asked)


def last_dest() -> Path | None:
    """Return where the last install went, if it is still there."""
    found = _RECENT.peek(_state(RECENT.name))
    dest = Path(found.dest if found else "")
    return dest if dest.is_absolute() and dest.is_dir() else None


def remember_dest(dest: Path) -> None:
    """Note where the last install went."""
    with contextlib.suppress(OSError, WizardError):
        _RECENT.write(_state(RECENT.name), _Recent(str(dest.absolute())))


def last_theme() -> str:
    """Return the name of the colours that were chosen last; empty for none."""
    found = _THEME.peek(_theme_file())
    return found.name if found else ""


def remember_theme(name: str) -> None:
    """Start with these colours next time."""
    with contextlib.suppress(OSError, WizardError):
        _THEME.write(_theme_file(), _Theme(name))


def asked_dates(dest: Path) -> dict[str, float]:
    """Return when licences were asked for at a destination, by dataset; seconds since the epoch."""
    found = _ASKED.peek(_asked_file(dest))
    return found.when if found else {}


def note_asked(dest: Path, moments: Mapping[str, float | None]) -> dict[str, float]:
    """Add moments to what is noted at a destination, take out those that are None, return all."""
    changed = {**asked_dates(dest), **moments}
    every = {name: moment for name, moment in changed.items() if moment is not None}
    with contextlib.suppress(OSError, WizardError):
        _ASKED.write(_asked_file(dest), _Asked(when=every))
    return every


def keep_copied(text: str) -> Path | None:
    """Keep what was copied in a file too and return where; None where it cannot be kept."""
    path = copied_file()
    try:
        write_whole(path, text.encode() + b"\n", mode=0o600)
    except OSError:
        return None
    return path


def copied() -> str:
    """Return what was copied last on screen; raises ``UsageError`` when nothing was."""
    try:
        return read_ours(copied_file(), _MOST_COPIED).decode().rstrip("\n")
    except (OSError, PlantedError, UnicodeDecodeError):
        raise UsageError(
            "nothing was copied yet",
            where=str(copied_file()),
            hint="the key for it is told on the screens that have something to copy",
        ) from None


def copied_file() -> Path:
    """Where the last copied text is kept."""
    return _state("copied.txt")


def _state(name: str) -> Path:
    return platformdirs.user_state_path("segwizard") / name


def _theme_file() -> Path:
    return platformdirs.user_config_path("segwizard") / THEME.name


def _asked_file(dest: Path) -> Path:
    return dest / OURS / ASKED.name
