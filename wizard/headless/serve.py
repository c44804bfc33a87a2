"""The background runner's own command, started by ``engine.detach`` and nobody else."""

from __future__ import annotations

import os
import signal
import threading
from pathlib import Path

import click
import msgspec

from wizard.credentials.ladder import open_vault
from wizard.engine.detach import Orders, Ready
from wizard.engine.opening import choices_of, open_install
from wizard.engine.runner import Runner
from wizard.engine.serve import Server, serve_until_over
from wizard.engine.wire import socket_path
from wizard.errors import LeaseError, WizardError
from wizard.headless import exits


@click.command(name="_serve", hidden=True)
@click.option("--dest", type=click.Path(path_type=Path), required=True)
@click.option("--orders", type=int, required=True)
@click.option("--ready", type=int, required=True)
def command(*, dest: Path, orders: int, ready: int) -> int:
    """Run what the orders say, for viewers on a socket."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGHUP, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    with os.fdopen(orders, "rb") as pipe:
        given = msgspec.json.decode(pipe.read(), type=Orders)
    try:
        runner, server = _begin(dest, given)
    except WizardError as error:
        _say(ready, _refusal(error))
        return error.exit_code
    _say(ready, Ready(socket=server.address))
    serve_until_over(runner, server, stop)
    return exits.COMPLETE


def _begin(dest: Path, orders: Orders) -> tuple[Runner, Server]:
    server = Server(socket_path(dest))
    install = open_install(
        choices_of(orders.state, dest),
        vault=lambda recipe: open_vault(recipe.sites, handed=orders.handed),
    )
    runner = Runner(install, state=orders.keep, door=server)
    runner.start()
    if not server.listening:
        runner.stop()
        raise LeaseError("the runner's socket could not be made", where=server.address)
    return runner, server


def _refusal(error: WizardError) -> Ready:
    return Ready(
        message=error.message, where=error.where, hint=error.hint, exit_code=error.exit_code
    )


def _say(descriptor: int, ready: Ready) -> None:
    with os.fdopen(descriptor, "wb") as pipe:
        pipe.write(msgspec.json.encode(ready))
