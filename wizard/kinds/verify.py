"""Proving every path, label and segment that the lists of a dataset name."""

from __future__ import annotations

from wizard.kinds.kind import Kind
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep, spec_as
from wizard.steps.step import Step
from wizard.verify.specs.datasets import Verify


def _build(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.proving.verify import verify_step

    return verify_step(planned, spec_as(planned, Verify), install)


KINDS = (
    Kind(
        table=Verify,
        word="Check",
        title="Verify every path, label and segment",
        role="prove",
        build=_build,
    ),
)
