"""``segwizard path`` and ``segwizard env``: what scripts and configurations need of an install."""

from __future__ import annotations

import shlex
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from wizard import figures
from wizard.app.opening import usable_workers
from wizard.app.outcome import VariableLine
from wizard.errors import UsageError
from wizard.headless import exits
from wizard.headless.completing import complete_datasets
from wizard.headless.options import GivenPath, dest_option, json_option
from wizard.headless.terminal import say
from wizard.headless.terminal.signals import interruptible
from wizard.library import InstalledDataset, Library, open_library
from wizard.library.manifest import model
from wizard.library.manifest.compare import Changed, Difference, check_install, compared, read_side
from wizard.library.manifest.make import take_manifest, write
from wizard.progress import CancelToken, Counter

_FORMS = {
    "sh": "export {name}={value}",
    "fish": "set -gx {name} {value}",
    "csh": "setenv {name} {value}",
}
SHOWN = 20
"""Differences printed in words; ``--json`` gives all."""


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


@dataclass(frozen=True, slots=True)
class CheckDocument:
    """What a check of an install found."""

    files: int
    """How many were looked at."""
    share: float
    """Which part of them was read, 0 to 1."""
    changed: tuple[Changed, ...]


@dataclass(frozen=True, slots=True)
class CompareDocument:
    """Whether two installs are equal, and what differs."""

    equal: bool
    differences: tuple[Difference, ...]


@click.group(name="manifest")
def manifest() -> None:
    """Write, or check, the checksums and the description of a finished install."""


@manifest.command(name="make")
@dest_option
@json_option
def _make(*, dest: Path, as_json: bool) -> None:
    """Hash every image and label and describe the install to other programs.

    Writes manifest/SHA256SUMS with one list a dataset, segwizard-manifest.json and croissant.json.
    What is unchanged since the last manifest is not read again.
    """
    library = open_library(dest.expanduser())
    missing = [name for name, each in library.datasets.items() if not each.proven_at]
    if missing:
        raise UsageError(
            f"not proven yet: {', '.join(missing)}",
            where=str(dest),
            hint=f"segwizard run {library.collection} --dest {dest} finishes the install first",
        )
    with interruptible():
        workers = usable_workers()
        taken = take_manifest(library, workers=workers, counter=Counter(), token=CancelToken())
        write(library, taken)
    if as_json:
        say.json_data(taken.manifest)
        return
    files = sum(each.files for each in taken.manifest.datasets)
    say.data(f"id {taken.manifest.id}")
    say.data(f"{figures.count(files, 'file')} in {dest / model.FOLDER}")
    say.talk(f"check it anywhere: cd {dest} && sha256sum -c --quiet manifest/*.sha256")


@manifest.command(name="check")
@dest_option
@click.option("--quick", is_flag=True, help="Presence and sizes only; nothing is read.")
@click.option(
    "--sample", type=click.FloatRange(0, 100), help="Percent of the files to read and hash."
)
@json_option
def _check(*, dest: Path, quick: bool, sample: float | None, as_json: bool) -> int:
    """Compare an install with its manifest: every size, and the hashes of all or a sample."""
    if quick and sample is not None:
        raise UsageError("--quick reads nothing, so there is no sample to take")
    share = 0.0 if quick else 1.0 if sample is None else sample / 100
    counter = Counter()
    with interruptible():
        found = [
            *check_install(
                dest.expanduser(),
                share=share,
                workers=usable_workers(),
                counter=counter,
                token=CancelToken(),
            )
        ]
    if as_json:
        say.json_data(CheckDocument(counter.done, share, tuple(found)))
    else:
        _say(_check_lines(found))
        read = "sizes only" if not share else f"{share:.0%} of them read"
        say.data(f"{figures.count(counter.done, 'file')} looked at, {read}")
    return exits.FAILED if any(each.fatal for each in found) else exits.COMPLETE


def _check_lines(found: Sequence[Changed]) -> list[str]:
    """Return a line for each file that is wrong, then one for each folder with files too many."""
    wrong = [
        f"{each.trouble}: {each.path}{f' ({each.detail})' if each.detail else ''}"
        for each in found
        if each.fatal
    ]
    beside: dict[str, list[str]] = {}
    for each in found:
        if not each.fatal:
            folder, _, name = each.path.rpartition("/")
            beside.setdefault(folder, []).append(name)
    return wrong + [
        f"extra: {folder or '.'}: {figures.count(len(names), 'file')} of no list, "
        f"such as {names[0]} (nothing is wrong with that)"
        for folder, names in beside.items()
    ]


def _say(lines: Sequence[str]) -> None:
    for line in lines[:SHOWN]:
        say.data(line)
    if len(lines) > SHOWN:
        say.data(f"and {len(lines) - SHOWN:,} more; --json lists all")


@click.command(name="compare")
@click.argument("left", type=GivenPath(exists=True))
@click.argument("right", type=GivenPath(exists=True))
@json_option
def compare(*, left: Path, right: Path, as_json: bool) -> int:
    """Tell whether two installs, or their manifests, hold the same, and what differs.

    Of an install every image and label is looked at, and read where it changed since its manifest
    was made; a segwizard-manifest.json is taken at its word.
    """
    with interruptible():
        one, other = (
            read_side(each, workers=usable_workers(), counter=Counter(), token=CancelToken())
            for each in (left.absolute(), right.absolute())
        )
    found = list(compared(one, other))
    if as_json:
        equal = one.manifest.id == other.manifest.id
        say.json_data(CompareDocument(equal, tuple(found)))
    elif not found:
        say.data(f"equal: {one.manifest.id}")
    else:
        _say([str(each) for each in found])
    return exits.FAILED if found else exits.COMPLETE
