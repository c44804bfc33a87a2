"""Files of an archive that are unpacked without it, or before it is all there."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from wizard.archives.streaming import Arrival
from wizard.findings import FailureGroup, Finding
from wizard.kinds.unpacking.published import unpackings
from wizard.kinds.unpacking.step import ExtractStep
from wizard.kinds.unpacking.trees import folders_like, take_over_near
from wizard.recipes.model import Archive
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import StepContext


@dataclass(frozen=True, slots=True)
class NearTree:
    """The folder of a dataset under names in other capitals, as people and other tools make it."""

    planned: PlannedStep
    archive: Archive
    install: Install

    def at_hand(self) -> Path | None:
        """Return a folder that has the dataset's name in other capitals, if there is one."""
        base, folder = self._place()
        other = next((each for each in folders_like(base, folder) if each != base / folder), None)
        # This is asked every moment while a person is waited for, and hardly ever is there one.
        step = _unpacking(self.planned, self.archive, self.install) if other else None
        return other if step is not None and step.evidence is not None else None

    def take(self, context: StepContext) -> bool:
        """Take in its files and tell, or why not; returns whether all are in their place now."""
        step = _unpacking(self.planned, self.archive, self.install)
        words = take_over_near(step, *self._place(), context.token) if step else ""
        if words:
            context.failures.append(_note(words))
        return bool(words) and step is not None and step.probe().state == "done"

    def _place(self) -> tuple[Path, str]:
        dataset = self.install.recipe.dataset(self.planned.dataset)
        return self.install.place.dest / self.install.recipe.base(dataset), dataset.folder


def unpacked_meanwhile(planned: PlannedStep, archive: Archive, install: Install) -> Arrival | None:
    """Return what unpacks an archive on its way, if the plan has one step that unpacks it."""
    step = _unpacking(planned, archive, install)
    return step.arrival() if step else None


def _unpacking(planned: PlannedStep, archive: Archive, install: Install) -> ExtractStep | None:
    """Return the one step of the plan that unpacks an archive, if there is one."""
    steps = [
        step
        for step in install.plan.steps
        if step.dataset == planned.dataset and step.spec.unpacks and step.spec.takes == archive.name
    ]
    return next(unpackings(steps, install), None) if len(steps) == 1 else None


def _note(words: str) -> FailureGroup:
    hint = "the folder stays as it is; names are told apart by their capitals here"
    return FailureGroup.of(Finding("taken-over", "", words, hint, fatal=False))
