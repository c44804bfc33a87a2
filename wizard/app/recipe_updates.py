"""Newer recipes and files of the catalogue: taken beside those of the program, and what differs."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import httpx

from wizard.errors import RecipeError, UsageError
from wizard.files import write_whole
from wizard.kinds.registry import known_kinds, load_recipe
from wizard.recipes.archive_facts import is_web_address, stated_hashes
from wizard.recipes.catalogue import Catalogue, the_catalogue, with_file
from wizard.recipes.keys import suggestion
from wizard.recipes.loader import load_toml, recipe_of
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.recipes.places import CATALOGUE, newer, recipe_files
from wizard.recipes.reference import FieldTable as FieldTable
from wizard.recipes.reference import RecipeField as RecipeField
from wizard.recipes.reference import field_tables
from wizard.recipes.step_table import StepTable
from wizard.recipes.toml import TomlFile, parse_toml, read_toml
from wizard.transfer.http.addresses import shown
from wizard.transfer.http.client import make_client
from wizard.transfer.http.refusals import broken

EntryT = TypeVar("EntryT")
_LARGEST = 4 << 20
_HOPS = 5


def differences(old: Recipe, new: Recipe) -> Iterator[str]:
    """Yield a sentence for each difference, the place first; nothing for equal recipes."""
    for name, before, after in _pairs(_by_id(old.datasets), _by_id(new.datasets)):
        if before is None or after is None:
            yield f"{new.id}/{name}: {'a new dataset' if after else 'is no dataset any more'}"
        elif before != after:
            yield from (f"{new.id}/{name}: {each}" for each in _dataset(before, after))
    if old.finish != new.finish:
        yield f"{new.id}: the steps at the end are others"
    if old.sites != new.sites:
        yield f"{new.id}: login sites are others"
    if (old.root, old.title, old.about) != (new.root, new.title, new.about):
        yield f"{new.id}: its title, text or folder is another"


def _by_id(datasets: Iterable[Dataset]) -> dict[str, Dataset]:
    return {each.id: each for each in datasets}


def _pairs(
    old: Mapping[str, EntryT], new: Mapping[str, EntryT]
) -> Iterator[tuple[str, EntryT | None, EntryT | None]]:
    for name in dict.fromkeys((*old, *new)):
        yield name, old.get(name), new.get(name)


def _dataset(old: Dataset, new: Dataset) -> Iterator[str]:
    archives = ({each.name: each for each in side.archives} for side in (old, new))
    for name, before, after in _pairs(*archives):
        if before is None or after is None:
            yield f"{name}: {'a new archive' if after else 'is not needed any more'}"
        elif before != after:
            yield from (f"{name}: {each}" for each in _archive(before, after))
    steps = ({each.id: each for each in side.steps} for side in (old, new))
    yield from _steps(*steps)
    if old.terms != new.terms or old.request != new.request:
        yield "its licence is stated otherwise: read it again"
    if old.alternatives != new.alternatives:
        yield "the ways to its files are others"


def _archive(old: Archive, new: Archive) -> Iterator[str]:
    yield from (f"one address more, {url}" for url in new.urls if url not in old.urls)
    yield from (f"one address less, {url}" for url in old.urls if url not in new.urls)
    if old.urls != new.urls and set(old.urls) == set(new.urls):
        yield "its addresses are tried in another order"
    if old.size != new.size:
        yield f"its size is {_size(new)}, before {_size(old)}"
    before, after = stated_hashes(old), stated_hashes(new)
    for name in dict.fromkeys((*before, *after)):
        was, now = (side.get(name, "not known") for side in (before, after))
        if was != now:
            yield f"its {name} is {now}, before {was}"
    if old.versions != new.versions:
        yield "other releases of it are known"
    if old.access != new.access:
        yield f"it is gained otherwise ({new.access.kind})"
    if old.hearsay != new.hearsay:
        yield "single sources say other things of it"
    if (old.note, old.addresses) != (new.note, new.addresses) and old.urls == new.urls:
        yield "other words on its state"


def _size(archive: Archive) -> str:
    return "not known" if archive.size is None else f"{archive.size:,} bytes"


def _steps(old: Mapping[str, StepTable], new: Mapping[str, StepTable]) -> Iterator[str]:
    for name, before, after in _pairs(old, new):
        if before is None or after is None:
            yield f"step {name}: {'is new' if after else 'is left out'}"
        elif before != after:
            yield f"step {name}: does something else; run again after taking it"
    if list(old) != list(new) and set(old) == set(new):
        yield "its steps come in another order"


@dataclass(frozen=True, slots=True)
class RecipeUpdate:
    """A newer file, checked, and what taking it changes."""

    name: str
    """Of the recipe, or ``catalogue/NAME``."""
    text: str
    target: Path
    lines: tuple[str, ...]
    """The differences in words."""


def read_update(source: str) -> RecipeUpdate:
    """Read and check a newer recipe or file of the catalogue; nothing is kept yet.

    Raises ``RecipeError`` for what cannot be used, naming line and key.
    """
    web = is_web_address(source)
    file = parse_toml(_fetched(source), source) if web else read_toml(Path(source))
    if "datasets" in file.tables:
        return _recipe(file)
    return _catalogue(file, Path(urlsplit(source).path if web else source).stem)


def _recipe(file: TomlFile) -> RecipeUpdate:
    recipe = load_toml(file, the_catalogue(), known_kinds().tables)
    known = recipe.id in recipe_files()
    lines = (
        tuple(differences(load_recipe(recipe.id), recipe)) if known else (f"{recipe.id}: is new",)
    )
    return RecipeUpdate(recipe.id, file.text, newer() / f"{recipe.id}.toml", lines)


def _catalogue(file: TomlFile, stem: str) -> RecipeUpdate:
    catalogue = with_file(the_catalogue(), file)
    lines = [
        line
        for name, path in recipe_files().items()
        for line in differences(load_recipe(name), _as_in(path, catalogue))
    ]
    target = newer() / CATALOGUE / f"{stem}.toml"
    return RecipeUpdate(f"{CATALOGUE}/{stem}", file.text, target, tuple(dict.fromkeys(lines)))


def _as_in(path: Path, catalogue: Catalogue) -> Recipe:
    """Return a recipe as it is with another catalogue."""
    return load_toml(read_toml(path), catalogue, known_kinds().tables)


def take_update(update: RecipeUpdate) -> None:
    """Keep the newer file beside the one of the program, which stays as it is."""
    write_whole(update.target, update.text.encode())


def taken() -> tuple[str, ...]:
    """Return the names of the files that stand in place of the program's."""
    own = newer()
    recipes = (path.stem for path in sorted(own.glob("*.toml")))
    return (*recipes, *(f"{CATALOGUE}/{p.stem}" for p in sorted((own / CATALOGUE).glob("*.toml"))))


