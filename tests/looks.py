"""Counts how often a command looks at what the disk says of each step."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

from wizard.engine import survey
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Probe, Step, StepContext


class Counted:
    """A step whose looks are counted."""

    def __init__(self, step: Step, looks: Counter[str]) -> None:
        self._step, self._looks = step, looks
        self.address, self.dataset, self.title = step.address, step.dataset, step.title
        self.kind, self.resource, self.dependencies = step.kind, step.resource, step.dependencies

    def probe(self) -> Probe:
        self._looks[self.address] += 1
        return self._step.probe()

    def run(self, context: StepContext) -> None:
        self._step.run(context)


def counting(looks: Counter[str]) -> Callable[[PlannedStep, Install], Counted]:
    """Return what takes the place of ``look.build_step``; the looks are counted by address."""
    real = survey.build_step

    def build(planned: PlannedStep, install: Install) -> Counted:
        return Counted(real(planned, install), looks)

    return build
