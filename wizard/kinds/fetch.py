"""Bringing an archive to its place, derived from the archives of a dataset, and unpacking it."""

from __future__ import annotations

from pathlib import PurePosixPath

from wizard.archives.specs import Extract
from wizard.kinds.kind import Kind
from wizard.steps.install import Install
from wizard.steps.planned import Fetch, PlannedStep, spec_as
from wizard.steps.step import Step


def _fetching(planned: PlannedStep) -> str:
    return f"Fetch {planned.archive.name}" if planned.archive else ""


def _fetch(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.fetching.step import fetch_step

    return fetch_step(planned, install)


def _unpacking(planned: PlannedStep) -> str:
    return f"Unpack {PurePosixPath(planned.spec.takes).name}"


def _extract(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.unpacking.step import extract_step

    return extract_step(planned, spec_as(planned, Extract), install)


KINDS = (
    Kind(
        table=Fetch,
        word="Download",
        titled=_fetching,
        role="fetch",
        writes="archive",
        written=False,
        build=_fetch,
    ),
    Kind(
        table=Extract,
        word="Unpack",
        titled=_unpacking,
        role="unpack",
        writes="members",
        build=_extract,
    ),
)
