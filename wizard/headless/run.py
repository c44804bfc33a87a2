"""``segwizard run``: set up a collection, or go on with it, in plain lines or JSON Lines."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import msgspec

from wizard.engine.executors import MANY, Wish
from wizard.engine.install import Install, Settings
from wizard.engine.link import RunnerLink
from wizard.engine.opening import (
    Choices,
    VaultOpener,
    open_install,
    remembered,
    usable_workers,
)
from wizard.engine.runner import Runner
from wizard.engine.serve import door_at
from wizard.engine.views import Snapshot
from wizard.errors import UsageError
from wizard.headless import exits, lines, say
from wizard.headless.ask import Asker
from wizard.headless.choosing import ListCommand, choice_options, json_option, site_option
from wizard.headless.options import as_size, as_span, dest_option
from wizard.headless.signals import Interrupted, StopRequests, counted
from wizard.headless.watch import JsonWatcher, PlainWatcher, Watcher, show
from wizard.recipes.loader import anywhere

_TICK = 0.5
_GRACE = 5.0


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run shows itself and how long it waits for people."""

    as_json: bool = False
    plain: bool = False
    ask: bool = False
    wait: float = 0.0
    """Seconds to wait for people and space when there is nothing else left to do."""


def asked_for(
    collection: str,
    dest: Path,
    only: tuple[str, ...],
    without: tuple[str, ...],
    site: Path | None,
    settings: Settings,
) -> Choices:
    """Return what was asked for, with the site file of the last run unless another is given."""
    # The line to go on with is also pasted elsewhere, or read in a log.
    dest, collection = dest.expanduser().absolute(), anywhere(collection)
    before = remembered(dest)
    if site is None and before is not None and before.site and before.collection == collection:
        site = before.site
        say.talk(f"using the site file of before: {site}")
    return Choices(collection, dest, only, without, site, settings)


@click.command(name="run", cls=ListCommand, epilog=exits.EPILOG)
@click.argument("collection")
@dest_option
@site_option
@choice_options
@click.option("--yes", is_flag=True, help="Accept every dataset's terms; ask nothing.")
@click.option("--workers", type=click.IntRange(min=1), help="Processors for label work.")
@click.option(
    "--executor",
    type=click.Choice(["auto", "threads", "processes", "dask"]),
    default="auto",
    show_default=True,
    help=f"What label work runs on; auto: threads, or processes from {MANY} workers on.",
)
@click.option("--scheduler", default="", help="Address of a dask scheduler.")
@click.option(
    "--keep-archives/--delete-archives",
    default=None,
    help="Archives of proven datasets; default: as the recipe says, never ones you put there.",
)
@click.option("--rate-limit", default="0", callback=as_size, help="Bytes a second, as 20MB.")
@click.option(
    "--transfers", type=click.IntRange(1, 32), default=4, show_default=True, help="Files at once."
)
@click.option("--keep-credentials", is_flag=True, help="Do not clear credentials at the end.")
@click.option("--wait", default="0", callback=as_span, help="Wait for people, as 8h or 2d.")
@click.option("--detach", is_flag=True, help="Go on in the background; see attach and stop.")
@click.option("--plain", is_flag=True, help="Plain lines only: for screen readers and logs.")
@json_option
def command(
    *,
    collection: str,
    dest: Path,
    site: Path | None,
    only: tuple[str, ...],
    without: tuple[str, ...],
    yes: bool,
    workers: int | None,
    executor: Wish,
    scheduler: str,
    keep_archives: bool | None,
    rate_limit: int,
    transfers: int,
    keep_credentials: bool,
    wait: float,
    detach: bool,
    plain: bool,
    as_json: bool,
) -> int:
    """Set up COLLECTION below --dest, or go on with what is missing there.

    Whatever is finished is recognised on disk and not done again. Nothing stops at the first
    failure; what waits for you is listed at the end with the command that answers it.
    """
    settings = Settings(
        workers=workers or usable_workers(),
        executor=_executor(executor, scheduler),
        scheduler=scheduler,
        keep_archives=keep_archives,
        rate_limit=rate_limit,
        transfers=transfers,
        accept_terms=yes,
        clear_credentials=not keep_credentials,
    )
    choices = asked_for(collection, dest, only, without, site, settings)
    install = prepare(choices)
    if detach:
        return _detach(choices, install)
    asking = not yes and not as_json and sys.stdin.isatty() and sys.stderr.isatty()
    manner = Manner(as_json=as_json, plain=plain, ask=asking, wait=wait)
    return run_here(install, choices, manner)


