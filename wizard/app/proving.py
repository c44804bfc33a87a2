"""Proving, repairing and making labels by themselves, outside a run."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import Struct

from wizard.app.opening import Choices, open_begun, open_install
from wizard.engine.lease import acquire
from wizard.errors import DestinationError, UsageError, WizardError
from wizard.files import scratch_folder
from wizard.findings import FailureGroup, grouped
from wizard.kinds.fetching.proofs import plausible_archives
from wizard.kinds.labelling.step import LabelStep
from wizard.kinds.proving.check import CheckStep
from wizard.kinds.proving.verify import VerifyStep
from wizard.kinds.registry import build_step, known_kinds
from wizard.labels.works.segfix import (
    INSTANCE_SCALE,
    LABEL_SCALE,
    InstanceFixWork,
    SegFixWork,
    output_folder,
)
from wizard.progress import CancelToken, Counter
from wizard.recipes.keys import suggestion
from wizard.steps.install import Install
from wizard.steps.step import Place, StepContext
from wizard.verify.summary import Summary
from wizard.workers.batch import run_batch
from wizard.workers.executors import Workers

Watch = Callable[[str, Counter], AbstractContextManager[None]]
"""Shows, while its block lasts, how far a named piece of work is."""


class Unchecked(Struct, frozen=True, kw_only=True):
    """A dataset that could not be checked at all, and why."""

    dataset: str
    error: str
    hint: str = ""


class Verification(Struct, frozen=True, kw_only=True):
    """What came of verifying an install."""

    collection: str
    dest: str
    sound: bool
    datasets: tuple[Summary, ...]
    unchecked: tuple[Unchecked, ...] = ()
    plausible: tuple[str, ...] = ()
    """Archives, by dataset, that neither a hash nor their structure proves."""
    repaired: int = 0
    """Broken labels that were deleted, to be made anew by the next run."""


@dataclass(frozen=True, slots=True)
class Made:
    """What a label step by itself has or lacks."""

    done: int
    unit: str
    missing: tuple[str, ...] = ()
    total: int = 0


@dataclass(frozen=True, slots=True)
class Refined:
    """What came of refining predictions."""

    folder: Path
    labels: int
    broken: int
    groups: tuple[FailureGroup, ...]


def verify(
    choices: Choices, watch: Watch, *, deep: bool = False, repair: bool = False
) -> Verification:
    """Check an install whole, whatever was checked before; a fault stops nothing.

    ``deep`` also decodes every image in full; ``repair`` deletes broken labels of ours. Raises
    ``WizardError`` when nothing is there or another runner is at work.
    """
    install = open_begun(choices)
    planned = [step for step in install.plan.steps if known_kinds().proves(step.spec)]
    built = [build_step(each, install) for each in planned]
    steps = [step for step in built if isinstance(step, VerifyStep | CheckStep)]
    with _held(install.place):
        outcomes = [_verify(step, watch, deep=deep) for step in steps]
        removed = [path for step in steps for path in step.repair()] if repair else []
        _report(install)
    summaries = tuple(each for each in outcomes if isinstance(each, Summary))
    unchecked = tuple(each for each in outcomes if isinstance(each, Unchecked))
    return Verification(
        collection=install.plan.collection,
        dest=install.plan.dest,
        sound=not unchecked and all(summary.sound for summary in summaries),
        datasets=summaries,
        unchecked=unchecked,
        plausible=plausible_archives(install),
        repaired=len(removed),
    )


def make(choices: Choices, address: str, *, dry_run: bool) -> Made:
    """Make what is missing of one label step, or only name it; raises ``UsageError`` for others."""
    install = open_install(choices)
    step = _label_step(install, address)
    if dry_run:
        paths = [path for paths in step.work.expected() for path in paths]
        missing = tuple(str(path) for path in paths if not Path(path).is_file())
        return Made(len(paths) - len(missing), step.work.unit, missing, len(paths))
    context = StepContext()
    lease = acquire(install.place)
    try:
        step.run(context)
    finally:
        lease.release()
    return Made(context.counter.done, context.counter.unit, total=context.counter.done)


def refine(
    predictions: Path,
    offsets: Path,
    into: Path | None,
    *,
    scale: float | None,
    instances: bool,
    workers: int,
) -> Refined:
    """Move the borders of predicted labels, or of instance masks, by SegFix offsets."""
    into = into or output_folder(predictions)
    if into.resolve() == predictions.resolve():
        raise UsageError("the refined labels would replace the predictions", hint="name another -o")
    work: SegFixWork | InstanceFixWork
    if instances:
        usual = INSTANCE_SCALE if scale is None else scale
        work = InstanceFixWork(predictions, offsets, into, usual)
    else:
        work = SegFixWork(predictions, offsets, into, LABEL_SCALE if scale is None else scale)
    findings, items = [*work.start()], work.items()
    with scratch_folder() as scratch:
        team = Workers(workers, "threads", "", scratch)
        findings += run_batch(work, items, workers=team, counter=Counter(), token=CancelToken())
    broken = sum(finding.cause != "no-offsets" for finding in findings)
    return Refined(into, len(items), broken, grouped(findings))


@contextlib.contextmanager
def _held(place: Place) -> Iterator[None]:
    """Keep runners away meanwhile; a tree that cannot be written needs no such care."""
    try:
        lease = acquire(place)
    except DestinationError:
        yield
        return
    try:
        yield
    finally:
        lease.release()


def _verify(step: VerifyStep | CheckStep, watch: Watch, *, deep: bool) -> Summary | Unchecked:
    context = StepContext()
    try:
        with watch(step.dataset, context.counter):
            if isinstance(step, VerifyStep):
                return step.verify(context, deep=deep)
            return step.verify(context)
    except WizardError as error:
        return Unchecked(dataset=step.dataset, error=str(error), hint=error.hint)
    except KeyboardInterrupt:
        context.token.cancel()
        raise


def _report(install: Install) -> None:
    """Write the report anew if there was one: it shows the verifications just made."""
    for planned in install.plan.steps:
        if known_kinds().of(planned.spec).role == "report":
            step = build_step(planned, install)
            if step.probe().detail:
                with contextlib.suppress(OSError):
                    step.run(StepContext())


def _label_step(install: Install, address: str) -> LabelStep:
    planned = {each.address: each for each in install.plan.steps}
    if address not in planned:
        raise UsageError(f"there is no step {address!r}", hint=suggestion(address, planned))
    step = build_step(planned[address], install)
    if not isinstance(step, LabelStep):
        raise UsageError(f"{address} makes no labels", hint="segwizard status shows every step")
    return step


def chosen_for_work(
    choices: Choices,
    workers: int,
    only: Sequence[str] = (),
    without: Sequence[str] = (),
    scheduler: str = "",
) -> Choices:
    """Return the choices for work outside a run: so many processors, and only some datasets."""
    settings = replace(choices.settings, workers=workers)
    if scheduler:
        settings = replace(settings, executor="dask", scheduler=scheduler)
    if only or without:
        return replace(choices, only=tuple(only), without=tuple(without), settings=settings)
    return replace(choices, settings=settings)
