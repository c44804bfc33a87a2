"""``segwizard show`` and ``segwizard log``: in plain text what the screen copies and tells."""

from __future__ import annotations

from pathlib import Path

import click

from wizard.app import machine
from wizard.app.sessions import newest_events
from wizard.headless import exits
from wizard.headless.options import LARGEST_NUMBER, dest_option
from wizard.headless.terminal import lines, say


@click.command(name="show")
@click.argument("what", type=click.Choice(["copied"]), default="copied")
def show(*, what: str) -> int:
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