def _executor(named: Wish, scheduler: str) -> Wish:
    """Take an address as the wish for a cluster; raises ``UsageError`` for one without."""
    if named == "dask" and not scheduler:
        raise UsageError("a cluster needs an address", hint="give --scheduler tcp://HOST:PORT")
    return "dask" if scheduler else named


def prepare(choices: Choices, *, vault: VaultOpener | None = None) -> Install:
    """Open the install and check that the destination can take it; raises ``WizardError``."""
    from wizard.engine.survey import done_steps
    from wizard.plan.preflight import check_destination

    install = open_install(choices, vault=vault)
    if choices.settings.executor == "dask":
        from wizard.engine.crews import check_scheduler

        check_scheduler(choices.settings.scheduler)
    check = check_destination(
        install.plan, choices.dest, install.settings.workers, done=done_steps(install)
    )
    for note in check.notes:
        say.talk(f"note: {note}")
    return install


def to_remember(choices: Choices, install: Install) -> Choices:
    """Return what to write down of an install: these choices and those of before."""
    return choices.added_to(remembered(choices.dest), install.recipe)


def run_here(install: Install, choices: Choices, manner: Manner) -> int:
    """Run in this process until all is done or nothing more can be; returns the exit code."""
    asker = Asker() if manner.ask else None
    snapshot = run_through(install, choices, manner, asker.ask_one if asker else None)
    return exits.INTERRUPTED if snapshot is None else exit_code(snapshot)


Answerer = Callable[[RunnerLink, Snapshot], bool]
"""Answers one question a run has for a person, if there is one it can; tells whether it did."""


def run_through(
    install: Install, choices: Choices, manner: Manner, answer: Answerer | None = None
) -> Snapshot | None:
    """Run in this process and show it, with the summary; None when it was interrupted."""
    state = to_remember(choices, install).state()
    runner = Runner(install, state=state, door=door_at(choices.dest))
    watcher: Watcher = JsonWatcher() if manner.as_json else PlainWatcher(steady=manner.plain)
    with counted() as stops:
        try:
            runner.start()
            _follow(runner, watcher, manner, answer, stops)
        except Interrupted:
            _interrupted(runner, watcher, manner, again_line(choices), stops)
            return None
        except BaseException:
            runner.stop(_GRACE)
            raise
        snapshot = show(watcher, runner)
        runner.stop(_GRACE)
        watcher.end()
    _conclude(snapshot, manner, again_line(choices))
    return snapshot


def _follow(
    runner: Runner,
    watcher: Watcher,
    manner: Manner,
    answer: Answerer | None,
    stops: StopRequests,
) -> None:
    """Show the run and have its questions answered, until it is settled.

    Raises ``Interrupted`` when it was stopped before, by whom ever.
    """
    patience = _Patience(manner.wait)
    while not runner.ended:
        stops.check()
        # What is shown and answered comes after it settled: no question may slip in between.
        settled = runner.wait_settled(_TICK)
        snapshot = show(watcher, runner)
        if answer is not None and not snapshot.paused:
            watcher.end()
            if answer(runner, snapshot):
                continue
        if settled and not snapshot.paused and not patience.left(runner.snapshot()):
            return
        if settled:
            time.sleep(_TICK)
    raise Interrupted


