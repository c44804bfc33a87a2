"""``segwizard verify``: prove every path, label and relabelled segment, and name what is wrong."""

from __future__ import annotations

import contextlib
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import click

from wizard import figures
from wizard.app import proving
from wizard.app.opening import Choices, Shard, found, parse_shard, usable_workers
from wizard.app.proving import Verification, chosen_for_work
from wizard.app.sessions import take_whole
from wizard.errors import UsageError
from wizard.findings import FailureGroup
from wizard.headless import exits
from wizard.headless.completing import complete_collections
from wizard.headless.options import (
    ListJob,
    choice_options,
    dest_option,
    json_option,
    shard_option,
    site_option,
)
from wizard.headless.terminal import say
from wizard.headless.terminal.lines import plausible_lines
from wizard.headless.terminal.signals import interruptible
from wizard.progress import Counter, Meter
from wizard.verify.summary import Summary

_PACE = 1.0
_SELDOM = 15.0


@click.command(name="verify", cls=ListJob)
@click.argument("collection", shell_complete=complete_collections, default="")
@dest_option
@site_option
@choice_options
@click.option("--workers", type=click.IntRange(min=1), help="Processors to use.")
@click.option("--scheduler", default="", help="Address of a dask scheduler that does the work.")
@click.option("--deep", is_flag=True, help="Decode every image in full too; takes hours.")
@click.option("--repair", is_flag=True, help="Delete broken labels, so that run makes them anew.")
@shard_option
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
    scheduler: str,
    deep: bool,
    repair: bool,
    shard: str,
    show_all: bool,
    as_json: bool,
) -> int:
    """Check the datasets at --dest whole, whatever was checked before.

    Nothing stops at the first fault; faults are grouped by cause, each with what mends it.

    With --shard 0/8 to 7/8, started on as many machines that share a disk, each checks its part of
    the images, and the last one to end checks what is left of the whole and gives the verdict.
    """
    choices = found(dest.expanduser(), collection, site)
    tell = partial(_tell, as_json=as_json, show_all=show_all)
    choices = chosen_for_work(choices, workers or usable_workers(), only, without, scheduler)
    if shard and repair:
        raise UsageError("a shard repairs nothing", hint="repair once the whole is verified")
    if shard:
        return _verify_shard(choices, parse_shard(shard), deep=deep, tell=tell)
    with interruptible():
        found_out = proving.verify(choices, _told, deep=deep, repair=repair)
    if repair:
        removed = figures.count(found_out.repaired, "broken label")
        say.talk(f"removed {removed}; run makes them anew")
    return tell(found_out)


def _tell(found_out: Verification, *, as_json: bool, show_all: bool) -> int:
    """Print what was found; returns the exit code."""
    if as_json:
        say.json_data(found_out)
    else:
        for line in verdict_lines(found_out, show_all=show_all):
            say.data(line)
    return exits.COMPLETE if found_out.sound else exits.FAILED


def _verify_shard(
    choices: Choices, shard: Shard, *, deep: bool, tell: Callable[[Verification], int]
) -> int:
    """Verify one shard's part, and what is left of the whole after it where it was the last."""
    whole: list[Verification] = []
    with interruptible():
        found_out, last = proving.verify_part(choices, shard, _told, deep=deep)
    code = tell(found_out)
    if not last:
        return code
    say.talk("every shard has ended; this one verifies what is left of the whole")
    with interruptible():
        had = take_whole(lambda: whole.append(proving.verify(choices, _told, deep=deep)))
    return tell(whole[0]) if had else code


@contextlib.contextmanager
def _told(dataset: str, counter: Counter) -> Iterator[None]:
    """Say on stderr how far a dataset is: each second in a terminal, ever less often elsewhere."""
    over = threading.Event()
    ticker = threading.Thread(target=_tick, args=(dataset, counter, over), daemon=True)
    ticker.start()
    try:
        yield
    finally:
        over.set()
        ticker.join()


def _tick(dataset: str, counter: Counter, over: threading.Event) -> None:
    pace, meter = _PACE, Meter()
    meter.sample(time.monotonic(), 0)
    rewrites = sys.stderr.isatty()
    while not over.wait(pace):
        meter.sample(time.monotonic(), counter.done)
        line = _progress(dataset, counter, meter)
        if rewrites:
            say.rewrite(line)
        else:
            say.talk(line)
            pace = min(2 * pace, _SELDOM)
    if rewrites:
        say.rewrite("")


def _progress(dataset: str, counter: Counter, meter: Meter) -> str:
    """Say how much is done and how long the rest takes, as far as the meter tells."""
    done, total = counter.done, counter.total
    if not total:
        return f"{dataset}: reading its tables"
    left = meter.eta(total)
    rest = f", {figures.span(left)} left" if left else ""
    return f"{dataset}: {done:,} of {total:,} {counter.unit}{rest}"


def verdict_lines(verdict: Verification, *, show_all: bool) -> Iterator[str]:
    """Yield each dataset's outcome, then whether all is well."""
    for summary in verdict.datasets:
        yield from _summary_lines(summary, show_all=show_all)
    for failed in verdict.unchecked:
        yield f"{failed.dataset}: could not be checked: {failed.error}"
        if failed.hint:
            yield f"    do: {failed.hint}"
    wrong = sum(summary.wrong for summary in verdict.datasets)
    yield ""
    yield from plausible_lines(verdict.plausible)
    if verdict.shard and verdict.sound:
        yield f"Shard {verdict.shard} of {verdict.collection} in {verdict.dest}: its images hold."
    elif verdict.sound and verdict.plausible:
        yield f"{verdict.collection} in {verdict.dest}: sound as far as it can be proven."
    elif verdict.sound:
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


def _examples(summary: Summary, group: FailureGroup, *, show_all: bool) -> tuple[str, ...]:
    """Return what to list of a group: everything, or the first few, of a note only one."""
    if show_all:
        mine = (each for each in summary.findings if group.holds(each))
        return tuple(map(str, mine))
    return group.examples if group.fatal else group.examples[:1]
