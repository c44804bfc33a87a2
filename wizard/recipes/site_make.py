"""A site file from a folder of archives: names matched, sizes taken, contents hashed."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote

from wizard.errors import UsageError
from wizard.foreign import open_foreign
from wizard.progress import CancelToken, Counter
from wizard.recipes.model import Archive, Recipe
from wizard.recipes.site_model import keys_of

_CHUNK = 1 << 20


class Match(NamedTuple):
    """A file that goes by the name of an archive."""

    key: str
    """How the site file names the archive."""
    file: Path


class Matches(NamedTuple):
    """What a folder holds of some collections' archives."""

    found: tuple[Match, ...]
    strange: tuple[Path, ...]
    """Files of no archive's name."""
    missing: tuple[str, ...]
    """Keys of the archives no file goes by the name of."""


def match(folder: Path, recipes: Sequence[Recipe]) -> Matches:
    """Match the files of a folder and of its subfolders to archives by name or alias.

    Raises ``UsageError`` when the folder cannot be read.
    """
    if not folder.is_dir():
        raise UsageError("is no folder", where=str(folder), hint="name the folder of the archives")
    keys = _keys(recipes)
    files = {path.name: path for path in _files(folder)}
    found = [
        Match(key, files[name])
        for key, archive in keys
        for name in (archive.name, *archive.aliases)
        if name in files
    ]
    best = {each.key: each for each in reversed(found)}
    used = {each.file for each in best.values()}
    return Matches(
        found=tuple(best[key] for key, _ in keys if key in best),
        strange=tuple(path for path in files.values() if path not in used),
        missing=tuple(key for key, _ in keys if key not in best),
    )


def site_text(
    folder: Path, url: str, matches: Matches, *, counter: Counter, token: CancelToken
) -> Iterator[str]:
    """Yield the lines of a site file that declares the matched archives open below ``url``.

    Every file is read once for its sha256; ``counter`` counts bytes. Raises ``UsageError`` for an
    address that is none.
    """
    if not url.startswith(("http://", "https://")):
        raise UsageError(f"{url!r} is no http address", hint="--url http://host/path")
    base = url.rstrip("/") + "/"
    counter.unit = "bytes"
    counter.total = sum(each.file.stat().st_size for each in matches.found)
    yield "# Where the archives lie here, as segwizard found them. Every copy is open to all."
    for key, file in matches.found:
        place = quote(file.relative_to(folder).as_posix())
        size, digest = _read(file, counter, token)
        yield ""
        yield f"[archives.{json.dumps(key)}]"
        yield f"urls = [{json.dumps(base + place)}]"
        yield 'access = "open"'
        yield f"size = {size}"
        yield f'sha256 = "{digest}"'


def _keys(recipes: Sequence[Recipe]) -> list[tuple[str, Archive]]:
    """Every archive under the shortest key that stands for it alone."""
    archives = [
        (keys_of(recipe, dataset, archive), archive)
        for recipe in recipes
        for dataset in recipe.datasets
        for archive in dataset.archives
    ]
    found: dict[str, Archive] = {}
    for names, archive in archives:
        homonyms = {other.urls for keys, other in archives if keys[-1] == names[-1]}
        found[names[-1] if len(homonyms) == 1 else names[0]] = archive
    return list(found.items())


def _files(folder: Path) -> Iterator[Path]:
    """The files of a folder and of its folders, one level down, in order, hidden ones aside."""
    for path in sorted((*folder.glob("*"), *folder.glob("*/*"))):
        hidden = any(part.startswith(".") for part in path.relative_to(folder).parts)
        if not hidden and path.is_file():
            yield path


def _read(file: Path, counter: Counter, token: CancelToken) -> tuple[int, str]:
    digest, size = hashlib.sha256(), 0
    with open_foreign(file) as source:
        while chunk := source.read(_CHUNK):
            token.check()
            digest.update(chunk)
            size += len(chunk)
            counter.advance(len(chunk))
    return size, digest.hexdigest()
