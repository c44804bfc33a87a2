"""``segwizard status``: every step of an install, whether or not a runner is at work."""

from __future__ import annotations

from pathlib import Path

import click

from wizard.engine.opening import found, open_begun
from wizard.engine.remote import attach
from wizard.engine.survey import survey
from wizard.engine.views import Snapshot
from wizard.headless import exits, lines, say
from wizard.headless.choosing import json_option, site_option
from wizard.headless.options import dest_option


@click.command(name="status", epilog=exits.EPILOG)
@click.argument("collection", default="")
@dest_option
@site_option
@json_option
def command(*, collection: str, dest: Path, site: Path | None, as_json: bool) -> int:
    """Show every step of the install at --dest: done, partial, waiting for what, locked by what.

    Looks at the disk, or asks the runner in the background when there is one. COLLECTION is only
    needed where everything there came by hand.
    """
    snapshot = look(collection, dest.expanduser(), site)
    if as_json:
        say.json_data(snapshot)
    else:
        for line in lines.status_lines(snapshot):
            say.data(line)
    return exits.COMPLETE


def look(collection: str, dest: Path, site: Path | None = None) -> Snapshot:
    """Return how an install stands; raises ``WizardError`` when nothing is known of it."""
    link = attach(dest)
    if link is not None:
        try:
            return link.snapshot()
        finally:
            link.close()
    choices = found(dest, collection, site)
    return survey(open_begun(choices))
