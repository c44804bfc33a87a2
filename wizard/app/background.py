"""The background runner: begun by ``App.launch`` and ``App.detach`` in a process of its own."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import msgspec

from wizard.app.opening import choices_of, open_install
from wizard.credentials.chain import open_vault
from wizard.engine.remote.detach import Orders, Ready
from wizard.engine.remote.protocol import socket_path
from wizard.engine.remote.server import Server, serve_until_over
from wizard.engine.runner import Runner
from wizard.engine.survey import built_steps
from wizard.errors import LeaseError, WizardError


def serve(dest: Path, orders: int, ready: int, stop: threading.Event) -> int:
    """Run what a pipe's orders say for viewers on a socket, until over; returns the exit code.

    ``orders`` and ``ready`` are the descriptors of two pipes: what to run comes from the one,
    that it runs, or why not, is said on the other.
    """
    with os.fdopen(orders, "rb") as pipe:
        given = msgspec.json.decode(pipe.read(), type=Orders)
    try:
        runner, server = _begin(dest, given)
    except WizardError as error:
        _say(ready, _refusal(error))
        return error.exit_code
    _say(ready, Ready(socket=server.address))
    serve_until_over(runner, server, stop)
    return 0


def _begin(dest: Path, orders: Orders) -> tuple[Runner, Server]:
    server = Server(socket_path(dest))
    install = open_install(
        choices_of(orders.state, dest),
        vault=lambda recipe: open_vault(recipe.sites, handed=orders.handed),
    )
    built_steps(install).keep(orders.seen)
    runner = Runner(install, state=orders.keep, server=server)
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
