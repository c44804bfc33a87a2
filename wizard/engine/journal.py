"""What an install remembers beside the data: choices, last outcomes, archives it deleted.

All of it is a hint. A file that is damaged or of a newer version reads as absent, and the disk
decides.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import msgspec

from wizard.engine.install import Settings
from wizard.engine.step import Place
from wizard.engine.views import FailureGroup, View
from wizard.files import write_whole

VERSION = 1


class InstallState(View, frozen=True, kw_only=True):
    """What was asked for, so that a later command need not be told again."""

    version: int = VERSION
    collection: str
    """Name of the recipe, or path of its file."""
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    site: str = ""
    """Path of the site file in use; empty for none given."""
    settings: Settings = Settings()


class Outcome(View, frozen=True, kw_only=True, omit_defaults=True):
    """How a step that is not done ended the last time."""

    moment: float
    failures: tuple[FailureGroup, ...]


class Outcomes(View, frozen=True, kw_only=True):
    """The failed steps of the last run, by address."""

    version: int = VERSION
    steps: dict[str, Outcome] = {}


class RemovedArchive(View, frozen=True, kw_only=True):
    """A proven archive that was deleted once its dataset was verified."""

    name: str
    size: int
    sha256: str
    moment: float


class RemovedArchives(View, frozen=True, kw_only=True):
    """Deleted archives by their path below the destination, POSIX."""

    version: int = VERSION
    archives: dict[str, RemovedArchive] = {}


AnyState = InstallState | Outcomes | RemovedArchives
StateT = TypeVar("StateT", bound=AnyState)


def read_install(place: Place) -> InstallState | None:
    """Return what was asked for, or None when nothing usable is there."""
    return _read(place.state / "install.json", InstallState)


def write_install(place: Place, state: InstallState) -> None:
    """Remember what was asked for."""
    _write(place.state / "install.json", state)


def read_outcomes(place: Place) -> dict[str, Outcome]:
    """Return the failed steps of the last run by address."""
    outcomes = _read(place.state / "outcomes.json", Outcomes)
    return {} if outcomes is None else outcomes.steps


def write_outcomes(place: Place, outcomes: dict[str, Outcome]) -> None:
    """Remember the failed steps."""
    _write(place.state / "outcomes.json", Outcomes(steps=outcomes))


def read_removed(place: Place) -> dict[str, RemovedArchive]:
    """Return the archives that were deleted on purpose, by path below the destination."""
    removed = _read(place.state / "archives.json", RemovedArchives)
    return {} if removed is None else removed.archives


def write_removed(place: Place, archives: dict[str, RemovedArchive]) -> None:
    """Remember the archives that were deleted on purpose."""
    _write(place.state / "archives.json", RemovedArchives(archives=archives))


def damaged(place: Place) -> tuple[Path, ...]:
    """Return the state files that exist but cannot be used, to tell the user once."""
    files: tuple[tuple[str, type[AnyState]], ...] = (
        ("install.json", InstallState),
        ("outcomes.json", Outcomes),
        ("archives.json", RemovedArchives),
    )
    paths = ((place.state / name, shape) for name, shape in files)
    return tuple(path for path, shape in paths if path.exists() and _read(path, shape) is None)


def _read(path: Path, shape: type[StateT]) -> StateT | None:
    try:
        state = msgspec.json.decode(path.read_bytes(), type=shape)
    except (OSError, msgspec.MsgspecError, UnicodeDecodeError):
        return None
    return state if state.version == VERSION else None


def _write(path: Path, state: AnyState) -> None:
    write_whole(path, msgspec.json.format(msgspec.json.encode(state), indent=2))
