"""Whether two installs hold the same, and what differs: ids first, then lists, then lines."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from wizard.app.opening import remembered
from wizard.errors import DestinationError
from wizard.files import read_ours
from wizard.library.library import open_library
from wizard.library.manifest import model
from wizard.library.manifest.make import take_manifest
from wizard.library.manifest.sums import read_sums
from wizard.progress import CancelToken, Counter

_LARGEST = 1 << 28
"""Bytes of a manifest that is read."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One thing two installs do not share."""

    what: Literal["file", "classes", "archive", "dataset", "version", "recipe"]
    where: str
    left: str
    right: str

    def __str__(self) -> str:
        return f"{self.what} {self.where}: {self.left or 'not there'} | {self.right or 'not there'}"


@dataclass(frozen=True, slots=True)
class Side:
    """One of the two: its manifest, and where its lists of checksums come from."""

    manifest: model.Manifest
    sums: dict[str, dict[str, str]]
    """Hashes by path, by dataset."""


def read_side(place: Path, *, workers: int, counter: Counter, token: CancelToken) -> Side:
    """Return what an install holds now, or what a manifest says it held.

    ``place`` is the folder of an install, whose files are looked at and read where they changed
    since its manifest was made; or a manifest, or a folder with one and nothing else, which is
    taken at its word. Raises ``DestinationError`` and ``UsageError``.
    """
    if place.is_file() or (remembered(place) is None and (place / model.FILE).is_file()):
        return _stated(place / model.FILE if place.is_dir() else place)
    library = open_library(place)
    taken = take_manifest(library, workers=workers, counter=counter, token=token, lacking=True)
    sums = {name: {each.path: each.sha256 for each in files} for name, files in taken.files.items()}
    return Side(taken.manifest, sums)


def _stated(file: Path) -> Side:
    manifest, folder = read_manifest(file), file.parent / model.FOLDER
    sums = {each.id: read_sums(folder / f"{each.id}.sha256") for each in manifest.datasets}
    return Side(manifest, sums)


def read_manifest(file: Path) -> model.Manifest:
    """Return a manifest; raises ``DestinationError`` where it is missing or is none."""
    try:
        manifest = msgspec.json.decode(read_ours(file, _LARGEST), type=model.Manifest)
    except OSError as error:
        raise DestinationError(
            f"cannot be read: {error.strerror or error}",
            where=str(file),
            hint="make it with: segwizard manifest make --dest DIR",
        ) from None
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise DestinationError(f"is no manifest: {error}", where=str(file)) from None
    if manifest.version > 1:
        raise DestinationError(
            f"is of version {manifest.version}, written by segwizard {manifest.segwizard}",
            where=str(file),
            hint="update segwizard to read it",
        )
    return manifest


def compared(left: Side, right: Side) -> Iterator[Difference]:
    """Yield what differs, what matters most first; nothing where both hold the same."""
    if left.manifest.id == right.manifest.id:
        return
    a = {each.id: each for each in left.manifest.datasets}
    b = {each.id: each for each in right.manifest.datasets}
    for name in dict.fromkeys((*a, *b)):
        if name not in a or name not in b:
            yield Difference("dataset", name, *(name if name in side else "" for side in (a, b)))
        elif a[name].sha256 != b[name].sha256:
            yield from _files(left.sums[name], right.sums[name])
            yield from _reasons(a[name], b[name])
    yield from _versions(left.manifest, right.manifest)


def _versions(left: model.Manifest, right: model.Manifest) -> Iterator[Difference]:
    if left.segwizard != right.segwizard:
        yield Difference("version", "of segwizard", left.segwizard, right.segwizard)
    if left.recipe != right.recipe:
        yield Difference("recipe", "by hash", left.recipe, right.recipe)


def _files(left: dict[str, str], right: dict[str, str]) -> Iterator[Difference]:
    for path in sorted({*left, *right}):
        one, other = left.get(path, ""), right.get(path, "")
        if one != other:
            yield Difference("file", path, one[:12], other[:12])


def _reasons(left: model.DatasetEntry, right: model.DatasetEntry) -> Iterator[Difference]:
    """What two sets of labels may differ by: their classes, or the archives they came from."""
    for name, one, other in _unequal(_classes(left), _classes(right)):
        yield Difference("classes", f"{left.id}/{name}", one, other)
    for name, one, other in _unequal(_archives(left), _archives(right)):
        yield Difference("archive", f"{left.id}/{name}", one, other)


def _unequal(left: dict[str, str], right: dict[str, str]) -> Iterator[tuple[str, str, str]]:
    for name in dict.fromkeys((*left, *right)):
        one, other = left.get(name, ""), right.get(name, "")
        if one != other:
            yield name, one, other


def _classes(dataset: model.DatasetEntry) -> dict[str, str]:
    return {each.name: ", ".join(each.classes) for each in dataset.taxonomies}


def _archives(dataset: model.DatasetEntry) -> dict[str, str]:
    return {each.name: each.sha256 for each in dataset.archives}
