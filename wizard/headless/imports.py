"""``segwizard import``: taking in files that were downloaded by hand or earlier."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import click

from wizard.engine.imports import Imported, files_below, import_files
from wizard.engine.lease import acquire
from wizard.engine.opening import Choices, found, open_install
from wizard.engine.places import prepare_places
from wizard.errors import LeaseError, UsageError
from wizard.headless import say
from wizard.headless.exits import COMPLETE, FAILED
from wizard.headless.options import dest_option
from wizard.progress import CancelToken
from wizard.transfer.inbox import How, inbox_folder


@click.command(name="import")
@click.argument("paths", nargs=-1, type=click.Path(path_type=Path))
@click.option(
    "--from",
    "folders",
    multiple=True,
    type=click.Path(file_okay=False, path_type=Path),
    help="Look through a folder of earlier downloads; it is only read.",
)
@dest_option
@click.option("--collection", default="", help="The collection, where DEST holds no install yet.")
@click.option(
    "--how",
    type=click.Choice(get_args(How)),
    default="auto",
    help="auto: hard link or reflink where possible, else copy.",
)
@click.option("--json", "as_json", is_flag=True, help="Write JSON to stdout.")
def command(
    paths: tuple[Path, ...],
    folders: tuple[Path, ...],
    dest: Path,
    collection: str,
    how: How,
    as_json: bool,
) -> int:
    """Take PATHS in, each recognised by hash, or by size and contents, whatever its name."""
    if not paths and not folders:
        raise UsageError("say which files to take in", hint="name files, or a folder with --from")
    if folders and how == "move":
        raise UsageError("folders given with --from are only read", hint="use --how copy or link")
    results = _import(paths, folders, found(dest.expanduser().absolute(), collection), how)
    if as_json:
        say.json_data([_fields(each) for each in results])
    for each in () if as_json else results:
        say.data(f"{'taken' if each.taken else 'left'}: {each.words}")
    asked = {path.absolute() for path in paths}
    taken = sum(each.taken for each in results)
    say.talk(f"{taken} of {len(results)} files taken in.")
    refused = [each for each in results if not (each.taken or each.in_place) and each.path in asked]
    return FAILED if refused else COMPLETE


def _import(
    paths: tuple[Path, ...], folders: tuple[Path, ...], choices: Choices, how: How
) -> list[Imported]:
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
        results = []
        for each in import_files(install, files, how, CancelToken()):
            say.talk(f"{each.path}")
            results.append(each)
        return results
    finally:
        lease.release()


def _fields(each: Imported) -> dict[str, object]:
    return {
        "path": str(each.path),
        "taken": each.taken,
        "words": each.words,
        "archive": each.archive,
        "dataset": each.dataset,
        "in_place": each.in_place,
    }
