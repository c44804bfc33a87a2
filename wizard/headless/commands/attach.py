"""``segwizard attach``: watch, steer and answer a run in another terminal or the background."""

from __future__ import annotations

import contextlib
import signal
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import click

from wizard.app import sessions
from wizard.app.background import serve
from wizard.app.outcome import Outcome, last_page, outcome
from wizard.app.sessions import RunnerGone, Session, follow, join
from wizard.engine.remote.protocol import AnyCommand, Pause, Resume, Retry
from wizard.headless import exits
from wizard.headless.options import GivenPath, JobCommand, dest_option, json_option
from wizard.headless.terminal import lines, say
from wizard.headless.terminal.ask import Asker
from wizard.headless.terminal.lines import closing_lines
from wizard.headless.terminal.signals import CAUGHT, Interrupted, counted
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


@click.command(name="pause")
@dest_option
@click.argument("archive", default="")
def pause(*, dest: Path, archive: str) -> int:
    """Pause the run at --dest, or one ARCHIVE of it."""
    return _ask(dest, Pause(archive=archive))


@click.command(name="resume")
@dest_option
@click.argument("archive", default="")
def resume(*, dest: Path, archive: str) -> int:
    """Go on with what was paused: everything, or one ARCHIVE."""
    return _ask(dest, Resume(archive=archive))


@click.command(name="retry")
@dest_option
@click.argument("address", default="")
def retry(*, dest: Path, address: str) -> int:
    """Try failed steps again: all, or the one at ADDRESS (dataset/step)."""
    return _ask(dest, Retry(address=address))


@click.command(name="stop")
@dest_option
def stop(*, dest: Path) -> int:
    """Stop the run at --dest, wherever it shows itself; what is finished stays."""
    say.talk(sessions.stop(dest).text)
    say.talk("stopped")
    return exits.COMPLETE


def _ask(dest: Path, command: AnyCommand) -> int:
    say.talk(sessions.steer(dest, command).text)
    return exits.COMPLETE


@click.command(name="_serve", hidden=True)
@click.option("--dest", type=GivenPath(), required=True)
@click.option("--orders", type=int, required=True)
@click.option("--ready", type=int, required=True)
def background(*, dest: Path, orders: int, ready: int) -> int:
    """Run what the orders say, for viewers on a socket."""
    stop = threading.Event()
    for number in CAUGHT:
        signal.signal(number, lambda *_: stop.set())
    return serve(dest, orders, ready, stop)
