"""Writing the report of an install."""

from __future__ import annotations

from wizard.kinds.kind import Kind
from wizard.recipes.step_table import StepTable
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Step


class Report(StepTable, frozen=True, kw_only=True, tag="report"):
    """Write the install's report."""


def _build(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.proving.report import report_step

    return report_step(planned, install)


KINDS = (Kind(table=Report, word="Report", title="Write the report", role="report", build=_build),)
