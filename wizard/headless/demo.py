"""``segwizard demo``: a whole install of a miniature collection, with no network, in a minute."""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import click

from wizard import figures
from wizard.credentials.environment import Given
from wizard.credentials.file_rung import SecretFile
from wizard.credentials.index import Index
from wizard.credentials.keyring_rung import Keyring
from wizard.credentials.ladder import Ladder
from wizard.demo.miniature import COLLECTIONS, build_miniature
from wizard.demo.server import DemoServer
from wizard.engine.install import Install, Settings
from wizard.engine.kinds.gateway import gateway_of
from wizard.engine.link import Answer, RunnerLink
from wizard.engine.opening import Choices, usable_workers
from wizard.engine.views import Need, Snapshot, StepView
from wizard.errors import UsageError
from wizard.files import write_whole
from wizard.headless import exits, say
from wizard.headless.run import Manner, exit_code, prepare, run_through
from wizard.transfer.inbox import inbox_folder
from wizard.transfer.reuse import Shelf

_FOLDER = "demo-archives"
"""Folder below the destination that plays the world's servers."""

_ABOUT = """\
This draws a miniature of {collection}: every dataset with a handful of made-up images, packed like
the real archives. A server on this machine hands them out, behind logins and mailed links like
the real sites. Then the whole install runs on it, and the demo plays the person: it accepts the
terms, logs in, pastes links and brings the one file only a browser gets. Nothing leaves this
machine and none of your settings or credentials are used."""


@click.command(name="demo", epilog=exits.EPILOG)
@click.argument("collection", default="mseg")
@click.option("--dest", type=click.Path(path_type=Path), help="Set it up here and keep it.")
@click.option("--yes", is_flag=True, help="Begin without asking.")
@click.option("--keep", is_flag=True, help="Keep the temporary folder.")
@click.option("--plain", is_flag=True, help="Plain lines only: for screen readers and logs.")
def command(*, collection: str, dest: Path | None, yes: bool, keep: bool, plain: bool) -> int:
    """Watch a whole install of a miniature COLLECTION, made on the spot."""
    if collection not in COLLECTIONS:
        raise UsageError(
            f"there is no miniature of {collection}",
            hint=f"there are miniatures of {', '.join(COLLECTIONS)}",
        )
    say.talk(click.wrap_text(_ABOUT.format(collection=collection), preserve_paragraphs=True))
    if not yes and sys.stdin.isatty() and not click.confirm("Begin?", default=True, err=True):
        return exits.COMPLETE
    with _destination(dest, keep=keep) as place:
        return _run(collection, place, plain=plain, kept=dest is not None or keep)


@contextlib.contextmanager
def _destination(dest: Path | None, *, keep: bool) -> Iterator[Path]:
    if dest is not None:
        dest = dest.expanduser().absolute()
        if dest.is_dir() and any(dest.iterdir()) and not (dest / _FOLDER).is_dir():
            raise UsageError(
                "this folder holds other things",
                where=str(dest),
                hint="name a new folder, or leave --dest out for a temporary one",
            )
        yield dest
        return
    temporary = Path(tempfile.mkdtemp(prefix="segwizard-demo-"))
    try:
        yield temporary
    finally:
        if not keep:
            shutil.rmtree(temporary, ignore_errors=True)


def _run(collection: str, dest: Path, *, plain: bool, kept: bool) -> int:
    began = time.monotonic()
    miniature = build_miniature(dest / _FOLDER, collection=collection)
    size = sum(archive.size for archive in miniature.archives)
    drawn = figures.count(len(miniature.archives), "archive")
    say.talk(f"\nDrew {drawn}, {figures.size(size)}.")
    # A proxy of the person's own would not find a server on this machine.
    os.environ["NO_PROXY"] = os.environ["no_proxy"] = "127.0.0.1"
    with DemoServer(miniature) as server:
        say.talk(f"Serving them at {server.url}.\n")
        snapshot, code = _install(dest, server, plain=plain)
    if snapshot is not None:
        _conclude(snapshot, dest, time.monotonic() - began, kept=kept)
    return code


