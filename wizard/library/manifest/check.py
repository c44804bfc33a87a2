"""Checking an install against its manifest: by size, by a sample of hashes, or whole."""

from __future__ import annotations

import os
import random
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wizard.library.manifest import model
from wizard.library.manifest.compare import read_manifest
from wizard.library.manifest.sums import HashedFile, read_known, read_sums, sha256_of
from wizard.progress import CancelToken, Counter

Trouble = Literal["missing", "size", "hash", "unreadable", "extra"]


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
