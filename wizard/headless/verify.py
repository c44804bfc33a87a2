"""``segwizard verify``: prove every path, label and relabelled segment, and name what is wrong."""

from __future__ import annotations

import contextlib
import sys
import threading
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

import click
import msgspec

from wizard import figures
from wizard.engine.install import Install, Settings
from wizard.engine.kinds.check import CheckStep
from wizard.engine.kinds.registry import build_step
from wizard.engine.kinds.verify import VerifyStep
from wizard.engine.lease import acquire
from wizard.engine.opening import found, open_begun, usable_workers
from wizard.engine.step import Place, StepContext
from wizard.errors import DestinationError, WizardError
from wizard.headless import exits, say
from wizard.headless.choosing import ListCommand, choice_options, json_option, site_option
from wizard.headless.options import dest_option
from wizard.headless.signals import interruptible
from wizard.recipes.postconditions import Check
from wizard.recipes.steps import Report, Verify
from wizard.verify.summary import Group, Summary

_PACE = 1.0
T = TypeVar("T")


class Unchecked(msgspec.Struct, frozen=True, kw_only=True):
    """A dataset that could not be checked at all, and why."""

    dataset: str
    error: str
    hint: str = ""


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What ``--json`` prints."""

    collection: str
    dest: str
    sound: bool
    datasets: tuple[Summary, ...]
    unchecked: tuple[Unchecked, ...] = ()


@click.command(name="verify", cls=ListCommand, epilog=exits.EPILOG)
@click.argument("collection", default="")
@dest_option
@site_option
@choice_options
@click.option("--workers", type=click.IntRange(min=1), help="Processors to use.")
@click.option("--deep", is_flag=True, help="Decode every image in full too; takes hours.")
@click.option("--repair", is_flag=True, help="Delete broken labels, so that run makes them anew.")
@click.option("--all", "show_all", is_flag=True, help="List every finding, not the first of each.")
@json_option
def command(
    *,
    collection: str,
    dest: Path,
    site: Path | None,
    only: tuple[str, ...],
    without: tuple[str, ...],
    workers: int | None,
    deep: bool,
    repair: bool,
    show_all: bool,
    as_json: bool,
) -> int:
    """Check the datasets at --dest whole, whatever was checked before.

    Nothing stops at the first fault; faults are grouped by cause, each with what mends it.
    """
    choices = found(dest.expanduser(), collection, site)
    if only or without:
        choices = replace(choices, only=only, without=without)
    choices = replace(choices, settings=Settings(workers=workers or usable_workers()))
    install = open_begun(choices)
    planned = [step for step in install.plan.steps if isinstance(step.spec, Verify | Check)]
    built = [build_step(each, install) for each in planned]
    steps = [step for step in built if isinstance(step, VerifyStep | CheckStep)]
    with interruptible(), _held(install.place):
        outcomes = [_verify(step, quiet=as_json, deep=deep) for step in steps]
        if repair:
            _repair(steps)
        _report(install)
    verdict = _verdict(install.plan.collection, install.plan.dest, outcomes)
    if as_json:
        say.json_data(verdict)
    else:
        for line in verdict_lines(verdict, show_all=show_all):
            say.data(line)
    return exits.COMPLETE if verdict.sound else exits.FAILED


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


def _verify(step: VerifyStep | CheckStep, *, quiet: bool, deep: bool) -> Summary | Unchecked:
    context = StepContext()
    over = threading.Event()
    ticker = threading.Thread(target=_tick, args=(step, context, over), daemon=True)
    if not quiet:
        ticker.start()
    try:
        if isinstance(step, VerifyStep):
            return step.verify(context, deep=deep)
        return step.verify(context)
    except WizardError as error:
        return Unchecked(dataset=step.dataset, error=str(error), hint=error.hint)
    except KeyboardInterrupt:
        context.token.cancel()
        raise
    finally:
        over.set()
        if ticker.is_alive():
            ticker.join()


def _tick(step: VerifyStep | CheckStep, context: StepContext, over: threading.Event) -> None:
    """Show once a second how far it is, in a terminal."""
    if not sys.stderr.isatty():
        return
    while not over.wait(_PACE):
        counter = context.counter
        total = f" of {counter.total:,}" if counter.total else ""
        say.raw(f"\r\x1b[K{step.dataset}: {counter.done:,}{total} {counter.unit}")
    say.raw("\r\x1b[K")


def _repair(steps: Sequence[VerifyStep | CheckStep]) -> None:
    removed = [path for step in steps for path in step.repair()]
    say.talk(f"removed {figures.count(len(removed), 'broken label')}; run makes them anew")


def _report(install: Install) -> None:
    """Write the report anew if there was one: it shows the verifications just made."""
    for planned in install.plan.steps:
        if isinstance(planned.spec, Report):
            step = build_step(planned, install)
            if step.probe().detail:
                with contextlib.suppress(OSError):
                    step.run(StepContext())


def _verdict(collection: str, dest: str, outcomes: list[Summary | Unchecked]) -> Verdict:
    summaries = tuple(each for each in outcomes if isinstance(each, Summary))
    unchecked = tuple(each for each in outcomes if isinstance(each, Unchecked))
    return Verdict(
        collection=collection,
        dest=dest,
        sound=not unchecked and all(summary.sound for summary in summaries),
        datasets=summaries,
        unchecked=unchecked,
    )


def verdict_lines(verdict: Verdict, *, show_all: bool) -> Iterator[str]:
    """Yield each dataset's outcome, then whether all is well."""
    for summary in verdict.datasets:
        yield from _summary_lines(summary, show_all=show_all)
    for failed in verdict.unchecked:
        yield f"{failed.dataset}: could not be checked: {failed.error}"
        if failed.hint:
            yield f"    do: {failed.hint}"
    wrong = sum(g.count for s in verdict.datasets for g in s.groups if g.fatal)
    yield ""
    if verdict.sound:
        yield f"{verdict.collection} in {verdict.dest}: every check holds."
    else:
        faults = figures.count(wrong, "fault")
        yield f"{verdict.collection} in {verdict.dest}: {faults} to mend."


def _summary_lines(summary: Summary, *, show_all: bool) -> Iterator[str]:
    yield (
        f"{summary.dataset}: {'sound' if summary.sound else 'NOT SOUND'}, "
        f"{summary.checked.words() or 'nothing'} in {figures.span(summary.seconds)}"
    )
    for group in summary.groups:
        yield f"  {'' if group.fatal else 'note: '}{group.title} ({group.count:,})"
        shown = _examples(summary, group, show_all=show_all)
        yield from (f"      {example}" for example in shown)
        if group.count > len(shown):
            yield f"      and {group.count - len(shown):,} more: --all lists them"
        if group.hint and group.fatal:
            yield f"      do: {group.hint}"


def _examples(summary: Summary, group: Group, *, show_all: bool) -> tuple[str, ...]:
    """Return what to list of a group: everything, or the first few, of a note only one."""
    if show_all:
        mine = (each for each in summary.findings if each.cause == group.cause)
        return tuple(f"{each.path}: {each.detail}" for each in mine)
    return group.examples if group.fatal else group.examples[:1]
