"""The steps of one shard: its part of what is divided, and the rest done by one shard each.

A step that others have to do or to end waits for them: it looks at the few bytes they write down,
and at the disk ever less often. While one of them is at work, or may still come, it comes by
itself; after that the run ends, and what is left is done by the run of the whole.
"""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass, field, replace

from wizard.errors import WizardError
from wizard.findings import fatal, grouped
from wizard.kinds.labelling.step import LabelStep
from wizard.kinds.proving.verify import VerifyStep
from wizard.state.shards import ArrayPart, Shard
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Probe, Resource, Step, StepContext
from wizard.views import Request

_FIRST_PAUSE, _LONGEST_PAUSE = 1.0, 60.0
"""Seconds between looks at a disk that many share."""
_SHOWN = 5
"""Shards that are named one by one."""


@dataclass(slots=True)
class Others:
    """The shards that one step waits for."""

    part: ArrayPart
    address: str
    _since: float = 0.0
    """Moment (monotonic) since which nobody moves; 0 while somebody does."""

    def begun(self) -> list[int]:
        """Return the shards that are at work on the step, or broke off."""
        return [each for each, stand in enumerate(self._stands()) if stand == "begun"]

    def touched(self) -> bool:
        """Tell whether any shard has begun with it, now or in an array that was given up."""
        return any(self._stands()) or self.address in self.part.left

    def _stands(self) -> list[str]:
        """Return how far each shard is with the step, as it is now."""
        every = range(self.part.of)
        return [self.part.results(each).steps.get(self.address, "") for each in every]

    def unmade(self) -> list[int]:
        """Return the shards that have not made their part, as far as is known."""
        every = range(self.part.of)
        return [each for each in every if self.told(each) != "made"]

    def told(self, index: int) -> str:
        """Return how far a shard is with the step, as it was a moment ago."""
        return self.part.told(index).steps.get(self.address, "")

    def awaited(self, indexes: Collection[int]) -> Probe:
        """Return what a step says that waits for shards."""
        now = time.monotonic()
        if not self._since or self.part.anybody_moves(indexes):
            self._since = now
        soon = now - self._since <= self.part.grace
        ask = f"waits for {_named(indexes, self.part.of)}"
        ask = ask if soon else f"{ask}, and nobody is at work on it"
        how = "Start it again; or run without --shard once all have ended."
        return Probe("waiting", request=Request(kind="choice", ask=ask, how=how, soon=soon))


def _named(indexes: Collection[int], of: int) -> str:
    shown = [f"{each}/{of}" for each in sorted(indexes)[:_SHOWN]]
    more = f" and {len(indexes) - _SHOWN} more" if len(indexes) > _SHOWN else ""
    return f"shard {', '.join(shown)}{more}"


@dataclass(slots=True)
class Pauses:
    """Spaces looks at the disk, each pause twice as long as the one before."""

    _due: float = 0.0
    _pause: float = _FIRST_PAUSE
    _told: bool = False

    def is_due(self) -> bool:
        """Tell whether to look now; counts as a look if so."""
        now = time.monotonic()
        if now < self._due:
            return False
        self._due, self._pause = now + self._pause, min(2 * self._pause, _LONGEST_PAUSE)
        return True

    def tell(self) -> None:
        """Have the next look at once, the first time that what is awaited is said to be there."""
        if not self._told:
            self._told, self._due, self._pause = True, 0.0, _FIRST_PAUSE


@dataclass(frozen=True, slots=True)
class _Bound:
    """A step of a shard's plan, in the place of one that is not divided."""

    planned: PlannedStep
    inner: Step
    part: ArrayPart

    @property
    def address(self) -> str:
        return self.planned.address

    @property
    def dataset(self) -> str:
        return self.planned.dataset

    @property
    def title(self) -> str:
        return self.planned.title

    @property
    def kind(self) -> str:
        return self.planned.kind

    @property
    def dependencies(self) -> tuple[str, ...]:
        return self.planned.dependencies


@dataclass(frozen=True, slots=True)
class OwnStep(_Bound):
    """A step that this shard does as a whole."""

    @property
    def resource(self) -> Resource:
        """As the step itself."""
        return self.inner.resource

    def probe(self) -> Probe:
        """Look at the disk."""
        return self.inner.probe()

    def run(self, context: StepContext) -> None:
        """Do it, and tell the others."""
        self.inner.run(context)
        self.part.note(self.address, "whole")


