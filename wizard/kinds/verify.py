"""Proving a dataset by its lists or by checks that a recipe declares, and the report of it all."""

from __future__ import annotations

from wizard.kinds.kind import Kind
from wizard.recipes.step_table import StepTable
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep, spec_as
from wizard.steps.step import Step
from wizard.verify.specs.datasets import Check, Verify


def _verify(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.proving.verify import verify_step

    return verify_step(planned, spec_as(planned, Verify), install)


def _check(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.proving.check import check_step

    return check_step(planned, spec_as(planned, Check), install)


class Report(StepTable, frozen=True, kw_only=True, tag="report"):
    """Write the install's report."""


def _report(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.proving.report import report_step

    return report_step(planned, install)


KINDS = (
    Kind(
        table=Verify,
        word="Check",
        title="Verify every path, label and segment",
        role="prove",
        build=_verify,
    ),
    Kind(table=Check, word="Check", role="check", writes="labels", build=_check),
    Kind(table=Report, word="Report", title="Write the report", role="report", build=_report),
)
