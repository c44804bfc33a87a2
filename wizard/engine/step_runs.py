"""The running of steps: what a thread at work on one is given, and how far it is."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from wizard.engine.states import FINISHED
from wizard.engine.tasks import Task
from wizard.progress import Meter, TransferProgress
from wizard.steps.step import Probe, StepContext


@dataclass(slots=True)
class StepRun:
    """One run of a step, from its start to its end."""

    began: float
    """Moment (monotonic)."""
    context: StepContext = field(default_factory=StepContext)
    meter: Meter = field(default_factory=Meter)
    settling: bool = False
    """Whether the work is done and only has to reach the disk."""

    @property
    def transfer(self) -> TransferProgress | None:
        """What the transfer of a fetch step says of itself, once it began."""
        return self.context.transfer


StepRuns = Mapping[str, StepRun]
"""Runs under way, by address."""


@dataclass(frozen=True, slots=True)
class HowFar:
    """How far a step is, in its own unit."""

    done: int
    total: int | None
    unit: str

    def left(self) -> Probe:
        """Return what the disk holds of a run that ends here, until somebody looks."""
        return Probe("partial", done=self.done, total=self.total, unit=self.unit)

    def whole(self) -> Probe:
        """Return the same of a run that ended well."""
        return Probe("done", done=self.done, total=self.done or None, unit=self.unit)


def how_far(task: Task, run: StepRun | None) -> HowFar:
    """Return how far a step is: as its run says, or as the disk said."""
    if run is None:
        unit = "bytes" if task.facts.archive else task.probe.unit
        return HowFar(task.probe.done, task.probe.total, unit)
    counter, transfer = run.context.counter, run.transfer
    unit = "bytes" if task.facts.archive else counter.unit
    if transfer is None:
        return HowFar(counter.done, counter.total, unit)
    return HowFar(transfer.done, counter.total if transfer.total is None else transfer.total, unit)


def fraction(task: Task, run: StepRun | None) -> float:
    """Return how much of a step is done, 0 to 1."""
    if task.state in FINISHED:
        return 1.0
    far = how_far(task, run)
    return min(1.0, far.done / far.total) if far.total else 0.0
