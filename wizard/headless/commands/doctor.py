"""``segwizard doctor``: what a report of a fault should tell of this machine."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

import click

from wizard.app.doctor import Fact, examine
from wizard.headless.options import GivenPath, json_option
from wizard.headless.terminal import say


@dataclass(frozen=True, slots=True)
class Facts:
    """All that is known of this machine."""

    facts: tuple[Fact, ...]


@click.command("doctor")
@click.option("--dest", type=GivenPath(), help="Look at this folder's disk, too.")
@json_option
def command(*, dest: Path | None, as_json: bool) -> None:
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
