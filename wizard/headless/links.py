"""``segwizard link``: giving a mailed or copied link, or a base address."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from wizard.credentials.environment import variable
from wizard.credentials.ladder import Ladder
from wizard.credentials.secret import Secret
from wizard.engine.imports import fetch_steps
from wizard.engine.kinds.fetch import FetchArchive
from wizard.engine.link import Answer
from wizard.engine.opening import Choices, found, open_install, remembered
from wizard.engine.remote import attach
from wizard.errors import CredentialError, UsageError
from wizard.headless import say
from wizard.headless.credentials import keeper
from wizard.recipes.keys import suggestion
from wizard.recipes.loader import load, names


@click.command(name="link")
@click.argument("dataset")
@click.argument("url", required=False)
@click.option("--file", type=click.Path(path_type=Path), help="Read it from a file; - is stdin.")
@click.option(
    "--dest",
    type=click.Path(file_okay=False, path_type=Path),
    default=Path(),
    envvar="SEGWIZARD_DEST",
    help="Folder of the install; where it runs, the link reaches it at once.",
)
@click.option("--collection", default="", help="The collection, where DEST holds no install yet.")
@click.option("--archive", default="", help="The archive, where the dataset has several.")
@click.option("--any-name", is_flag=True, help="Take a link whose file has another name.")
@click.option("--store", type=click.Choice(["keyring", "file"]), default="keyring")
def command(
    dataset: str,
    url: str | None,
    file: Path | None,
    dest: Path,
    collection: str,
    archive: str,
    any_name: bool,
    store: str,
) -> None:
    """Give the link or base address of DATASET that you were mailed or copied.

    Leave URL out to paste it, so that it shows neither in your shell's history nor in `ps`. Line
    breaks, quotes and wget or curl around it do not matter.
    """
    dest = dest.expanduser().absolute()
    step = _step(_choices(dest, collection, dataset), dataset, archive)
    field = "base-url" if step.archive.access.kind == "base-url" else "link"
    values = {field: url or _pasted(file), **({"any-name": "yes"} if any_name else {})}
    say.data(_give(step, dest, values, store))


def _give(step: FetchArchive, dest: Path, values: dict[str, str], store: str) -> str:
    """Hand the link to the runner at work, or keep it for the next; returns a sentence."""
    runner = attach(dest)
    if runner is not None:
        reply = runner.send(Answer(address=step.address, values=values))
        runner.close()
        if not reply.ok:
            raise UsageError(reply.text, hint=reply.hint)
        return reply.text
    vault = step.gateway.vault
    secrets = {name: Secret(value) for name, value in values.items()}
    if not isinstance(vault, Ladder):
        return step.answer(secrets)
    (given,) = step.road.read(secrets)
    try:
        place = keeper(vault, given.site, store)(given.field, given.secret)
    except CredentialError as error:
        error.hint = f"{error.hint}\nor set {variable(given.site, given.field)} for the run"
        raise
    return f"{given.words} Kept in {place}."


def _choices(dest: Path, collection: str, dataset: str) -> Choices:
    """Return the install at ``dest``, or else the first collection that has the dataset."""
    if collection or remembered(dest) is not None:
        return found(dest, collection)
    for name in names():
        if any(each.id == dataset for each in load(name).datasets):
            return Choices(collection=name, dest=dest)
    known = {each.id for name in names() for each in load(name).datasets}
    raise UsageError(f"no dataset is called {dataset!r}", hint=suggestion(dataset, known))


def _step(choices: Choices, dataset: str, archive: str) -> FetchArchive:
    install = open_install(choices)
    steps = [each for each in fetch_steps(install) if each.dataset == dataset]
    if not steps:
        ids = [each.id for each in install.plan.datasets]
        raise UsageError(f"the install has no dataset {dataset!r}", hint=suggestion(dataset, ids))
    named = [each for each in steps if archive in ("", each.archive.name)]
    linked = [each for each in named if each.archive.access.kind in ("link", "base-url")]
    chosen = linked if len(linked) == 1 else named
    if len(chosen) != 1:
        known = ", ".join(each.archive.name for each in steps)
        raise UsageError("which archive is the link for?", hint=f"give --archive, one of: {known}")
    return chosen[0]


def _pasted(file: Path | None) -> str:
    """Return the text of a file, of stdin, or of what is pasted up to an empty line."""
    if file is not None and str(file) != "-":
        try:
            return file.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError):
            raise UsageError("the file cannot be read", where=str(file)) from None
    if file is not None or not sys.stdin.isatty():
        return sys.stdin.read()
    say.talk("Paste the link, then press Enter on an empty line:")
    return "".join(iter(sys.stdin.readline, "\n"))
