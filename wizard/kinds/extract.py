"""Unpacking an archive."""

from __future__ import annotations

from pathlib import PurePosixPath

from wizard.archives.specs import Extract
from wizard.kinds.kind import Kind
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep, spec_as
from wizard.steps.step import Step


def _titled(planned: PlannedStep) -> str:
    return f"Unpack {PurePosixPath(planned.spec.takes).name}"


def _build(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.unpacking.step import extract_step

    return extract_step(planned, spec_as(planned, Extract), install)


KINDS = (
    Kind(
        table=Extract,
        word="Unpack",
        titled=_titled,
        role="unpack",
        writes="members",
        build=_build,
    ),
)
