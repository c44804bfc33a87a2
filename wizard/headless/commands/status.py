"""``segwizard status``, ``log`` and ``show``: in plain text what the screen shows and copies."""

from __future__ import annotations

from pathlib import Path

import click

from wizard.app import machine
from wizard.app.app import App
from wizard.app.outcome import Outcome, outcome
from wizard.app.sessions import newest_events
from wizard.headless import exits
from wizard.headless.completing import complete_collections
from wizard.headless.options import LARGEST_NUMBER, dest_option, json_option, site_option
from wizard.headless.terminal import lines, say


@click.command(name="status")
@click.argument("collection", shell_complete=complete_collections, default="")
@dest_option
@site_option
@json_option
def command(*, collection: str, dest: Path, site: Path | None, as_json: bool) -> int:
    """Show every step of the install at --dest: done, partial, waiting for what, locked by what.

    Looks at the disk, or asks the runner in the background when there is one. COLLECTION is only
    needed where everything there came by hand.
    """
    snapshot = App(site=site).status(dest, collection)
    if as_json:
        say.json_data(snapshot)
    else:
        for line in lines.status_lines(snapshot):
            say.data(line)
    found = outcome(snapshot)
    return exits.WAITING if found is Outcome.UNFINISHED else found


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
