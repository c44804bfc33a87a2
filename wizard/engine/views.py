"""What a viewer may know of an install: immutable, serialisable, free of secrets.

The same structs feed the screen, the plain lines, ``--json`` and the socket of a detached runner.
Times are seconds; moments are seconds since the epoch; sizes are bytes.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

State = Literal["todo", "locked", "waiting", "running", "partial", "paused", "failed", "done"]
"""State of a step. ``locked``: earlier steps first. ``waiting``: a person first."""

NeedKind = Literal["terms", "login", "link", "base-url", "browser", "token", "space", "choice"]
"""What a person is asked for."""


class View(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every view."""


class Need(View, frozen=True, kw_only=True, omit_defaults=True):
    """What a step wants from a person, and how to give it."""

    kind: NeedKind
    ask: str
    """One sentence."""
    page: str = ""
    """Page to open."""
    how: str = ""
    """Lines of instruction."""
    command: str = ""
    """The command line that answers it, without secrets."""
    upload: str = ""
    """The scp line for a file that has to come by hand."""
    site: str = ""
    """Login site, for ``login`` and ``token``."""
    again: float = 0.0
    """Moment at which it is tried again by itself while a runner is at work; 0 for never."""
    soon: bool = False
    """Whether it comes by itself in a moment, as a file that is being copied; nobody has to act."""


class FailureGroup(View, frozen=True, kw_only=True, omit_defaults=True):
    """Failures of one cause, with the first of them and what to do."""

    cause: str
    count: int
    hint: str
    examples: tuple[str, ...] = ()
    fatal: bool = True


class StepView(View, frozen=True, kw_only=True, omit_defaults=True):
    """One step of the plan as it stands."""

    address: str
    """``dataset/step``."""
    dataset: str
    title: str
    kind: str
    state: State
    way: str = ""
    """Which of several ways to the dataset's files it is a part of, by title."""
    done: int = 0
    total: int | None = None
    unit: str = "files"
    rate: float | None = None
    """Units a second, mean of the last half minute."""
    eta: float | None = None
    detail: str = ""
    waits_for: tuple[str, ...] = ()
    """Addresses of the steps that lock it."""
    need: Need | None = None
    failures: tuple[FailureGroup, ...] = ()


class TransferView(View, frozen=True, kw_only=True, omit_defaults=True):
    """One archive on its way."""

    archive: str
    dataset: str
    address: str
    state: Literal[
        "queued", "connecting", "running", "retrying", "paused", "checking", "failed", "done"
    ]
    done: int = 0
    total: int | None = None
    rate: float | None = None
    eta: float | None = None
    quiet: float = 0.0
    """Seconds since the last byte."""
    mirror: str = ""
    """Host in use."""
    note: str = ""


class DatasetView(View, frozen=True, kw_only=True, omit_defaults=True):
    """One dataset: its steps rolled up."""

    id: str
    title: str
    state: State
    done_steps: int
    total_steps: int
    fraction: float
    chosen: bool = True
    way: str = ""
    """Which of several ways its files came, once they did."""


class Snapshot(View, frozen=True, kw_only=True, omit_defaults=True):
    """Everything a screen shows of an install at one moment."""

    collection: str
    dest: str
    moment: float
    running: bool
    paused: bool = False
    partial: bool = False
    """Whether datasets were left out; such an install never calls itself complete."""
    complete: bool = False
    runner: str = ""
    """``host, pid, since`` of the runner, when there is one."""
    datasets: tuple[DatasetView, ...] = ()
    steps: tuple[StepView, ...] = ()
    transfers: tuple[TransferView, ...] = ()
    fraction: float = 0.0
    eta: float | None = None
    disk_free: int = 0
    disk_needed: int = 0
    rate: float = 0.0
    """Bytes a second over all transfers."""
    rate_limit: int = 0
    """Bytes a second; 0 is no limit."""
