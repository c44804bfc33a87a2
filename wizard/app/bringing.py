"""Bringing what only a person gets: files downloaded by hand, and links that came by mail."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from wizard.app.logins import Keeper
from wizard.app.opening import Choices, found, open_install, remembered
from wizard.credentials.chain import BackendChain
from wizard.credentials.given import secret_variable
from wizard.credentials.secret import Secret
from wizard.engine.lease import acquire
from wizard.engine.remote.client import attach
from wizard.engine.remote.protocol import Answer
from wizard.errors import CredentialError, LeaseError, UsageError
from wizard.kinds.fetching.imports import (
    Imported,
    fetch_steps,
    files_below,
    import_files,
    import_trees,
)
from wizard.kinds.fetching.step import FetchArchive
from wizard.kinds.registry import load_recipe
from wizard.progress import CancelToken
from wizard.recipes.keys import suggestion
from wizard.recipes.loader import names
from wizard.steps.install import Install, prepare_places
from wizard.transfer.inbox import How, inbox_folder
from wizard.transfer.links.pasted import clean, read_base_address, read_link, validity
from wizard.views import Request

__all__ = [
    "How",
    "Imported",
    "bring_files",
    "bring_link",
    "clean",
    "read_base_address",
    "read_link",
    "validity",
]


class OpenRequest(NamedTuple):
    """Something only a person can give before an archive is fetched."""

    address: str
    """Of the step that asks for it."""
    dataset: str
    """By id."""
    request: Request


def open_requests(install: Install) -> tuple[OpenRequest, ...]:
    """Return what a person has still to give for archives that are not here, each once.

    A login serves every archive of its site. Whatever is kept already is not asked for; the keyring
    may be looked into, which takes a moment.
    """
    spared = {each.address for each in install.plan.steps if each.optional}
    spared |= set(install.plan.present)
    found: dict[tuple[str, str], OpenRequest] = {}
    for step in fetch_steps(install):
        asked = None if step.address in spared else step.access.missing()
        if asked is not None:
            key = (asked.kind, asked.site or step.address)
            found.setdefault(key, OpenRequest(step.address, step.dataset, asked))
    return tuple(found.values())


def bring_files(
    choices: Choices,
    paths: Sequence[Path],
    folders: Sequence[Path],
    how: How,
    token: CancelToken,
    *,
    accept: str = "",
) -> Iterator[Imported]:
    """Take files in, each recognised by what it is; folders are only read.

    ``accept`` names an archive to take whatever its size, which is recorded. Raises
    ``UsageError`` for a missing file, ``LeaseError`` while a runner is at work, and ``Cancelled``
    between two files or within one once the token is.
    """
    install = open_install(choices)
    try:
        lease = acquire(install.place)
    except LeaseError as error:
        inbox = inbox_folder(install.place.dest)
        error.hint = f"put the file into {inbox}; the runner takes it from there by itself"
        raise
    try:
        prepare_places(install)
        files = dict.fromkeys(path.absolute() for path in paths)
        for folder in folders:
            files |= dict.fromkeys(files_below(folder, install))
        yield from import_files(install, files, how, token, accept=accept)
        for folder in folders:
            yield from import_trees(install, folder.absolute(), token)
    finally:
        lease.release()


def bring_link(
    dest: Path,
    dataset: str,
    read: Callable[[], str],
    keep: Callable[[BackendChain, str], Keeper],
    *,
    collection: str = "",
    archive: str = "",
    any_name: bool = False,
) -> str:
    """Hand a link to the runner at work, or keep it for the next; returns a sentence.

    ``read`` is asked for the link once it is clear whom it is for; ``keep`` says where secrets of
    a site are kept. Raises ``UsageError`` for a link that is none, ``CredentialError`` where it
    cannot be kept.
    """
    step = _step(_choices(dest, collection, dataset), dataset, archive)
    field = "base-url" if step.archive.access.kind == "base-url" else "link"
    values = {field: read(), **({"any-name": "yes"} if any_name else {})}
    runner = attach(dest)
    if runner is not None:
        reply = runner.send(Answer(address=step.address, values=values))
        runner.close()
        if not reply.ok:
            raise UsageError(reply.text, hint=reply.hint)
        return reply.text
    vault = step.gateway.vault
    secrets = {name: Secret(value) for name, value in values.items()}
    if not isinstance(vault, BackendChain):
        return step.answer(secrets)
    (given,) = step.access.read(secrets)
    try:
        place = keep(vault, given.site)(given.field, given.secret)
    except CredentialError as error:
        error.hint = f"{error.hint}\nor set {secret_variable(given.site, given.field)} for the run"
        raise
    return f"{given.words} Kept in {place}."


def _choices(dest: Path, collection: str, dataset: str) -> Choices:
    """Return the install at ``dest``, or else the first collection that has the dataset."""
    if collection or remembered(dest) is not None:
        return found(dest, collection)
    for name in names():
        if any(each.id == dataset for each in load_recipe(name).datasets):
            return Choices(collection=name, dest=dest)
    known = {each.id for name in names() for each in load_recipe(name).datasets}
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
