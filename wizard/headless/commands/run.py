"""``segwizard run``: set up a collection, or go on with it, in plain lines or JSON Lines."""

from __future__ import annotations

import contextlib
import shlex
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import click
import msgspec

from wizard.app.app import App
from wizard.app.opening import (
    MANY,
    Choices,
    Settings,
    Shard,
    Wish,
    parse_shard,
    usable_workers,
)
from wizard.app.outcome import Outcome, ended_early, failed, last_page, outcome
from wizard.app.sessions import Session, end_part, take_whole
from wizard.engine.remote.protocol import Event, RunnerClient
from wizard.errors import UsageError
from wizard.findings import FailureGroup
from wizard.headless import exits
from wizard.headless.completing import complete_collections
from wizard.headless.options import (
    ListJob,
    as_size,
    as_span,
    choice_options,
    dest_option,
    json_option,
    shard_option,
    site_option,
)
from wizard.headless.terminal import lines, say
from wizard.headless.terminal.ask import Asker
from wizard.headless.terminal.lines import closing_lines
from wizard.headless.terminal.signals import Interrupted, StopRequests, counted
from wizard.headless.terminal.watch import JsonWatcher, PlainWatcher, Watcher, show
from wizard.views import Request, Snapshot

_TICK = 0.5
_GRACE = 5.0
_SILENT = 1.5
"""Seconds after which a run that was asked to stop says what it waits for."""


@dataclass(frozen=True, slots=True)
class Manner:
    """How a run shows itself and how long it waits for people."""

    as_json: bool = False
    plain: bool = False
    lasting: bool = True
    """Whether the install stays, so that what to do with it is worth telling."""
    wait: float = 0.0
    """Seconds to wait for people and space when there is nothing else left to do."""
    shard: str = ""
    """The shard whose part alone this is."""


@click.command(name="run", cls=ListJob)
@click.argument("collection", default="", shell_complete=complete_collections)
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
@shard_option
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
    shard: str,
    detach: bool,
    plain: bool,
    as_json: bool,
) -> int:
    """Set up COLLECTION below --dest, or go on with the install that is there already.

    Whatever is finished is recognised on disk and not done again. Nothing stops at the first
    failure; what waits for you is listed at the end with the command that answers it.

    With --shard 0/8 to 7/8, on machines that share a disk, each does its part of labels and proofs,
    one of them each archive, and the last to end what is left. Each can be killed and restarted.
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
    app = App(site=site, settings=settings)
    choices = app.choose(collection, dest, only, without)
    if choices.site != site:
        say.talk(f"using the site file of before: {choices.site}")
    manner = Manner(as_json=as_json, plain=plain, wait=wait)
    if shard:
        return run_shard(app, choices, _shard(shard, detach=detach), manner)
    if detach:
        return _detach(app, choices)
    asker = Asker() if not yes and _can_ask(manner) else None
    return run_through(app, choices, manner, asker.ask_one if asker else None)[1]


def _shard(text: str, *, detach: bool) -> Shard:
    if detach:
        raise UsageError("a shard cannot be detached", hint="start it with nohup, or as a job")
    return parse_shard(text)


def _can_ask(manner: Manner) -> bool:
    return not manner.as_json and sys.stdin.isatty() and sys.stderr.isatty()


def _executor(named: Wish, scheduler: str) -> Wish:
    """Take an address as the wish for a cluster; raises ``UsageError`` for one without."""
    if named == "dask" and not scheduler:
        raise UsageError("a cluster needs an address", hint="give --scheduler tcp://HOST:PORT")
    return "dask" if scheduler else named


Answerer = Callable[[RunnerClient, Snapshot], bool]
"""Answers one question a run has for a person, if there is one it can; tells whether it did."""


def run_through(
    app: App, choices: Choices, manner: Manner, answer: Answerer | None = None
) -> tuple[Snapshot | None, int]:
    """Show a run of this process, with the summary; returns how it ended and the exit code.

    None in place of the end where it was interrupted.
    """
    watcher = _watcher(manner)
    _tell_looking(watcher, choices.dest)
    return _run_session(app.ready(choices), watcher, manner, answer)


def _watcher(manner: Manner) -> Watcher:
    return JsonWatcher() if manner.as_json else PlainWatcher(steady=manner.plain)


def _run_session(
    session: Session, watcher: Watcher, manner: Manner, answer: Answerer | None = None
) -> tuple[Snapshot | None, int]:
    for note in session.notes:
        say.talk(f"note: {note}")
    if session.runner is None:
        return _at_rest(session, watcher, manner)
    with counted() as stops:
        try:
            session.start()
            show(watcher, session.link)
            snapshot = _follow(session, watcher, manner, answer, stops)
        except Interrupted:
            return None, _interrupted(session, watcher, manner, stops)
        except BaseException:
            session.stop(_GRACE)
            raise
        session.stop(_GRACE)
        watcher.end()
    code = ended_early(session) or outcome(snapshot)
    _conclude(session, snapshot, manner, code)
    return snapshot, code


def run_shard(app: App, choices: Choices, shard: Shard, manner: Manner) -> int:
    """Run one shard's part, and the whole after it where it was the last; returns the exit code."""
    watcher = _watcher(manner)
    _tell_looking(watcher, choices.dest)
    session = app.ready_shard(choices, shard, manner.wait)
    mine = replace(manner, lasting=False, shard=str(shard), wait=0.0)
    snapshot, code = _run_session(session, watcher, mine)
    if snapshot is None or ended_early(session) or session.runner is None:
        return code
    if not end_part(session.runner.install.part):
        return code
    say.talk("every shard has ended; this one does what is left of the whole")
    whole = app.ready(choices)
    if not take_whole(whole.start):
        say.talk("another run does what is left of the whole")
        return code
    return _run_session(whole, _watcher(manner), manner)[1]


