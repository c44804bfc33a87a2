"""What came of an install: one judgement and one last page, whoever shows them."""

from __future__ import annotations

import shlex
from collections.abc import Iterable, Iterator
from enum import IntEnum
from pathlib import Path

from msgspec.structs import replace

from wizard.app.opening import Choices, open_install, remembered
from wizard.app.sessions import Session, newest_events
from wizard.engine.logs import STARTED
from wizard.engine.remote.protocol import Event
from wizard.errors import UsageError
from wizard.findings import FailureGroup, fatal, grouped
from wizard.kinds.fetching.proofs import plausible_archives, record_path
from wizard.kinds.registry import known_kinds
from wizard.steps.install import Install
from wizard.verify.proof import read_dataset_proof
from wizard.verify.report.render import PAGE
from wizard.verify.summary import Checked
from wizard.views import Snapshot, StepView, View

_EVENTS = 1_000_000
"""Lines of the log that are read for how long it took, as many as it may hold."""


class Outcome(IntEnum):
    """How an install stands, as the exit code that tells it."""

    COMPLETE = 0
    FAILED = 1
    WAITING = 3
    FULL = 4
    HELD = 5
    FAULT = 70
    UNFINISHED = 130


class InstalledLine(View, frozen=True, kw_only=True):
    """One dataset that is done."""

    id: str
    title: str
    folder: str
    """Full path."""
    checked: Checked
    """What was proven of it; all zero where its archives are all there is to prove."""


class LeftOutLine(View, frozen=True, kw_only=True):
    """One dataset that was left out."""

    id: str
    title: str
    loss: str
    """What is missing without it; may be empty."""
    command: str
    """Adds it."""


class VariableLine(View, frozen=True, kw_only=True):
    """What training code is pointed to the install with."""

    name: str
    """Empty where there is no variable; then ``reader`` says what to do instead."""
    value: str
    reader: str


class NextLine(View, frozen=True, kw_only=True):
    """A command to go on with, and what it is for."""

    command: str
    about: str


class LastPage(View, frozen=True, kw_only=True, tag_field="type", tag="last-page"):
    """What there is to say once everything chosen is done."""

    title: str
    dest: str
    partial: bool
    """Whether datasets were left out."""
    installed: tuple[InstalledLine, ...]
    checked: Checked
    """All that was proven, over all datasets."""
    plausible: tuple[str, ...]
    """Archives, ``dataset/name``, that neither a hash nor their structure proves."""
    seconds: float | None
    """How long runners were at work on it, over all runs; None where the log no longer tells."""
    report: str
    """Full path; empty where there is none."""
    variables: tuple[VariableLine, ...]
    commands: tuple[NextLine, ...]
    left_out: tuple[LeftOutLine, ...]


def ended_early(session: Session) -> Outcome | None:
    """Return what ended a run of this process before its time, None where nothing of ours did."""
    runner = session.runner
    if runner is not None and runner.died:
        return Outcome.FAULT
    return Outcome.HELD if runner is not None and runner.ousted else None


def outcome(snapshot: Snapshot) -> Outcome:
    """Return how an install stands: failures first, then what is full, then who is waited for."""
    states = {step.state for step in snapshot.steps}
    if states <= {"done"}:
        return Outcome.COMPLETE
    if "failed" in states:
        return Outcome.FAILED
    if any(step.request and step.request.kind == "space" for step in snapshot.steps):
        return Outcome.FULL
    return Outcome.WAITING if "waiting" in states else Outcome.UNFINISHED


def failed(snapshot: Snapshot) -> tuple[FailureGroup, ...]:
    """Return what must be mended in failed steps, by cause."""
    return fatal(by_cause(step for step in snapshot.steps if step.state == "failed"))


def by_cause(steps: Iterable[StepView]) -> tuple[FailureGroup, ...]:
    """Return what steps report, by cause, with the steps that each cause struck."""
    return grouped(
        replace(group, steps=(step.address,)) for step in steps for group in step.failures
    )


