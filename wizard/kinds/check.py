"""Proving what training code will read, by checks that a recipe declares."""

from __future__ import annotations

from wizard.kinds.kind import Kind
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep, spec_as
from wizard.steps.step import Step
from wizard.verify.specs.datasets import Check


def _build(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.proving.check import check_step

    return check_step(planned, spec_as(planned, Check), install)


KINDS = (Kind(table=Check, word="Check", role="check", writes="labels", build=_build),)
