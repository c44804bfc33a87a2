"""``segwizard pause``, ``resume``, ``retry`` and ``stop``: asking the runner at work."""

from __future__ import annotations

import time
from pathlib import Path

import click

from wizard.engine.lease import Holder, current_holder
from wizard.engine.link import AnyCommand, Pause, Resume, Retry, Stop
from wizard.engine.remote import RemoteLink, attach
from wizard.engine.step import Place
from wizard.errors import LeaseError, UsageError
from wizard.headless import exits, say
from wizard.headless.options import dest_option

_PATIENCE = 15.0


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
    code = _ask(dest, Stop())
    deadline = time.monotonic() + _PATIENCE
    while _holder(dest) is not None:
        if time.monotonic() > deadline:
            raise LeaseError("the runner has not stopped yet", where=str(dest))
        time.sleep(0.1)
    say.talk("stopped")
    return code


def _ask(dest: Path, command: AnyCommand) -> int:
    link = joined(dest)
    try:
        reply = link.send(command)
    finally:
        link.close()
    if not reply.ok:
        raise UsageError(reply.text, hint=reply.hint)
    say.talk(reply.text)
    return exits.COMPLETE


def joined(dest: Path) -> RemoteLink:
    """Return a line to the runner at work; raises ``UsageError`` or ``LeaseError`` without one."""
    link = attach(dest)
    if link is not None:
        return link
    holder = _holder(dest)
    if holder is None:
        raise UsageError(
            "no runner is at work here",
            where=str(dest),
            hint="segwizard run goes on with it, segwizard status shows how it stands",
        )
    raise LeaseError(
        f"the runner ({holder}) cannot be reached from here",
        where=str(dest),
        hint="watch and steer it on the machine and as the user it runs on",
    )


def _holder(dest: Path) -> Holder | None:
    return current_holder(Place(dest=dest.absolute(), root=dest.absolute()))
