"""Taking in files people already have: which archive of an install each one is.

Nothing is written where the files lie; they are read, recognised and given a second name in the
install (hard link, reflink or copy), or moved when that is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.errors import UsageError
from wizard.kinds.fetching.adopt import NotTheArchive, known_hashes, wanted_hashes, worth_a_look
from wizard.kinds.fetching.gateway import gateway_of
from wizard.kinds.fetching.step import FetchArchive
from wizard.kinds.registry import build_step
from wizard.kinds.unpacking.trees import extract_steps, names_below, take_tree
from wizard.progress import CancelToken, TransferProgress
from wizard.steps.install import Install
from wizard.transfer.archive_cache import ArchiveCache
from wizard.transfer.inbox import How, is_arrival

_TOLD = 3
"""Archives a file is said not to be."""


@dataclass(frozen=True, slots=True)
class Imported:
    """What became of one file."""

    path: Path
    taken: bool
    words: str
    """A sentence on what it is."""
    archive: str = ""
    dataset: str = ""
    in_place: bool = False
    """Whether the install has this archive already."""


def fetch_steps(install: Install) -> tuple[FetchArchive, ...]:
    """Return the fetch steps of an install's plan."""
    planned = [step for step in install.plan.steps if step.archive]
    built = (build_step(step, install) for step in planned)
    return tuple(step for step in built if isinstance(step, FetchArchive))


def import_files(
    install: Install, files: Iterable[Path], how: How, token: CancelToken, *, accept: str = ""
) -> Iterator[Imported]:
    """Recognise and adopt files, one after the other.

    ``accept`` names an archive that a person takes whatever its size. Raises ``UsageError`` for a
    file that is missing or no file, before any is touched.
    """
    steps, files = fetch_steps(install), tuple(files)
    for path in files:
        _check_file(path)
    for path in files:
        yield _import_file(path, steps, gateway_of(install).cache, how, token, accept)


def _check_file(path: Path) -> None:
    if path.is_dir():
        raise UsageError(
            "this is a folder", where=str(path), hint="to look through it: --from FOLDER"
        )
    if not path.is_file():
        what = "this is no file" if path.exists() else "there is no such file"
        raise UsageError(what, where=str(path))


def files_below(folder: Path, install: Install) -> tuple[Path, ...]:
    """List the files in a folder of earlier downloads that may be archives of an install."""
    if not folder.is_dir():
        raise UsageError("there is no such folder", where=str(folder))
    archives = [step.archive for step in fetch_steps(install)]
    found: list[Path] = []
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for path in (Path(place, name) for name in sorted(names)):
            if is_arrival(path) and any(worth_a_look(path, archive) for archive in archives):
                found.append(path.absolute())
    return tuple(found)


def import_trees(install: Install, folder: Path, token: CancelToken) -> Iterator[Imported]:
    """Take in what lies unpacked in a folder; yields one line for each archive that shows there.

    A tree that lacks files the lists name is left alone, and told. Raises ``Cancelled``.
    """
    names = tuple(names_below(folder, token))
    for step in extract_steps(install):
        found = take_tree(step, folder, names, token)
        if found:
            archive = step.archive.name
            yield Imported(folder, found.taken, found.words, archive, step.dataset, found.in_place)


def _import_file(
    path: Path,
    steps: tuple[FetchArchive, ...],
    cache: ArchiveCache,
    how: How,
    token: CancelToken,
    accept: str,
) -> Imported:
    likely = [
        step for step in steps if accept == step.archive.name or worth_a_look(path, step.archive)
    ]
    names = {name for step in likely for name in wanted_hashes(step.archive)}
    hashes = cache.hashes(path, names, token)
    sure = [step for step in likely if _agrees(known_hashes(step.archive), hashes)]
    reasons: list[NotTheArchive] = []
    for step in sure or likely:
        if step.placed():
            name = step.archive.name
            words = f"{name} is in place already"
            return Imported(path, False, words, name, step.dataset, in_place=True)
        try:
            vouched = accept == step.archive.name
            words = step.take(path.absolute(), how, TransferProgress(), token, vouched=vouched)
        except NotTheArchive as error:
            reasons.append(error)
            continue
        return Imported(path, True, words, step.archive.name, step.dataset)
    nothing = f"{path.name} is no archive of this install, by name, size or contents"
    # Where the recipe knows which release it is, what else it is not is of no use.
    told = [each for each in reasons if each.named] or reasons
    words = "; ".join(dict.fromkeys(each.message for each in told[:_TOLD]))
    return Imported(path, False, words or nothing)


def _agrees(known: dict[str, str], hashes: dict[str, str]) -> bool:
    return bool(known) and all(hashes.get(name) == value for name, value in known.items())
