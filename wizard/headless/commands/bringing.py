"""``segwizard import``, ``link`` and ``masks``: what only a person gets, or another lab gives."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import get_args

import click

from wizard import figures
from wizard.app.bringing import How, bring_files, bring_link
from wizard.app.logins import keeper
from wizard.app.masks import export_masks, import_masks
from wizard.app.opening import found
from wizard.errors import UsageError
from wizard.foreign import read_foreign_text
from wizard.headless.completing import complete_collections, complete_datasets
from wizard.headless.exits import COMPLETE, FAILED
from wizard.headless.options import GivenPath, JobCommand, dest_option, json_option
from wizard.headless.terminal import say
from wizard.headless.terminal.ask import typed_yes
from wizard.headless.terminal.say import data, talk
from wizard.headless.terminal.signals import interruptible
from wizard.progress import CancelToken, Counter

_LONGEST = 1 << 20
"""Letters of a mail with a link in it."""
_collection_option = click.option(
    "--collection",
    default="",
    shell_complete=complete_collections,
    help="The collection, where DEST holds no install yet.",
)


@click.command(name="import", cls=JobCommand)
@click.argument("paths", nargs=-1, type=GivenPath())
@click.option(
    "--from",
    "folders",
    multiple=True,
    type=GivenPath(files=False),
    help="Look through a folder of earlier downloads; it is only read.",
)
@dest_option
@_collection_option
@click.option(
    "--how",
    type=click.Choice(get_args(How)),
    default="auto",
    help="auto: hard link or reflink where possible, else copy.",
)
@click.option(
    "--accept",
    default="",
    metavar="ARCHIVE",
    help="Take a file as this archive though its size is far from the expected; it is recorded.",
)
@json_option
def import_(
    paths: tuple[Path, ...],
    folders: tuple[Path, ...],
    dest: Path,
    collection: str,
    how: How,
    accept: str,
    as_json: bool,
) -> int:
    """Take PATHS in, each recognised by hash, or by size and contents, whatever its name."""
    if not paths and not folders:
        raise UsageError("say which files to take in", hint="name files, or a folder with --from")
    if folders and how == "move":
        raise UsageError("folders given with --from are only read", hint="use --how copy or link")
    choices = found(dest.expanduser().absolute(), collection)
    results = []
    with interruptible():
        for each in bring_files(choices, paths, folders, how, CancelToken(), accept=accept):
            say.talk(f"{each.path}")
            results.append(each)
    if as_json:
        say.json_data(results)
    for each in () if as_json else results:
        say.data(f"{'taken' if each.taken else 'left'}: {each.words}")
    asked = {path.absolute() for path in paths}
    taken = sum(each.taken for each in results)
    say.talk(f"{taken} of {len(results)} files taken in.")
    refused = [each for each in results if not (each.taken or each.in_place) and each.path in asked]
    return FAILED if refused else COMPLETE


@click.command(name="link")
@click.argument("dataset", shell_complete=complete_datasets)
@click.argument("url", required=False)
@click.option("--file", type=GivenPath(), help="Read it from a file; - is stdin.")
@click.option(
    "--dest",
    type=GivenPath(files=False),
    default=Path(),
    envvar="SEGWIZARD_DEST",
    help="Folder of the install; where it runs, the link reaches it at once.",
)
@_collection_option
@click.option("--archive", default="", help="The archive, where the dataset has several.")
@click.option("--any-name", is_flag=True, help="Take a link whose file has another name.")
@click.option("--store", type=click.Choice(["keyring", "file"]), default="keyring")
def link(
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
    said = bring_link(
        dest.expanduser().absolute(),
        dataset,
        lambda: url or _pasted(file),
        lambda vault, site: keeper(vault, site, store, typed_yes),
        collection=collection,
        archive=archive,
        any_name=any_name,
    )
    say.data(said)


def _pasted(file: Path | None) -> str:
    """Return the text of a file, of stdin, or of what is pasted up to an empty line."""
    if file is not None and str(file) != "-":
        try:
            return read_foreign_text(file, _LONGEST)
        except (OSError, UnicodeDecodeError):
            hint = "give a text file that holds the link"
            raise UsageError("the file cannot be read", where=str(file), hint=hint) from None
    if file is not None or not sys.stdin.isatty():
        return sys.stdin.read(_LONGEST)
    say.talk("Paste the link, then press Enter on an empty line:")
    return "".join(iter(sys.stdin.readline, "\n"))


@click.group("masks")
def masks() -> None:
    """Give the masks that relabelling needs to a lab that cannot get their archive any more.

    They stand under the terms of the dataset they are of: only whoever accepted these may have
    them, and import asks for that.
    """


@masks.command("export")
@click.argument("dataset", default="", shell_complete=complete_datasets)
@dest_option
@click.option("-o", "--out", type=GivenPath(), help="File to write.")
def export(dataset: str, *, dest: Path, out: Path | None) -> None:
    """Write the masks that the relabel records of DATASET use, from a finished install."""
    choices = found(dest.expanduser().absolute())
    with interruptible():
        moved = export_masks(choices, dataset, out, Counter(), CancelToken())
    data(str(moved.path))
    talk(f"{figures.count(moved.manifest.images, 'image')}, {figures.size(moved.size)}.")
    talk(f"They stand under {moved.manifest.licence}: {moved.manifest.licence_url}")


@masks.command("import")
@click.argument("file", type=GivenPath())
@dest_option
def take_masks(file: Path, *, dest: Path) -> None:
    """Check exported masks and take_masks them in; the next run relabels with them."""
    choices = found(dest.expanduser().absolute())
    with interruptible():
        moved = import_masks(choices, file.expanduser().absolute(), CancelToken())
    data(moved.words)
    talk(f"Masks of {figures.count(moved.manifest.images, 'image')}; run again to relabel.")