def last_page(session: Session, snapshot: Snapshot) -> LastPage:
    """Return the last page of an install that stands as ``snapshot`` says; takes a moment.

    Reads records only, nothing is looked at anew. Raises ``WizardError`` as opening it does.
    """
    choices = remembered(session.dest) or Choices(session.recipe.id, session.dest)
    install = session.runner.install if session.runner else open_install(choices)
    dest, report = install.place.dest, install.place.dest / PAGE
    proven = dict(_proven(install, snapshot))
    return LastPage(
        title=install.recipe.title,
        dest=str(dest),
        partial=snapshot.partial,
        installed=tuple(_installed(install, snapshot, proven)),
        checked=_sum(proven.values()),
        plausible=plausible_archives(install),
        seconds=_seconds(dest),
        report=str(report) if report.is_file() else "",
        variables=tuple(
            VariableLine(name=name, value=value, reader=reader)
            for name, value, reader in install.recipe.variables_at(dest)
        ),
        commands=tuple(_next(dest)),
        left_out=tuple(_left_out(install, choices.collection)),
    )


def _proven(install: Install, snapshot: Snapshot) -> Iterator[tuple[str, Checked]]:
    """Yield what the verifications that hold found, by dataset."""
    done = {step.address for step in snapshot.steps if step.state == "done"}
    proving = [
        step
        for step in install.plan.steps
        if known_kinds().proves(step.spec) and step.address in done
    ]
    for dataset in dict.fromkeys(step.dataset for step in proving):
        own = (step.address for step in proving if step.dataset == dataset)
        proofs = (read_dataset_proof(record_path(install.place.state, each)) for each in own)
        yield dataset, _sum(proof.summary.checked for proof in proofs if proof)


def _sum(parts: Iterable[Checked]) -> Checked:
    parts = tuple(parts)
    return Checked(
        checks=sum(each.checks for each in parts),
        paths=sum(each.paths for each in parts),
        images=sum(each.images for each in parts),
        labels=sum(each.labels for each in parts),
        segments=sum(each.segments for each in parts),
        examples=sum(each.examples for each in parts),
        examples_not_applicable=sum(each.examples_not_applicable for each in parts),
    )


def _installed(
    install: Install, snapshot: Snapshot, proven: dict[str, Checked]
) -> Iterator[InstalledLine]:
    done = {each.id for each in snapshot.datasets if each.chosen and each.state == "done"}
    for dataset in install.recipe.datasets:
        if dataset.id in done:
            folder = install.place.dest / install.recipe.base(dataset) / dataset.folder
            yield InstalledLine(
                id=dataset.id,
                title=dataset.title,
                folder=str(folder),
                checked=proven.get(dataset.id, Checked()),
            )


def _seconds(dest: Path) -> float | None:
    try:
        return working_seconds(newest_events(dest, _EVENTS))
    except UsageError:
        return None


def working_seconds(events: Iterable[Event]) -> float | None:
    """Return how long runners were at work, by the log; None where its beginning is gone.

    Time between two runs does not count, as a log tells nothing of it.
    """
    worked, last = 0.0, None
    for event in events:
        begins = not event.address and event.text.startswith(STARTED)
        if last is None and not begins:
            return None
        if last is not None and not begins:
            worked += max(0.0, event.moment - last)
        last = event.moment
    return None if last is None else worked


def _next(dest: Path) -> Iterator[NextLine]:
    place = shlex.quote(str(dest))
    for words, about in (
        ("status", "how it stands, at any time"),
        ("verify", "prove it again, every path, label and segment"),
        ("manifest make", "write its checksums, to compare it with another install"),
    ):
        yield NextLine(command=f"segwizard {words} --dest {place}", about=about)


def _left_out(install: Install, collection: str) -> Iterator[LeftOutLine]:
    for name in install.plan.left_out:
        dataset = install.recipe.dataset(name)
        words = ["segwizard", "run", collection, "--dest", str(install.place.dest)]
        yield LeftOutLine(
            id=name,
            title=dataset.title,
            loss=dataset.leaving_out,
            command=shlex.join([*words, f"--only={name}"]),
        )
