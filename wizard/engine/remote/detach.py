"""Leaving a runner behind that outlives the terminal."""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
import time
from pathlib import Path

import msgspec

from wizard.credentials.given import clean_environment
from wizard.engine.journal import InstallState
from wizard.engine.lease import acquire
from wizard.engine.remote.client import RemoteLink
from wizard.engine.remote.protocol import RunnerGone
from wizard.environment import variable
from wizard.errors import (
    DestinationError,
    LeaseError,
    RecipeError,
    UsageError,
    WaitingError,
    WizardError,
)
from wizard.files import open_ours
from wizard.recipes.model import Site
from wizard.state.notices import clear_places
from wizard.state.store import UNREADABLE
from wizard.steps.step import Place, Probe

_TIME_LIMIT = 60.0
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT
_KINDS = (UsageError, RecipeError, DestinationError, LeaseError, WaitingError)


class Ready(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What a new runner says once it holds the destination, or why it cannot."""

    socket: str = ""
    message: str = ""
    where: str = ""
    hint: str = ""
    exit_code: int = 1


class Orders(msgspec.Struct, frozen=True, kw_only=True):
    """What a new runner is told, through a pipe: choices, and secrets only this process holds."""

    state: InstallState
    """What to run."""
    keep: InstallState
    """What to remember of the install."""
    handed: bytes = b""
    seen: dict[str, Probe] = {}
    """What the disk said of each step a moment ago."""

    def __repr__(self) -> str:
        return f"Orders({self.state.collection})"


def start_detached(dest: Path, orders: Orders, *, sites: tuple[Site, ...] = ()) -> RemoteLink:
    """Start a runner in a session of its own and return a line to it.

    Secrets go through a pipe, never through arguments; variables that hold secrets of ``sites``
    are taken out of the runner's environment. Raises the error the runner could not start with.
    """
    place = Place(dest=dest.absolute(), root=dest.absolute())
    # Taken and given back, so that a held or unwritable destination is told of right here.
    acquire(place).release()
    ready = _spawn(place, msgspec.json.encode(orders), _environment(sites))
    if ready.socket:
        return RemoteLink(Path(ready.socket))
    kind = next((kind for kind in _KINDS if kind.exit_code == ready.exit_code), WizardError)
    raise kind(ready.message, where=ready.where, hint=ready.hint)


def _spawn(place: Place, orders: bytes, environment: dict[str, str]) -> Ready:
    orders_out, orders_in = os.pipe()
    ready_out, ready_in = os.pipe()
    command = [sys.executable, "-m", "wizard", "_serve", "--dest", str(place.dest)]
    command += ["--orders", str(orders_out), "--ready", str(ready_in)]
    try:
        clear_places(place.state)
        with os.fdopen(open_ours(place.state / "runner.log", _APPEND), "ab") as log:
            process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                pass_fds=(orders_out, ready_in),
                start_new_session=True,
                env=environment,
            )
        os.close(orders_out)
        orders_out = -1
        os.close(ready_in)
        ready_in = -1
        _hand_over(orders_in, orders)
        orders_in = -1
        return _await_ready(ready_out, process, place)
    finally:
        for descriptor in (orders_out, orders_in, ready_out, ready_in):
            if descriptor >= 0:
                os.close(descriptor)


def _environment(sites: tuple[Site, ...]) -> dict[str, str]:
    """Return our environment without secrets, and such that this very package is found."""
    package = str(Path(__file__).parents[2])
    paths = [package, *filter(None, [variable("PYTHONPATH", "")])]
    return {**clean_environment(sites=sites), "PYTHONPATH": os.pathsep.join(paths)}


def _hand_over(descriptor: int, orders: bytes) -> None:
    with contextlib.suppress(BrokenPipeError), os.fdopen(descriptor, "wb") as pipe:
        pipe.write(orders)


def _await_ready(descriptor: int, process: subprocess.Popen[bytes], place: Place) -> Ready:
    """Read the runner's word; raises ``RunnerGone`` when none comes."""
    deadline = time.monotonic() + _TIME_LIMIT
    said = b""
    while time.monotonic() < deadline:
        if not select.select([descriptor], [], [], 0.2)[0]:
            continue
        received = os.read(descriptor, 1 << 16)
        said += received
        if not received:
            break
    # The runner outlives us on purpose; without this Python would warn that it still runs.
    process.returncode = process.poll() if process.poll() is not None else 0
    try:
        return msgspec.json.decode(said, type=Ready)
    except UNREADABLE:
        raise RunnerGone(
            "the background runner did not start",
            where=str(place.state / "runner.log"),
            hint="the end of that file says why",
        ) from None
