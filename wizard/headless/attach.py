"""``segwizard attach``: watch, steer and answer a run in another terminal or the background."""

from __future__ import annotations

import contextlib
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from wizard.engine.follow import Follower
from wizard.engine.opening import found, open_install
from wizard.engine.wire import RunnerGone
from wizard.headless import exits, lines, say
from wizard.headless.ask import Asker
from wizard.headless.choosing import json_option
from wizard.headless.control import joined
from wizard.headless.options import dest_option
from wizard.headless.run import again_line, exit_code
from wizard.headless.signals import Interrupted, counted
from wizard.headless.watch import JsonWatcher, PlainWatcher, Watcher, show

_TICK = 0.5


@click.command(name="attach", epilog=exits.EPILOG)
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
    link = joined(dest)
    if terminal and not (plain or as_json):
        link.close()
        return open_screen(dest)
    watcher: Watcher = JsonWatcher() if as_json else PlainWatcher(steady=plain)
    asker = Asker() if terminal and not as_json else None
    return _follow(Follower(open_install(found(dest)), link), watcher, asker)


def _follow(link: Follower, watcher: Watcher, asker: Asker | None) -> int:
    with counted() as stops:
        try:
            while not link.at_rest:
                stops.check()
                if not _asked(asker, link, watcher):
                    time.sleep(_TICK)
        except Interrupted:
            say.talk("left; the run goes on")
            return exits.COMPLETE
        finally:
            watcher.end()
            link.close()
    snapshot = link.snapshot()
    for line in lines.summary_lines(snapshot, again_line(found(Path(snapshot.dest)))):
        say.talk(line)
    return exit_code(snapshot)


def _asked(asker: Asker | None, link: Follower, watcher: Watcher) -> bool:
    """Show how it stands and ask one question; returns whether there was one."""
    with contextlib.suppress(RunnerGone):
        snapshot = show(watcher, link)
        return asker is not None and snapshot.running and asker.ask_one(link, snapshot)
    return False
