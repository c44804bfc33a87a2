"""``segwizard manifest`` and ``segwizard compare``: an install's checksums, and two of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import click

from wizard import figures
from wizard.app.opening import usable_workers
from wizard.errors import UsageError
from wizard.headless import exits
from wizard.headless.options import GivenPath, dest_option, json_option
from wizard.headless.terminal import say
from wizard.headless.terminal.signals import interruptible
from wizard.library import open_library
from wizard.library.manifest import model
from wizard.library.manifest.compare import Changed, Difference, check_install, compared, read_side
from wizard.library.manifest.make import take_manifest, write
from wizard.progress import CancelToken, Counter

SHOWN = 20
"""Differences printed in words; ``--json`` gives all."""


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