def _install(dest: Path, server: DemoServer, *, plain: bool) -> tuple[Snapshot | None, int]:
    site = dest / _FOLDER / "site.toml"
    write_whole(site, server.site_toml().encode())
    settings = Settings(workers=usable_workers())
    choices = Choices(server.miniature.collection, dest, site=site, settings=settings)
    install = prepare(choices, vault=lambda recipe: _own_vault(dest))
    _own_shelf(install, dest)
    manner = Manner(plain=plain)
    snapshot = run_through(install, choices, manner, Visitor(server, dest).visit)
    if snapshot is None:
        return None, exits.INTERRUPTED
    return snapshot, exit_code(snapshot)


def _own_vault(dest: Path) -> Ladder:
    """Return a vault in memory, so that the demo neither uses nor clears anybody's credentials."""
    folder = dest / _FOLDER / "vault"
    return Ladder(
        given=Given((), {}),
        keyring=Keyring({}, 1.0),
        file=SecretFile(folder / "secrets.json"),
        index=Index(folder / "index.json"),
        use_keyring=False,
    )


def _own_shelf(install: Install, dest: Path) -> None:
    """Keep the demo's archives out of the list of what this machine holds."""
    gateway_of(install).shelf = Shelf(dest / _FOLDER / "shelf.json")


class Visitor:
    """Plays the person: answers what steps ask, once each, saying what a person would do."""

    def __init__(self, server: DemoServer, dest: Path) -> None:
        self._server = server
        self._dest = dest
        self._answered: set[tuple[str, str]] = set()

    def visit(self, link: RunnerLink, snapshot: Snapshot) -> bool:
        """Answer one new question; returns whether there was one."""
        for step in snapshot.steps:
            if step.state != "waiting" or step.need is None or step.need.soon:
                continue
            key = (step.address, step.need.kind)
            if key not in self._answered:
                self._answered.add(key)
                self._answer(link, step, step.need)
                return True
        return False

    def _answer(self, link: RunnerLink, step: StepView, need: Need) -> None:
        if need.kind == "browser":
            self._bring(link, step)
            return
        values = self._values(step, need)
        say.talk(f"  you: {_SAID[need.kind]} ({step.dataset})")
        reply = link.send(Answer(address=step.address, values=values))
        if not reply.ok:
            say.talk(f"  {reply.text}")

    def _values(self, step: StepView, need: Need) -> dict[str, str]:
        if need.kind == "terms":
            return {"accepted_by": "the demo's visitor"}
        given = self._server.answers[need.site or step.dataset]
        return {name: secret.reveal() for name, secret in given.items()}

    def _bring(self, link: RunnerLink, step: StepView) -> None:
        name = step.address.partition("fetch:")[2]
        for path in self._server.download_by_hand(inbox_folder(self._dest), name):
            where = f"put it in the inbox ({step.dataset})"
            say.talk(f"  you: download {path.name} in a browser and {where}")
            link.send(Answer(address=step.address, values={"path": str(path)}))


_SAID = {
    "terms": "read and accept the terms",
    "login": "enter user name and password",
    "token": "enter a token",
    "link": "paste the link from your mail",
    "base-url": "paste the address from your mail",
    "choice": "look into it",
    "space": "make room",
}


def _conclude(snapshot: Snapshot, dest: Path, seconds: float, *, kept: bool) -> None:
    proven = [s for s in snapshot.steps if s.kind in ("verify", "check") and s.state == "done"]
    images = sum(step.done for step in proven if step.kind == "verify")
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
    place = shlex.quote(str(dest))
    say.data(f"It lies in {dest}. Look around with")
    say.data(f"  segwizard status --dest {place}")
    say.data(f"  segwizard verify --dest {place}")
