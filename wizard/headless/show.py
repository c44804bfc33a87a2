"""``segwizard show`` and ``segwizard log``: in plain text what the screen copies and tells."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import click
import msgspec
import platformdirs

from wizard.engine.link import Event
from wizard.engine.step import Place
from wizard.errors import UsageError
from wizard.headless import exits, lines, say
from wizard.headless.options import dest_option

_KEPT = 4
"""Older logs there are at most, as the engine rotates them."""


@click.command(name="show", epilog=exits.EPILOG)
@click.argument("what", type=click.Choice(["copied"]), default="copied")
def show(*, what: str) -> int:
    """Print what was copied last on screen: for terminals that do not let programs copy."""
    path = platformdirs.user_state_path("segwizard") / f"{what}.txt"
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        raise UsageError(
            "nothing was copied yet", where=str(path), hint="y copies on most screens"
        ) from None
    say.data(text.rstrip("\n"))
    return exits.COMPLETE


@click.command(name="log", epilog=exits.EPILOG)
@dest_option
@click.option("--lines", "most", type=click.IntRange(min=1), default=50, show_default=True)
def log(*, dest: Path, most: int) -> int:
    """Print the newest lines of the install's log, oldest first; secrets never were in it."""
    dest = dest.expanduser()
    path = Place(dest=dest, root=dest).state / "log.jsonl"
    newest = list(islice(_newest_first(path), most))
    if not newest:
        raise UsageError("there is no log here", where=str(path), hint="check --dest")
    for event in reversed(newest):
        say.data(lines.event_line(event))
    return exits.COMPLETE


def _newest_first(path: Path) -> Iterator[Event]:
    """Yield events from the log and the older ones beside it; damaged lines are left out."""
    older = [path.with_name(f"{path.name}.{number}") for number in range(1, _KEPT + 1)]
    for each in (path, *older):
        try:
            written = each.read_bytes().splitlines()
        except OSError:
            return
        for line in reversed(written):
            try:
                yield msgspec.json.decode(line, type=Event)
            except msgspec.MsgspecError:
                continue