def give_back(name: str) -> Path:
    """Remove a newer file, so that the program's own is used again; returns what it was.

    Raises ``UsageError`` where none of that name was taken.
    """
    if name not in taken():
        hint = suggestion(name, taken()) or "none was taken"
        raise UsageError(f"no newer file {name!r} was taken", hint=hint)
    path = newer() / f"{name}.toml"
    path.unlink()
    return path


def recipe_fields(name: str = "") -> tuple[FieldTable, ...]:
    """Return the tables a recipe may hold, or the one of a name or kind; raises ``UsageError``."""
    tables = field_tables(recipe_of(known_kinds().tables))
    chosen = tuple(each for each in tables if name in ("", each.name) or f'"{name}"' in each.tag)
    if not chosen:
        hint = suggestion(name, [each.name for each in tables])
        raise UsageError(f"there is no table {name!r}", hint=hint)
    return chosen


def _fetched(url: str) -> str:
    """Return a small text from an address, over https or from this machine alone."""
    parts = urlsplit(url)
    if parts.scheme != "https" and parts.hostname not in ("127.0.0.1", "localhost", "::1"):
        raise UsageError("recipes are only taken over https", where=shown(url))
    try:
        with contextlib.closing(make_client()) as client:
            return _body(client, url)
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise broken(error, url) from None


def _body(client: httpx.Client, url: str) -> str:
    for _ in range(_HOPS):
        with client.stream("GET", url) as answer:
            if answer.has_redirect_location:
                url = str(answer.url.join(answer.headers["location"]))
                if urlsplit(url).scheme != "https":
                    raise UsageError("recipes are only taken over https", where=shown(url))
                continue
            if answer.status_code != 200:
                raise RecipeError(f"the host answers {answer.status_code}", where=shown(url))
            held = bytearray()
            for block in answer.iter_bytes():
                held += block
                if len(held) > _LARGEST:
                    raise RecipeError("is larger than any recipe", where=shown(url))
            try:
                return held.decode("utf-8")
            except UnicodeDecodeError:
                raise RecipeError("is not UTF-8 text", where=shown(url)) from None
    raise RecipeError("leads in a circle", where=shown(url))
