"""The background runner's own command, started by the app and nobody else."""

from __future__ import annotations

import signal
import threading
from pathlib import Path

import click

from wizard.app.background import serve
from wizard.headless.options import GivenPath
from wizard.headless.terminal.signals import CAUGHT


@click.command(name="_serve", hidden=True)
@click.option("--dest", type=GivenPath(), required=True)
@click.option("--orders", type=int, required=True)
@click.option("--ready", type=int, required=True)
def command(*, dest: Path, orders: int, ready: int) -> int:
    """Run what the orders say, for viewers on a socket."""
    stop = threading.Event()
    for number in CAUGHT:
        signal.signal(number, lambda *_: stop.set())
    return serve(dest, orders, ready, stop)