def _at_rest(session: Session, watcher: Watcher, manner: Manner) -> tuple[Snapshot, int]:
    """Tell of a finished install where nobody may write: to look is all there is to do."""
    snapshot = show(watcher, session.link)
    watcher.end()
    _conclude(session, snapshot, manner, Outcome.COMPLETE)
    return snapshot, Outcome.COMPLETE


def _tell_looking(watcher: Watcher, dest: Path) -> None:
    """Say that it has begun: to look at a million files takes a while."""
    text = f"looking at what is in {dest}"
    watcher.event(Event(moment=time.time(), level="info", text=text))


def _follow(
    session: Session,
    watcher: Watcher,
    manner: Manner,
    answer: Answerer | None,
    stops: StopRequests,
) -> Snapshot:
    """Show the run and have its questions answered, until it is settled; returns how it stood then.

    Raises ``Interrupted`` when it was stopped before, by whom ever.
    """
    waiting = _Waiting(manner.wait)
    while not session.over:
        stops.check()
        session.wait_settled(_TICK)
        # One look tells whether it settled and how it stands: what arrives in between may move it.
        snapshot = show(watcher, session.link)
        if answer is not None and not snapshot.paused:
            watcher.end()
            if answer(session.link, snapshot):
                continue
            snapshot = session.link.snapshot()
        if snapshot.settled and not snapshot.paused and not waiting.left(snapshot):
            return snapshot
        if snapshot.settled:
            time.sleep(_TICK)
    raise Interrupted


class _Waiting:
    """How long to stay when only people or space can help."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._since: float | None = None

    def left(self, snapshot: Snapshot) -> bool:
        """Whether it is worth waiting on."""
        if any(step.request and step.request.soon for step in snapshot.steps):
            return True
        if not any(step.state in ("waiting", "paused") for step in snapshot.steps):
            return False
        self._since = time.monotonic() if self._since is None else self._since
        return time.monotonic() - self._since < self._seconds


def _interrupted(session: Session, watcher: Watcher, manner: Manner, stops: StopRequests) -> int:
    """Stop cleanly and return the exit code; a second signal leaves at once."""
    watcher.end()
    if not session.over:
        say.talk("stopping; once more leaves at once")
    began, told = time.monotonic(), False
    while not session.stop(_TICK / 5) and stops.count < 2 and time.monotonic() - began < _GRACE:
        if not told and time.monotonic() - began > _SILENT:
            told = True
            busy = ", ".join(_under_way(session.link.snapshot())) or "what was begun"
            say.talk(f"still putting down {busy}; it is left at once in {_GRACE - _SILENT:g} s")
    code = ended_early(session) or Outcome.UNFINISHED
    # Where the terminal was hung up nobody reads this any more.
    with contextlib.suppress(OSError, say.OutputError):
        snapshot = show(watcher, session.link)
        watcher.end()
        _conclude(session, snapshot, manner, code)
    return code


class WaitingLine(Request, frozen=True, kw_only=True):
    """What a step wants from a person, and which step it is."""

    address: str


def _under_way(snapshot: Snapshot) -> Iterator[str]:
    return (step.address for step in snapshot.steps if step.state == "running")


class SummaryLine(msgspec.Struct, frozen=True, tag_field="type", tag="summary"):
    """The last line of ``--json``."""

    complete: bool
    partial: bool
    exit_code: int
    done_steps: int
    total_steps: int
    waiting: tuple[WaitingLine, ...]
    failed: tuple[FailureGroup, ...]
    again: str
    shard: str
    """The shard, as ``0/8``, whose part alone it is of; empty for the whole."""


def _conclude(session: Session, snapshot: Snapshot, manner: Manner, code: int) -> None:
    """Print what came of it, with the last page once everything chosen is done."""
    finished = manner.lasting and outcome(snapshot) is Outcome.COMPLETE
    page = last_page(session, snapshot) if finished else None
    if manner.as_json:
        if page is not None:
            say.json_data(page, indent=0)
        say.json_data(_summary(snapshot, session.again, code, manner.shard), indent=0)
        return
    verdict = lines.shard_verdict(snapshot, manner.shard) if manner.shard else ""
    for line in lines.summary_lines(snapshot, session.again, verdict):
        say.data(line)
    for line in closing_lines(page) if page is not None else ():
        say.data(line)


def _summary(snapshot: Snapshot, again: str, code: int, shard: str) -> SummaryLine:
    return SummaryLine(
        complete=snapshot.complete and not shard,
        partial=snapshot.partial,
        exit_code=code,
        done_steps=sum(step.state == "done" for step in snapshot.steps),
        total_steps=len(snapshot.steps),
        waiting=tuple(
            WaitingLine(address=step.address, **msgspec.structs.asdict(step.request))
            for step in snapshot.steps
            if step.request is not None
        ),
        failed=failed(snapshot),
        again=again,
        shard=shard,
    )


def _detach(app: App, choices: Choices) -> int:
    """Leave a runner in the background and say how to reach it."""
    _tell_looking(PlainWatcher(steady=True), choices.dest)
    session, runner = app.launch(choices)
    session.link.close()
    say.talk(f"running in the background: {runner}")
    place = shlex.quote(str(choices.dest))
    say.data(f"watch it: segwizard attach --dest {place}")
    say.data(f"stop it:  segwizard stop --dest {place}")
    return exits.COMPLETE
