"""``segwizard pause``, ``resume``, ``retry`` and ``stop``: asking a background runner."""

from __future__ import annotations

import time
from pathlib import Path

import click

from wizard.engine.lease import Holder, current_holder
from wizard.engine.link import AnyCommand, Pause, Resume, Retry, Stop
from wizard.engine.remote import attach
from wizard.engine.step import Place
from wizard.errors import LeaseError, UsageError
from wizard.headless import exits, say
from wizard.headless.options import dest_option

_PATIENCE = 15.0


@click.command(name="pause")
@dest_option
@click.argument("archive", default="")
def pause(*, dest: Path, archive: str) -> int:
    """Pause the run in the background at --dest, or one ARCHIVE of it."""
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
    """Stop the run in the background at --dest; what is finished stays."""
    code = _ask(dest, Stop())
    deadline = time.monotonic() + _PATIENCE
    while _holder(dest) is not None:
        if time.monotonic() > deadline:
            raise LeaseError("the runner has not stopped yet", where=str(dest))
        time.sleep(0.1)
    say.talk("stopped")
    return code


def _ask(dest: Path, command: AnyCommand) -> int:
    link = attach(dest)
    if link is None:
        raise _unreachable(dest)
    try:
        reply = link.send(command)
    finally:
        link.close()
    if not reply.ok:
        raise UsageError(reply.text, hint=reply.hint)
    say.talk(reply.text)
    return exits.COMPLETE


def _unreachable(dest: Path) -> UsageError | LeaseError:
    holder = _holder(dest)
    if holder is None:
        return UsageError(
            "no runner is at work here",
            where=str(dest),
            hint="segwizard run ... --detach starts one",
        )
    return LeaseError(
        f"the runner ({holder}) does not listen to other terminals",
        where=str(dest),
        hint="stop it where it runs, or start it with --detach",
    )


def _holder(dest: Path) -> Holder | None:
    return current_holder(Place(dest=dest.absolute(), root=dest.absolute()))