@dataclass(frozen=True, slots=True)
class OthersStep(_Bound):
    """A step that another shard does as a whole."""

    owner: int
    others: Others
    resource: Resource = "instant"
    _pauses: Pauses = field(default_factory=Pauses, compare=False, repr=False)
    _seen: list[Probe] = field(default_factory=list, compare=False, repr=False)
    """What the disk said last."""

    def probe(self) -> Probe:
        """Look at the disk at first, when it is said to be done, and ever less often."""
        if self.others.told(self.owner) == "whole":
            self._pauses.tell()
        if self._pauses.is_due():
            self._seen[:] = [self.inner.probe()]
        seen = self._seen[-1]
        if seen.state == "done":
            return seen
        waits = self.others.awaited([self.owner])
        return replace(seen, state="waiting", detail="", request=waits.request, outdated=False)

    def run(self, context: StepContext) -> None:
        """Nothing: it only waits."""


@dataclass(frozen=True, slots=True)
class PartOfLabels(_Bound):
    """This shard's part of the labels of a step."""

    inner: LabelStep
    shard: Shard
    resource: Resource = "cpu"
    _left: list[WizardError] = field(default_factory=list, compare=False, repr=False)
    """Why it is left to the run of the whole."""

    def probe(self) -> Probe:
        """Count what is there of the part."""
        if self._left:
            return Probe("todo")
        seen = self.inner.probe_part(self.shard)
        # Broken off after the last label, it was not said that the part is made.
        begun = self.part.results(self.shard.index).steps.get(self.inner.address) == "begun"
        return replace(seen, state="partial") if begun and seen.state == "done" else seen

    def run(self, context: StepContext) -> None:
        """Make what is missing of it; raises as ``LabelStep.make_part``."""
        self.part.note(self.inner.address, "begun")
        try:
            self.inner.make_part(self.shard, context)
        except WizardError as error:
            self._left.append(error)
            raise
        self.part.note(self.inner.address, "made")


@dataclass(frozen=True, slots=True)
class WholeOfLabels(_Bound):
    """The end of a label step: one shard sees that every part is there, and tidies up.

    Later steps rest on this one. It makes what no shard has made, as lists that another machine
    does not see whole yet would leave.
    """

    inner: LabelStep
    owner: int
    others: Others
    resource: Resource = "cpu"
    _pauses: Pauses = field(default_factory=Pauses, compare=False, repr=False)

    @property
    def _mine(self) -> bool:
        return self.part.shard is not None and self.part.shard.index == self.owner

    def probe(self) -> Probe:
        """Tell whether it came to its end, is to be brought there, or waits for others."""
        if self.others.told(self.owner) == "whole":
            return self._seen_ended()
        if not self._mine:
            return self._awaited()
        unmade = self.others.unmade()
        # Of what was there before anybody began, nobody says that it is made: the disk does.
        if unmade and not (self._pauses.is_due() and self.inner.probe().state == "done"):
            return self.others.awaited(unmade)
        if begun := self.others.begun():
            return self.others.awaited(begun)
        return Probe("todo") if self.others.touched() else Probe("done")

    def _seen_ended(self) -> Probe:
        """Look for what is said to be there: another machine may see it only after a while."""
        self._pauses.tell()
        if self._pauses.is_due() and self.inner.probe().state == "done":
            return Probe("done")
        return Probe("todo") if self._mine else self.others.awaited([self.owner])

    def _awaited(self) -> Probe:
        whole = self._pauses.is_due() and self.inner.probe().state == "done"
        if whole and not self.others.touched():
            return Probe("done")
        return self.others.awaited([self.owner])

    def run(self, context: StepContext) -> None:
        """Bring it to its end, and tell the others."""
        replace(self.inner, mender=None).run(context)
        self.part.note(self.address, "whole")


@dataclass(frozen=True, slots=True)
class PartOfProofs(_Bound):
    """This shard's part of a verification."""

    inner: VerifyStep
    shard: Shard
    resource: Resource = "cpu"

    def probe(self) -> Probe:
        """Tell whether it was proven, in this array or before."""
        made = self.part.results(self.shard.index).steps.get(self.address)
        return Probe("done", unit="images") if made else self.inner.probe()

    def run(self, context: StepContext) -> None:
        """Prove it; what does not hold is told, and left to the run of the whole to mend."""
        findings = self.inner.prove_part(self.shard, context)
        context.failures.extend(grouped(findings))
        if not fatal(context.failures):
            self.part.note(self.address, "whole")


@dataclass(frozen=True, slots=True)
class UnendedLabels(_Bound):
    """A label step in a run of the whole, whose parts were made and which nobody has ended."""

    inner: LabelStep
    resource: Resource = "cpu"
    _ended: list[str] = field(default_factory=list, compare=False, repr=False)

    def probe(self) -> Probe:
        """Look at the disk; complete, it has still to be ended."""
        seen = self.inner.probe()
        return seen if self._ended or seen.state != "done" else replace(seen, state="partial")

    def run(self, context: StepContext) -> None:
        """Make what is missing, and bring it to its end."""
        self.inner.run(context)
        self._ended.append(self.address)
