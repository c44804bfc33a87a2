"""``segwizard attach``: watch, and answer, a run that goes on in the background."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path

import click

from wizard.engine.opening import found
from wizard.engine.remote import RemoteLink, attach
from wizard.engine.wire import RunnerGone
from wizard.errors import UsageError
from wizard.headless import exits, lines, say
from wizard.headless.ask import Asker
from wizard.headless.choosing import json_option
from wizard.headless.options import dest_option
from wizard.headless.run import again_line, exit_code
from wizard.headless.signals import Interrupted, interruptible
from wizard.headless.status import look
from wizard.headless.watch import JsonWatcher, PlainWatcher, Watcher, show

_TICK = 0.5


@click.command(name="attach", epilog=exits.EPILOG)
@dest_option
@click.option("--plain", is_flag=True, help="Plain lines only: for screen readers and logs.")
@json_option
@click.pass_obj
def command(open_screen: Callable[[Path], int], *, dest: Path, plain: bool, as_json: bool) -> int:
    """Watch the run in the background at --dest; leaving it (Ctrl+C) does not stop it."""
    dest = dest.expanduser()
    terminal = sys.stdin.isatty() and sys.stderr.isatty()
    if terminal and not (plain or as_json):
        return open_screen(dest)
    link = attach(dest)
    if link is None:
        raise UsageError(
            "no run goes on in the background here",
            where=str(dest),
            hint="segwizard status shows how the install stands",
        )
    watcher: Watcher = JsonWatcher() if as_json else PlainWatcher(steady=plain)
    asker = Asker() if terminal and not as_json else None
    return _follow(dest, link, watcher, asker)


def _follow(dest: Path, link: RemoteLink, watcher: Watcher, asker: Asker | None) -> int:
    with interruptible():
        try:
            while True:
                snapshot = show(watcher, link)
                if asker is None or not asker.ask_one(link, snapshot):
                    time.sleep(_TICK)
        except RunnerGone:
            watcher.end()
        except Interrupted:
            watcher.end()
            say.talk("left; the run goes on in the background")
            return exits.COMPLETE
        finally:
            link.close()
    snapshot = look("", dest)
    for line in lines.summary_lines(snapshot, again_line(found(dest))):
        say.talk(line)
    return exit_code(snapshot)
