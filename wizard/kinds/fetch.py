"""Bringing an archive to its place: derived from the archives of a dataset."""

from __future__ import annotations

from wizard.kinds.kind import Kind
from wizard.steps.install import Install
from wizard.steps.planned import Fetch, PlannedStep
from wizard.steps.step import Step


def _titled(planned: PlannedStep) -> str:
    return f"Fetch {planned.archive.name}" if planned.archive else ""


def _build(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.fetching.step import fetch_step

    return fetch_step(planned, install)


KINDS = (
    Kind(
        table=Fetch,
        word="Download",
        titled=_titled,
        role="fetch",
        writes="archive",
        written=False,
        build=_build,
    ),
)
