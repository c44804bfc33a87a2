"""``segwizard pause``, ``resume``, ``retry`` and ``stop``: asking the runner, and being one."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from wizard.app import sessions
from wizard.app.background import serve
from wizard.engine.remote.protocol import AnyCommand, Pause, Resume, Retry
from wizard.headless import exits
from wizard.headless.options import GivenPath, dest_option
from wizard.headless.terminal import say
from wizard.headless.terminal.signals import CAUGHT


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
