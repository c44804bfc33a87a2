"""``segwizard status``: every step of an install, whether or not a runner is at work."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import click

from wizard.app import machine
from wizard.app.app import App
from wizard.app.doctor import Fact, examine
from wizard.app.outcome import Outcome, outcome
from wizard.app.sessions import newest_events
from wizard.headless import exits
from wizard.headless.completing import complete_collections
from wizard.headless.options import LARGEST_NUMBER, GivenPath, dest_option, json_option, site_option
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


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of this machine."""

    facts: tuple[Fact, ...]


@click.command("doctor")
@click.option("--dest", type=GivenPath(), help="Look at this folder's disk, too.")
@json_option
def doctor(*, dest: Path | None, as_json: bool) -> None:
    """Show versions, environment, limits, terminal, keyring, disk and clock.

    Paste it into a report of a fault. Logins are left out, and of secrets nothing is shown.
    """
    facts = examine(dest)
    if as_json:
        say.json_data(Facts(facts))
        return
    for area, found in groupby(facts, key=lambda fact: fact.area):
        say.data(f"{area}:")
        for fact in found:
            say.data(f"  {fact.name}: {fact.value}".rstrip())
            if fact.trouble:
                say.data(f"    ! {fact.trouble}")
    troubles = sum(bool(fact.trouble) for fact in facts)
    say.talk(f"{troubles} to look at, marked with !" if troubles else "All is well.")
