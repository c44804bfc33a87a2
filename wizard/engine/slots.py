"""What the runner knows of each step while it runs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from wizard.engine.rates import Meter
from wizard.engine.space import Room
from wizard.engine.step import Probe, Step, StepContext
from wizard.engine.views import FailureGroup, Need
from wizard.plan.model import PlannedStep
from wizard.transfer.progress import TransferProgress

Phase = Literal["unseen", "idle", "running", "waiting", "full", "failed", "done"]
"""``unseen``: not probed yet; ``idle``: work is missing and its turn will come; ``waiting``: for a
person; ``full``: for disk space."""


@dataclass(slots=True)
class Slot:
    """One step in the runner's hands; changed only under the runner's lock."""

    step: Step
    planned: PlannedStep
    phase: Phase = "unseen"
    probe: Probe = field(default_factory=lambda: Probe("todo"))
    looking: bool = False
    """Whether a probe is under way."""
    outrun: bool = False
    """Whether a person acted while it was, so that what it says may be of before."""
    context: StepContext | None = None
    note: str = ""
    """Why it failed, in a sentence."""
    need: Need | None = None
    failures: tuple[FailureGroup, ...] = ()
    asked: bool = False
    """Whether the need came from a run, which a probe alone cannot take back."""
    seen_since: Probe | None = None
    """What the disk first said after a run asked; any change from it lets the step try again."""
    announced: Need | None = None
    """What was last said to be needed, so as to say it once."""
    began: float = 0.0
    """Moment (monotonic) of the last start."""
    held: bool = False
    """Whether a person paused this one step."""
    stale: bool = True
    """Whether the disk must be looked at before it starts."""
    redo: bool = False
    """Whether it runs even if the disk says done, since what it proved has changed."""
    missed: bool = False
    """Whether files it would have taken came while it ran."""
    spared: bool = False
    """Whether it counts as done because nothing needs it any more, not because it was."""
    due: float = 0.0
    """Moment (monotonic) from which a waiting or full step is looked at again."""
    room_when_full: Room = Room()
    """Free bytes when the disk ran full under it."""
    meter: Meter = field(default_factory=Meter)

    @property
    def address(self) -> str:
        """``dataset/step``."""
        return self.step.address

    @property
    def transfer(self) -> TransferProgress | None:
        """What the transfer of a fetch step says of itself, once it began."""
        return None if self.context is None else self.context.transfer

    def spare(self) -> None:
        """Count it as done though it was not: what it brings is here without it."""
        self.probe = Probe("done", unit="bytes", detail="not needed any more")
        self.phase, self.need, self.spared = "done", None, True

    @property
    def done(self) -> int:
        """Units done."""
        if self.transfer is not None:
            return self.transfer.done
        return self.probe.done if self.context is None else self.context.counter.done

    @property
    def total(self) -> int | None:
        """Units in all, when known."""
        if self.transfer is not None and self.transfer.total is not None:
            return self.transfer.total
        return self.probe.total if self.context is None else self.context.counter.total

    @property
    def unit(self) -> str:
        """What is counted."""
        if self.step.kind == "fetch":
            return "bytes"
        return self.probe.unit if self.context is None else self.context.counter.unit

    @property
    def fraction(self) -> float:
        """How much of it is done, 0 to 1."""
        if self.phase == "done":
            return 1.0
        return min(1.0, self.done / self.total) if self.total else 0.0
