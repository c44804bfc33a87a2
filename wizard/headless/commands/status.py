"""``segwizard status``: every step of an install, whether or not a runner is at work."""

from __future__ import annotations

from pathlib import Path

import click

from wizard.app.app import App
from wizard.app.outcome import Outcome, outcome
from wizard.headless import exits
from wizard.headless.completing import complete_collections
from wizard.headless.options import dest_option, json_option, site_option
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
