"""Checking an install against its manifest, or against another install: what differs, if any."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
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
from wizard.library.manifest.sums import HashedFile, read_known, read_sums, sha256_of
from wizard.progress import CancelToken, Counter

_LARGEST = 1 << 28
"""Bytes of a manifest that is read."""
Trouble = Literal["missing", "size", "hash", "unreadable", "extra"]


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


@dataclass(frozen=True, slots=True)
class Changed:
    """A file that is not as the manifest has it."""

    path: str
    trouble: Trouble
    detail: str = ""

    @property
    def fatal(self) -> bool:
        """Whether something is wrong; a file too many is only told."""
        return self.trouble != "extra"


def check_install(
    dest: Path, *, share: float, workers: int, counter: Counter, token: CancelToken
) -> Iterator[Changed]:
    """Yield what changed since the manifest was made.

    Every file's presence and size are looked at; of those in order, ``share`` (0 to 1) are read
    and hashed, chosen at random. Raises ``DestinationError`` where there is no manifest.
    """
    manifest = read_manifest(dest / model.FILE)
    folder = dest / model.FOLDER
    for dataset in manifest.datasets:
        sums = read_sums(folder / f"{dataset.id}.sha256")
        known = read_known(folder / f"{dataset.id}.sha256", folder / f"{dataset.id}.sizes").files
        fine: list[str] = []
        for path in sums:
            token.check()
            wrong = _by_size(dest, path, known.get(path))
            if wrong is None:
                fine.append(path)
            else:
                yield wrong
            counter.advance()
        chosen = fine if share >= 1 else random.sample(fine, round(len(fine) * share))
        yield from _by_hash(dest, chosen, sums, workers, token)
        yield from _extra(dest, sums)


def _by_size(dest: Path, path: str, known: HashedFile | None) -> Changed | None:
    try:
        size = (dest / path).stat().st_size
    except FileNotFoundError:
        return Changed(path, "missing")
    except OSError as error:
        return Changed(path, "unreadable", error.strerror or str(error))
    if known is not None and size != known.size:
        return Changed(path, "size", f"{size:,} bytes, {known.size:,} before")
    return None


def _by_hash(
    dest: Path, paths: Iterable[str], sums: dict[str, str], workers: int, token: CancelToken
) -> Iterator[Changed]:
    def one(path: str) -> Changed | None:
        try:
            found = sha256_of(dest / path, token)
        except OSError as error:
            return Changed(path, "unreadable", error.strerror or str(error))
        return None if found == sums[path] else Changed(path, "hash", f"{found[:12]} now")

    with ThreadPoolExecutor(workers) as pool:
        yield from (each for each in pool.map(one, paths) if each is not None)


def _extra(dest: Path, sums: dict[str, str]) -> Iterator[Changed]:
    """Files of the same ending beside those listed, which the lists do not name."""
    folders: dict[str, set[str]] = {}
    for path in sums:
        folder, _, name = path.rpartition("/")
        folders.setdefault(folder, set()).add(os.path.splitext(name)[1])  # noqa: PTH122  # a string
    for folder, endings in folders.items():
        try:
            names = [each.name for each in os.scandir(dest / folder) if each.is_file()]
        except OSError:
            continue
        for name in sorted(names):
            path = f"{folder}/{name}" if folder else name
            if path not in sums and not name.startswith(".") and name.endswith(tuple(endings)):
                yield Changed(path, "extra")
