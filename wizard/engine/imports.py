"""Taking in files people already have: which archive of an install each one is.

Nothing is written where the files lie; they are read, recognised and given a second name in the
install (hard link, reflink or copy), or moved when that is asked for.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard.engine.adopt import known_hashes, wanted_hashes, worth_a_look
from wizard.engine.install import Install
from wizard.engine.kinds.fetch import FetchArchive
from wizard.engine.kinds.gateway import gateway_of
from wizard.engine.kinds.registry import build_step
from wizard.errors import TransferError, UsageError
from wizard.plan.model import Fetch
from wizard.progress import CancelToken
from wizard.transfer.inbox import How, is_arrival
from wizard.transfer.progress import TransferProgress
from wizard.transfer.reuse import Shelf


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
    planned = [step for step in install.plan.steps if isinstance(step.spec, Fetch)]
    built = (build_step(step, install) for step in planned)
    return tuple(step for step in built if isinstance(step, FetchArchive))


def import_files(
    install: Install, files: Iterable[Path], how: How, token: CancelToken
) -> Iterator[Imported]:
    """Recognise and adopt files, one after the other.

    Raises ``UsageError`` for one that is missing or no file, before any is touched.
    """
    steps, files = fetch_steps(install), tuple(files)
    for path in files:
        _check_file(path)
    for path in files:
        yield _import_file(path, steps, gateway_of(install).shelf, how, token)


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


def _import_file(
    path: Path, steps: tuple[FetchArchive, ...], shelf: Shelf, how: How, token: CancelToken
) -> Imported:
    likely = [step for step in steps if worth_a_look(path, step.archive)]
    names = {name for step in likely for name in wanted_hashes(step.archive)}
    hashes = shelf.hashes(path, names, token)
    sure = [step for step in likely if _agrees(known_hashes(step.archive), hashes)]
    reasons: list[str] = []
    for step in sure or likely:
        if step.placed():
            name = step.archive.name
            words = f"{name} is in place already"
            return Imported(path, False, words, name, step.dataset, in_place=True)
        try:
            words = step.take(path.absolute(), how, TransferProgress(), token)
        except TransferError as error:
            reasons.append(error.message)
            continue
        return Imported(path, True, words, step.archive.name, step.dataset)
    nothing = f"{path.name} is no archive of this install, by name, size or contents"
    return Imported(path, False, "; ".join(dict.fromkeys(reasons)) or nothing)


def _agrees(known: dict[str, str], hashes: dict[str, str]) -> bool:
    return bool(known) and all(hashes.get(name) == value for name, value in known.items())