class _Patience:
    """How long to stay when only people or space can help."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def left(self, snapshot: Snapshot) -> bool:
        """Whether it is worth waiting on."""
        if any(step.need and step.need.soon for step in snapshot.steps):
            return True
        if not any(step.state in ("waiting", "paused") for step in snapshot.steps):
            return False
        self._since = time.monotonic() if self._since is None else self._since
        return time.monotonic() - self._since < self._seconds


def _interrupted(
    runner: Runner, watcher: Watcher, manner: Manner, again: str, stops: StopRequests
) -> None:
    """Stop cleanly; a second signal leaves at once."""
    watcher.end()
    if not runner.ended:
        say.talk("stopping; once more leaves at once")
    deadline = time.monotonic() + _GRACE
    while not runner.stop(_TICK / 5) and stops.count < 2 and time.monotonic() < deadline:
        pass
    # Where the terminal was hung up nobody reads this any more.
    with contextlib.suppress(OSError, say.OutputError):
        snapshot = show(watcher, runner)
        watcher.end()
        _conclude(snapshot, manner, again)


class SummaryLine(msgspec.Struct, frozen=True, tag_field="type", tag="summary"):
    """The last line of ``--json``."""

    complete: bool
    partial: bool
    exit_code: int
    done_steps: int
    total_steps: int
    waiting: tuple[dict[str, Any], ...]
    failed: tuple[dict[str, Any], ...]
    again: str


def _conclude(snapshot: Snapshot, manner: Manner, again: str) -> None:
    if manner.as_json:
        say.json_data(_summary(snapshot, again), indent=0)
        return
    for line in lines.summary_lines(snapshot, again):
        say.data(line)


def _summary(snapshot: Snapshot, again: str) -> SummaryLine:
    return SummaryLine(
        complete=snapshot.complete,
        partial=snapshot.partial,
        exit_code=exit_code(snapshot),
        done_steps=sum(step.state == "done" for step in snapshot.steps),
        total_steps=len(snapshot.steps),
        waiting=tuple(
            {"address": step.address, **say.complete(step.need)}
            for step in snapshot.steps
            if step.need is not None
        ),
        failed=tuple(
            {**say.complete(cause.group), "steps": cause.addresses}
            for cause in lines.failed(snapshot)
        ),
        again=again,
    )


def exit_code(snapshot: Snapshot) -> int:
    """Return the exit code of a run that ended like this."""
    states = {step.state for step in snapshot.steps}
    full = any(step.need and step.need.kind == "space" for step in snapshot.steps)
    if states <= {"done"}:
        return exits.COMPLETE
    if "failed" in states:
        return exits.FAILED
    if full:
        return exits.DESTINATION
    return exits.WAITING if "waiting" in states else exits.INTERRUPTED


def again_line(choices: Choices) -> str:
    """Return the command that goes on with an install."""
    words = ["segwizard", "run", choices.collection, "--dest", str(choices.dest)]
    words += [f"--only={','.join(choices.only)}"] if choices.only else []
    words += [f"--without={','.join(choices.without)}"] if choices.without else []
    return shlex.join(words)


def _detach(choices: Choices, install: Install) -> int:
    """Leave a runner in the background and say how to reach it."""
    from wizard.engine.detach import Orders, start_detached

    keep = to_remember(choices, install).state()
    orders = Orders(state=choices.state(), keep=keep, handed=handover(install))
    link = start_detached(choices.dest, orders, sites=install.recipe.sites)
    say.talk(f"running in the background: {link.snapshot().runner}")
    link.close()
    place = shlex.quote(str(choices.dest))
    say.data(f"watch it: segwizard attach --dest {place}")
    say.data(f"stop it:  segwizard stop --dest {place}")
    return exits.COMPLETE


def handover(install: Install) -> bytes:
    """Return the secrets only this process holds, for the pipe to a background runner."""
    from wizard.credentials.ladder import Ladder

    return install.vault.handover() if isinstance(install.vault, Ladder) else b""
