"""``segwizard site``: pointing recipes at a lab's own copies."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from wizard import figures
from wizard.app.catalogue import ArchiveAt, SiteMade, show_site
from wizard.headless.options import GivenPath, json_option
from wizard.headless.terminal.say import data, json_data, talk
from wizard.progress import CancelToken


@click.group("site")
def command() -> None:
    """Point recipes at your own copies of archives with a site file.

    A site file is found in the user's or the machine's configuration folder as site.toml, or
    given with --site.
    """


@command.command("make")
@click.argument("folder", type=GivenPath())
@click.option("--url", required=True, help="Address under which the folder is served.")
@click.option(
    "--collection",
    "collections",
    multiple=True,
    default=("mseg",),
    show_default=True,
    help="Collection whose archives are looked for; may be given again.",
)
def make(folder: Path, *, url: str, collections: tuple[str, ...]) -> None:
    """Write a site file for the archives in FOLDER to stdout.

    Files are matched to archives by name; sizes and sha256 are computed. Every matched archive is
    declared open: pass on only what its licence lets you.
    """
    made = SiteMade(folder, url, collections)
    for line in made.lines(CancelToken()):
        data(line)
    _tell(made)


@command.command("show")
@click.argument("path", type=GivenPath(), required=False)
@json_option
def show(path: Path | None, *, as_json: bool) -> None:
    """Check a site file, PATH or the one that is found, and say what it changes."""
    shown = show_site(path)
    if as_json:
        json_data(shown.site)
        return
    data(str(shown.place) if shown.place else "no site file is in use")
    for name, at in shown.site.archives.items():
        data(f"  {name}: {', '.join(_changes(at))}")


def _changes(at: ArchiveAt) -> Iterator[str]:
    if at.access:
        yield f"access {at.access}"
    yield from at.urls or ()
    if at.size is not None:
        yield figures.size(at.size)


def _tell(made: SiteMade) -> None:
    matches = made.matches
    found = figures.count(len(matches.found), "archive")
    talk(f"{found} matched, {figures.size(made.counter.done)} read")
    for path in matches.strange:
        talk(f"no archive goes by this name: {path}")
    if matches.missing:
        talk(f"not in the folder: {', '.join(matches.missing)}")
