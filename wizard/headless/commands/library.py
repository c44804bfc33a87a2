"""``segwizard path`` and ``segwizard env``: what scripts and configurations need of an install."""

from __future__ import annotations

import shlex
from dataclasses import dataclass
from pathlib import Path

import click

from wizard.app.outcome import VariableLine
from wizard.errors import UsageError
from wizard.headless.completing import complete_datasets
from wizard.headless.options import dest_option, json_option
from wizard.headless.terminal import say
from wizard.library import InstalledDataset, Library, open_library


@click.command(name="path")
@click.argument("dataset", default="", shell_complete=complete_datasets)
@dest_option
@click.option("--taxonomy", default="", help="Which labels; default: those made last.")
@click.option("--split", default="", help="Which list, such as train or val.")
@click.option("--list", "pairs", is_flag=True, help="Every image and its label, tab between them.")
@json_option
def path(
    *, dataset: str, dest: Path, taxonomy: str, split: str, pairs: bool, as_json: bool
) -> None:
    """Print the folder of DATASET, or with --list its images and labels; alone, every folder."""
    library = open_library(dest)
    if not dataset:
        if pairs or split or taxonomy:
            raise UsageError("name the dataset whose list is meant", hint=_named(library))
        _folders(library, as_json=as_json)
        return
    try:
        chosen = library.dataset(dataset)
        if pairs or split:
            _samples(chosen, split, taxonomy or None, as_json=as_json)
        else:
            if taxonomy:
                chosen.classes(taxonomy)
            _folder(chosen, as_json=as_json)
    except KeyError as error:
        raise UsageError(str(error), where=str(dest)) from None


@dataclass(frozen=True, slots=True)
class DatasetFolder:
    """Where a dataset lies and what it comes in."""

    id: str
    folder: str
    splits: tuple[str, ...]
    taxonomies: tuple[str, ...]
    proven_at: float | None
    """Moment of its last proof; None before the first."""


@dataclass(frozen=True, slots=True)
class SampleLine:
    """One image with its label; the label is empty where there is none."""

    split: str
    image: str
    label: str


def _named(library: Library) -> str:
    return f"one of {', '.join(library.datasets)}"


def _folders(library: Library, *, as_json: bool) -> None:
    if as_json:
        say.json_data({name: str(each.folder) for name, each in library.datasets.items()})
        return
    for name, each in library.datasets.items():
        say.row(name, str(each.folder))


def _folder(dataset: InstalledDataset, *, as_json: bool) -> None:
    if not as_json:
        say.row(str(dataset.folder))
        return
    say.json_data(
        DatasetFolder(
            id=dataset.id,
            folder=str(dataset.folder),
            splits=dataset.splits,
            taxonomies=dataset.taxonomies,
            proven_at=dataset.proven_at,
        )
    )


def _samples(dataset: InstalledDataset, split: str, taxonomy: str | None, *, as_json: bool) -> None:
    for name in (split,) if split else dataset.splits:
        for sample in dataset.samples(name, taxonomy):
            label = str(sample.label or "")
            if as_json:
                say.json_data(SampleLine(name, str(sample.image), label), indent=0)
            else:
                say.row(str(sample.image), *([label] if label else []))


@click.command(name="env")
@dest_option
@click.option(
    "--shell", type=click.Choice(["sh", "fish", "csh"]), default="sh", help="Whose form to write."
)
@json_option
def env(*, dest: Path, shell: str, as_json: bool) -> None:
    """Print the variables that published code finds the install by, to be read by a shell."""
    variables = open_library(dest).variables
    if as_json:
        say.json_data(
            [VariableLine(name=each[0], value=each[1], reader=each[2]) for each in variables]
        )
        return
    for name, value, reader in variables:
        say.data(f"# {reader}")
        if name:
            say.data(_FORMS[shell].format(name=name, value=shlex.quote(value)))


_FORMS = {
    "sh": "export {name}={value}",
    "fish": "set -gx {name} {value}",
    "csh": "setenv {name} {value}",
}
