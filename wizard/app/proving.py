"""Proving, repairing and making labels by themselves, outside a run."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from pathlib import Path

from msgspec import Struct

from wizard.app.opening import Choices, open_begun, open_install
from wizard.app.sessions import end_part, take_part
from wizard.engine.lease import Hold, acquire
from wizard.engine.remote.shards import kept_young
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
from wizard.state.shards import Shard, close_array, read_array
from wizard.steps.install import Install
from wizard.steps.step import Place, Step, StepContext
from wizard.verify.summary import Checked, Summary
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
    shard: str = ""
    """The shard, as ``0/8``, whose part of the images alone was looked at; empty for the whole."""


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

    ``deep`` also decodes every image in full; ``repair`` deletes broken labels of ours. What the
    shards of a verification have just proven is not read again. Raises ``WizardError`` when nothing
    is there or another runner is at work.
    """
    install, token = open_begun(choices), CancelToken()
    steps = [each for each in _proving(install) if isinstance(each, VerifyStep | CheckStep)]
    with _held(install.place, token):
        outcomes = [_verify(step, watch, token, deep=deep) for step in steps]
        removed = [path for step in steps for path in step.repair()] if repair else []
        _report(install)
        _close_array(install)
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


def verify_part(
    choices: Choices, shard: Shard, watch: Watch, *, deep: bool = False
) -> tuple[Verification, bool]:
    """Check one shard's part of the images; returns also whether it was the last of its array.

    The last one has to ``verify`` the whole, which reads what no shard has proven, and all that no
    image tells. Raises as ``verify``.
    """
    install, token = open_begun(choices), CancelToken()
    part, lease = take_part(install.place, shard, "verify")
    with _kept(lease, token):
        part.begin()
        steps = _proving(replace(install, part=part))
        mine = [each for each in steps if isinstance(each, VerifyStep)]
        outcomes = [_prove(step, shard, watch, token, deep=deep) for step in mine]
        token.check()
    found = Verification(
        collection=install.plan.collection,
        dest=install.plan.dest,
        sound=all(summary.sound for summary in outcomes),
        datasets=tuple(outcomes),
        shard=str(shard),
    )
    return found, end_part(part)


def _prove(
    step: VerifyStep, shard: Shard, watch: Watch, token: CancelToken, *, deep: bool
) -> Summary:
    context, began = StepContext(token=token), time.monotonic()
    with watch(step.dataset, context.counter), _cancelled_by_keys(token):
        findings = step.prove_part(shard, context, use="by hand", deep=deep)
    return Summary(
        dataset=step.dataset,
        checked=Checked(images=context.counter.done),
        seconds=round(time.monotonic() - began, 3),
        groups=grouped(findings),
        findings=findings,
    )


def _proving(install: Install) -> list[Step]:
    planned = [step for step in install.plan.steps if known_kinds().proves(step.spec)]
    return [build_step(each, install) for each in planned]


def _close_array(install: Install) -> None:
    """Forget the shards of a verification that is over; those of a run have their own end."""
    record = read_array(install.place.state)
    if record is not None and record.work == "verify":
        with contextlib.suppress(OSError):
            close_array(install.place.state, (), complete=not record.unfinished)


def make(choices: Choices, address: str, *, dry_run: bool) -> Made:
    """Make what is missing of one label step, or only name it; raises ``UsageError`` for others."""
    install = open_install(choices)
    step = _label_step(install, address)
    if dry_run:
        paths = [path for paths in step.work.expected() for path in paths]
        missing = tuple(str(path) for path in paths if not Path(path).is_file())
        return Made(len(paths) - len(missing), step.work.unit, missing, len(paths))
    context = StepContext()
    with _kept(acquire(install.place), context.token):
        step.run(context)
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
def _held(place: Place, token: CancelToken) -> Iterator[None]:
    """Keep runners away meanwhile; a tree that cannot be written needs no such care."""
    try:
        lease = acquire(place)
    except DestinationError:
        yield
        return
    with _kept(lease, token):
        yield


@contextlib.contextmanager
def _kept(lease: Hold, token: CancelToken) -> Iterator[None]:
    """Keep a lease young within the block, cancelled once it is another's, and give it back."""
    try:
        with kept_young(lease, token.cancel):
            yield
    finally:
        lease.release()


def _verify(
    step: VerifyStep | CheckStep, watch: Watch, token: CancelToken, *, deep: bool
) -> Summary | Unchecked:
    context = StepContext(token=token)
    try:
        with watch(step.dataset, context.counter), _cancelled_by_keys(token):
            if isinstance(step, VerifyStep):
                return step.verify(context, deep=deep)
            return step.verify(context)
    except WizardError as error:
        return Unchecked(dataset=step.dataset, error=str(error), hint=error.hint)


@contextlib.contextmanager
def _cancelled_by_keys(token: CancelToken) -> Iterator[None]:
    """Have workers stop as well when a person interrupts the block."""
    try:
        yield
    except KeyboardInterrupt:
        token.cancel()
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
