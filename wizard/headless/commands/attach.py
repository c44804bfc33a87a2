"""``segwizard attach``, ``log`` and ``show``: a run in another terminal, and what it said."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from wizard.app import machine
from wizard.app.outcome import Outcome, last_page, outcome
from wizard.app.sessions import RunnerGone, Session, follow, join, newest_events
from wizard.headless import exits
from wizard.headless.options import LARGEST_NUMBER, JobCommand, dest_option, json_option
from wizard.headless.terminal import lines, say
from wizard.headless.terminal.ask import Asker
from wizard.headless.terminal.lines import closing_lines
from wizard.headless.terminal.signals import Interrupted, counted
from wizard.headless.terminal.watch import JsonWatcher, PlainWatcher, Watcher, show

_TICK = 0.5


@click.command(name="attach", cls=JobCommand)
@dest_option
@click.option("--plain", is_flag=True, help="Plain lines only: for screen readers and logs.")
@json_option
@click.pass_obj
def command(open_screen: Callable[[Path], int], *, dest: Path, plain: bool, as_json: bool) -> int:
    """Watch the run at --dest, in the background or another terminal of yours, and answer it.

    Leaving (Ctrl+C) does not stop it.
    """
    dest = dest.expanduser()
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if terminal and not (plain or as_json):
        join(dest).close()
        return open_screen(dest)
    watcher: Watcher = JsonWatcher() if as_json else PlainWatcher(steady=plain)
    asker = Asker() if terminal and not as_json else None
    return _follow(follow(dest), watcher, asker)


def _follow(session: Session, watcher: Watcher, asker: Asker | None) -> int:
    with counted() as stops:
        try:
            while not session.over:
                stops.check()
                if not _asked(asker, session, watcher):
                    time.sleep(_TICK)
        except Interrupted:
            say.talk("left; the run goes on")
            return exits.COMPLETE
        finally:
            watcher.end()
            session.link.close()
    snapshot = session.link.snapshot()
    for line in lines.summary_lines(snapshot, session.again):
        say.talk(line)
    if outcome(snapshot) is Outcome.COMPLETE:
        for line in closing_lines(last_page(session, snapshot)):
            say.talk(line)
    return outcome(snapshot)


def _asked(asker: Asker | None, session: Session, watcher: Watcher) -> bool:
    """Show how it stands and ask one question; returns whether there was one."""
    with contextlib.suppress(RunnerGone):
        snapshot = show(watcher, session.link)
        return asker is not None and snapshot.running and asker.ask_one(session.link, snapshot)
    return False


@click.command(name="show")
@click.argument("what", type=click.Choice(["copied"]), default="copied")
def copied(*, what: str) -> int:
    """Print what was copied last on screen: for terminals that do not let programs copy."""
    say.data(machine.copied(), several=True)
    return exits.COMPLETE


@click.command(name="log")
@dest_option
@click.option(
    "--lines", "most", type=click.IntRange(1, LARGEST_NUMBER), default=50, show_default=True
)
def log(*, dest: Path, most: int) -> int:
    """Print the newest lines of the install's log, oldest first; secrets never were in it."""
    for event in newest_events(dest.expanduser(), most):
        say.data(lines.event_line(event))
    return exits.COMPLETE
