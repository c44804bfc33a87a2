"""``segwizard masks``: masks of relabel records from one lab to another."""

from __future__ import annotations

from pathlib import Path

import click

from wizard import figures
from wizard.app.masks import export_masks, import_masks
from wizard.app.opening import found
from wizard.headless.completing import complete_datasets
from wizard.headless.options import GivenPath, dest_option
from wizard.headless.terminal.say import data, talk
from wizard.headless.terminal.signals import interruptible
from wizard.progress import CancelToken, Counter


@click.group("masks")
def command() -> None:
    """Give the masks that relabelling needs to a lab that cannot get their archive any more.

    They stand under the terms of the dataset they are of: only whoever accepted these may have
    them, and import asks for that.
    """


@command.command("export")
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


@command.command("import")
@click.argument("file", type=GivenPath())
@dest_option
def take(file: Path, *, dest: Path) -> None:
    """Check exported masks and take them in; the next run relabels with them."""
    choices = found(dest.expanduser().absolute())
    with interruptible():
        moved = import_masks(choices, file.expanduser().absolute(), CancelToken())
    data(moved.words)
    talk(f"Masks of {figures.count(moved.manifest.images, 'image')}; run again to relabel.")
