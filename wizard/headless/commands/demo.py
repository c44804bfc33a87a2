"""``segwizard demo``: a whole install of a miniature collection, with no network, in a minute."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import click

from wizard import figures
from wizard.app.app import App
from wizard.app.rehearsal import COLLECTIONS, AnsweredRequest, Rehearsal, Visitor, rehearsal_folder
from wizard.engine.remote.protocol import RunnerClient
from wizard.errors import UsageError
from wizard.headless import exits
from wizard.headless.commands.run import Manner, run_through
from wizard.headless.completing import complete_collections
from wizard.headless.options import GivenPath, JobCommand
from wizard.headless.pages import walk_pages
from wizard.headless.terminal import say
from wizard.views import Snapshot


class ScreenOpener(Protocol):
    """Opens the wizard on screen and returns its exit code."""

    def __call__(
        self, dest: Path | None = None, *, app: App | None = None, collection: str = ""
    ) -> int:
        """Open it at a folder, for a collection."""
        ...


_ABOUT = (
    "This draws a miniature of {collection}: every dataset with a handful of made-up images, "
    "packed like the real archives. A server on this machine hands them out, behind logins and "
    "mailed links like the real sites. {then} Nothing leaves this machine and none of your "
    "settings or credentials are used."
)
_PLAYED = (
    "Then the whole install runs on it, and the demo plays the person: it accepts the terms, "
    "logs in, pastes links and brings the one file only a browser gets."
)
_REHEARSED = (
    "Then the wizard opens on it, and you play the person: what to answer stands beside each "
    "question."
)


@click.command(name="demo", cls=JobCommand)
@click.argument("collection", shell_complete=complete_collections, default="mseg")
@click.option("--dest", type=GivenPath(), help="Set it up here and keep it.")
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option("--keep", is_flag=True, help="Keep the temporary folder.")
@click.option("--screen", is_flag=True, help="Rehearse by hand, in the wizard on screen.")
@click.option("--plain", is_flag=True, help="Plain lines only: for screen readers and logs.")
@click.pass_obj
def command(
    open_screen: ScreenOpener,
    *,
    collection: str,
    dest: Path | None,
    yes: bool,
    keep: bool,
    screen: bool,
    plain: bool,
) -> int:
    """Watch a whole install of a miniature COLLECTION, made on the spot."""
    if collection not in COLLECTIONS:
        raise UsageError(
            f"there is no miniature of {collection}",
            hint=f"there are miniatures of {', '.join(COLLECTIONS)}",
        )
    about = _ABOUT.format(collection=collection, then=_REHEARSED if screen else _PLAYED)
    say.talk(click.wrap_text(about), several=True)
    if screen:
        with rehearsal_folder(dest, keep=keep) as place:
            return _rehearse(Rehearsal(collection, place), None if plain else open_screen)
    if not yes and sys.stdin.isatty() and not click.confirm("Begin?", default=True, err=True):
        return exits.COMPLETE
    with rehearsal_folder(dest, keep=keep) as place:
        return _run(Rehearsal(collection, place), plain=plain, kept=dest is not None or keep)


def _rehearse(rehearsal: Rehearsal, open_screen: ScreenOpener | None) -> int:
    """Let a person answer: on screen, or line by line where nothing opens one."""
    with rehearsal.served():
        if open_screen is None:
            return walk_pages(rehearsal.app, rehearsal.dest)
        return open_screen(rehearsal.dest, app=rehearsal.app, collection=rehearsal.collection)


def _run(rehearsal: Rehearsal, *, plain: bool, kept: bool) -> int:
    began = time.monotonic()
    drawn = figures.count(len(rehearsal.miniature.archives), "archive")
    say.talk()
    say.talk(f"Drew {drawn}, {figures.size(rehearsal.size)}.")
    with rehearsal.served() as server:
        say.talk(f"Serving them at {server.url}.")
        say.talk()
        app = rehearsal.app
        choices = app.choose(rehearsal.collection, rehearsal.dest)
        visitor = Visitor(server, rehearsal.dest)
        manner = Manner(plain=plain, lasting=kept)
        snapshot, code = run_through(app, choices, manner, _telling(visitor))
    if snapshot is not None:
        _conclude(snapshot, rehearsal.dest, time.monotonic() - began, kept=kept)
    return code


def _telling(visitor: Visitor) -> Callable[[RunnerClient, Snapshot], bool]:
    """Return what answers like a person, and says what a person would do."""

    def answer(link: RunnerClient, snapshot: Snapshot) -> bool:
        done = visitor.visit(link, snapshot)
        for visit in done:
            _tell(visit)
        return bool(done)

    return answer


_SAID = {
    "terms": "read and accept the terms",
    "login": "enter user name and password",
    "token": "enter a token",
    "link": "paste the link from your mail",
    "base-url": "paste the address from your mail",
    "choice": "look into it",
    "space": "make room",
}


def _tell(visit: AnsweredRequest) -> None:
    if visit.file:
        where = f"put it in the inbox ({visit.dataset})"
        say.talk(f"  you: download {visit.file} in a browser and {where}")
        return
    say.talk(f"  you: {_SAID[visit.kind]} ({visit.dataset})")
    if not visit.reply.ok:
        say.talk(f"  {visit.reply.text}")


def _conclude(snapshot: Snapshot, dest: Path, seconds: float, *, kept: bool) -> None:
    proven = [s for s in snapshot.steps if s.role in ("check", "prove") and s.state == "done"]
    images = sum(step.done for step in proven if step.role == "prove")
    say.data("")
    if snapshot.complete:
        labels = (
            f", {figures.count(images, 'image')} with labels in every taxonomy" if images else ""
        )
        datasets = figures.count(len(proven), "dataset")
        say.data(f"The demo took {figures.span(seconds)}: {datasets}{labels}, each one verified.")
    if not kept:
        say.data("It lay in a temporary folder that is gone now; --dest DIR keeps it.")
        return
    say.data(f"It lies in {dest}.")
