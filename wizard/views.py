"""What a viewer may know of an install: immutable, serialisable, free of secrets.

The same structs feed the screen, the plain lines, ``--json`` and the socket of a detached runner.
Times are seconds; moments are seconds since the epoch; sizes are bytes.
"""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from wizard.findings import FailureGroup

State = Literal["todo", "locked", "waiting", "running", "partial", "paused", "failed", "done"]
"""State of a step. ``locked``: earlier steps first. ``waiting``: a person first."""

Role = Literal[
    "accept", "fetch", "unpack", "labels", "convert", "check", "prove", "report", "clear", "work"
]
"""What a step is for, where others have to know; ``work`` is all that nobody asks for by name.

``labels`` makes labels in every taxonomy, ``convert`` one set of them from what came; ``check``
looks at what came, ``prove`` at every path and label."""

Strength = Literal["hash", "structure", "plausible"]
"""How well an archive is proven: by a published hash, by its own structure to the end, or only by
its name, size or contents."""

RequestKind = Literal["terms", "login", "link", "base-url", "browser", "token", "space", "choice"]
"""What a person is asked for."""


def checked_words(plausible: tuple[str, ...]) -> str:
    """Say how well what is done was checked, with the archives that are only plausible in mind."""
    return "checked as far as it can be proven" if plausible else "checked"


class View(Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Base of every view."""


class Request(View, frozen=True, kw_only=True, omit_defaults=True):
    """What a step wants from a person, and how to give it."""

    kind: RequestKind
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
    rehearsal: dict[str, str] = {}
    """What answers it, by field, where it is only rehearsed."""
    again: float = 0.0
    """Moment at which it is tried again by itself while a runner is at work; 0 for never."""
    soon: bool = False
    """Whether it comes by itself in a moment, as a file that is being copied; nobody has to act."""


class StepView(View, frozen=True, kw_only=True, omit_defaults=True):
    """One step of the plan as it stands."""

    address: str
    """``dataset/step``."""
    dataset: str
    title: str
    kind: str
    state: State
    word: str = ""
    """What its kind is called on screen."""
    role: Role = "work"
    """What it is for."""
    alternative: str = ""
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
    plausible: bool = False
    """Whether it brought an archive that neither a hash nor its structure proves."""
    request: Request | None = None
    presumed: bool = False
    """Whether its files seem to be here, as in a tree made by hand; lists that come first tell."""
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
    alternative: str = ""
    """Which of several ways its files came, once they did."""


class Snapshot(View, frozen=True, kw_only=True, omit_defaults=True):
    """Everything a screen shows of an install at one moment."""

    collection: str
    dest: str
    moment: float
    running: bool
    settled: bool = False
    """Whether a runner is at work and nothing moves, nor will before a person acts."""
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
    looking: int = 0
    """Steps whose disk the runner has not looked at yet; until then figures are no figures."""
    disk_free: int = 0
    disk_needed: int = 0
    rate: float = 0.0
    """Bytes a second over all transfers."""
    rate_limit: int = 0
    """Bytes a second; 0 is no limit."""

    @property
    def plausible(self) -> tuple[str, ...]:
        """Archives, ``dataset/name``, that neither a hash nor their structure proves."""
        doubted = {step.address for step in self.steps if step.plausible}
        return tuple(f"{t.dataset}/{t.archive}" for t in self.transfers if t.address in doubted)
