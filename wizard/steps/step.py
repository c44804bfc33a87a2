"""The protocol every kind of step follows: look at the disk, do what is missing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, runtime_checkable

from wizard.credentials.secret import Secret
from wizard.errors import WaitingError
from wizard.findings import FailureGroup
from wizard.progress import CancelToken, Counter, TransferProgress
from wizard.views import Request

Resource = Literal["instant", "network", "disk", "cpu"]
"""Which resource a step uses; the runner bounds how many of a resource run at once."""

ProbeState = Literal["done", "partial", "todo", "waiting"]
"""What the disk may say of a step; see ``Probe``."""


@dataclass(frozen=True, slots=True)
class Probe:
    """What the disk says of a step: finished, begun, untouched, or up to a person."""

    state: ProbeState
    done: int = 0
    total: int | None = None
    unit: str = "files"
    detail: str = ""
    request: Request | None = None
    at_hand: bool = False
    """Whether an archive is on this machine and only has to be checked."""
    undecided: bool = False
    """Whether too little is on disk yet to tell; nothing is fetched for the step before it is."""
    outdated: bool = False
    """Whether other bytes lie here than are asked for by now: redone even if nothing waits."""


@dataclass(slots=True)
class StepContext:
    """What a running step is given: where to count, when to stop, where to report."""

    counter: Counter = field(default_factory=Counter)
    token: CancelToken = field(default_factory=CancelToken)
    failures: list[FailureGroup] = field(default_factory=list)
    """Non-fatal findings as well as failures; the runner shows them and journals them."""
    transfer: TransferProgress | None = None
    """Set by fetch steps: mirror in use, state, bytes and the moment of the last one."""
    detail: str = ""
    """A few words on what is going on right now; written by the step, shown as it is."""
    durable: bool = False
    """Set by a step that put all it wrote on stable storage itself; any other is waited for."""


class Step(Protocol):
    """One step of the plan, bound to a destination.

    ``probe`` is quick, reads only, and trusts nothing but the disk. ``run`` does what is missing,
    returns when the postcondition holds and raises ``WizardError`` otherwise; it may be killed at
    any instant and run again.
    """

    @property
    def address(self) -> str:
        """``dataset/step``."""
        ...

    @property
    def dataset(self) -> str:
        """Id of its dataset."""
        ...

    @property
    def title(self) -> str:
        """What people call it."""
        ...

    @property
    def kind(self) -> str:
        """Its kind as recipes write it."""
        ...

    @property
    def resource(self) -> Resource:
        """The resource it uses."""
        ...

    @property
    def dependencies(self) -> tuple[str, ...]:
        """Addresses of the steps that must be done first."""
        ...

    def probe(self) -> Probe:
        """Look at the disk."""
        ...

    def run(self, context: StepContext) -> None:
        """Do what is missing."""
        ...


@runtime_checkable
class Answerable(Protocol):
    """A step that takes what it asked a person for."""

    def answer(self, values: Mapping[str, Secret]) -> str:
        """Keep the values in the vault or the install's state and say in words what happened.

        Quick and local (no network); raises ``UsageError`` when a value cannot be right. The
        runner probes the step again afterwards.
        """
        ...


class PersonNeeded(WaitingError):
    """A run found that a person has to act; says exactly what for."""

    def __init__(self, request: Request, *, where: str = "") -> None:
        super().__init__(request.ask, where=where, hint=request.how)
        self.request = request


@dataclass(frozen=True, slots=True)
class PlacedArchive:
    """A proven archive in its place on disk."""

    path: Path
    size: int
    sha256: str
    ours: bool
    """Whether the install fetched or linked it there, rather than a person putting it there."""


@runtime_checkable
class HoldsArchive(Protocol):
    """A step that leaves an archive in place, which may be deleted once its dataset is proven."""

    def placed(self) -> PlacedArchive | None:
        """Return the archive as proven, or None when it is not there or not proven."""
        ...


@dataclass(frozen=True, slots=True)
class Place:
    """Where an install lives."""

    dest: Path
    root: Path
    """The collection's root below ``dest``."""

    @property
    def state(self) -> Path:
        """Folder of the install's own small files."""
        return self.dest / ".segwizard"
