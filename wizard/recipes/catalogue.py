"""The catalogue: every archive, licence and login site stated once, for recipes to refer to.

A recipe names an entry with ``catalogue = "id"`` and says only what it does with the file: where
it lies, which alternative it belongs to, how much is unpacked. References are filled in before
a recipe is decoded, so that everything behind the loader sees whole archives.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from wizard.recipes.keys import suggestion
from wizard.recipes.model import Access, LicenceRequest, Model, Site, Version
from wizard.recipes.places import catalogue_files
from wizard.recipes.provenance import ArchiveAddress, Statement
from wizard.recipes.toml import TomlFile, decode, read_toml

Table = dict[str, Any]

_NUMBER = re.compile(r"\{n(?::(?P<digits>0\d))?\}")
_USES = frozenset(
    ("catalogue", "name", "path", "access", "unpacked_about", "files_about")
    + ("keep", "note", "optional", "alternative")
)
"""What a recipe may say of an archive that the catalogue states."""
_OWN = frozenset(("id", "licence", "also", "series"))
"""Keys of an entry that are no part of an archive."""


class Series(Model, frozen=True, kw_only=True):
    """Several files that differ by a number, such as shards; ``{n:05}`` is filled."""

    count: int
    sizes: tuple[int | None, ...] = ()
    """Exact sizes in order; 0 where one is not known."""
    by: tuple[str, ...] = ()
    """Who states the sizes."""


class Licence(Model, frozen=True, kw_only=True):
    """Terms a person accepts, and what to ask for where that is needed."""

    id: str
    title: str
    url: str
    summary: str
    commercial: bool = False
    request: LicenceRequest | None = None


class CatalogueEntry(Model, frozen=True, kw_only=True):
    """All that is true of one archive wherever it is used; fields as in ``Archive``."""

    id: str
    name: str
    licence: str = ""
    """Id of the terms it stands under."""
    addresses: tuple[ArchiveAddress, ...] = ()
    access: Access = Access()
    size_about: int = 0
    unpacked_about: int = 0
    files_about: int = 0
    sha256_start: str = ""
    git_blob: str = ""
    statements: tuple[Statement, ...] = ()
    aliases: tuple[str, ...] = ()
    note: str = ""
    versions: tuple[Version, ...] = ()
    also: tuple[str, ...] = ()
    """Entries whose files serve as well: their addresses and releases follow its own."""
    series: Series | None = None


class CatalogueFile(Model, frozen=True, kw_only=True):
    """What one file of the catalogue may hold."""

    archives: tuple[CatalogueEntry, ...] = ()
    licences: tuple[Licence, ...] = ()
    sites: tuple[Site, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Entries by id, as tables that were checked."""

    archives: Mapping[str, Table] = field(default_factory=dict)
    licences: Mapping[str, Table] = field(default_factory=dict)
    sites: Mapping[str, Site] = field(default_factory=dict)


def the_catalogue() -> Catalogue:
    """Return the catalogue of the program, with what newer files of this user replace.

    Raises ``RecipeError`` naming file, key and reason.
    """
    return _read(tuple((path, path.stat().st_mtime_ns) for path in catalogue_files()))


@functools.lru_cache(maxsize=4)
def _read(files: tuple[tuple[Path, int], ...]) -> Catalogue:
    catalogue = Catalogue()
    for path, _ in files:
        catalogue = with_file(catalogue, read_toml(path))
    return catalogue


def with_file(catalogue: Catalogue, file: TomlFile) -> Catalogue:
    """Return the catalogue with the entries of a file, which replace those of the same ids.

    Raises ``RecipeError`` for what is no file of a catalogue.
    """
    decoded = decode(file, CatalogueFile)
    return Catalogue(
        {**catalogue.archives, **{each["id"]: each for each in file.tables.get("archives", ())}},
        {**catalogue.licences, **{each["id"]: each for each in file.tables.get("licences", ())}},
        {**catalogue.sites, **{each.id: each for each in decoded.sites}},
    )


def resolved(file: TomlFile, catalogue: Catalogue) -> TomlFile:
    """Return a recipe's file with all that its tables refer to filled in.

    Raises ``RecipeError`` for an entry nobody knows and for facts stated a second time.
    """
    datasets = file.tables.get("datasets")
    if not isinstance(datasets, list):
        return file
    found = [_dataset(file, index, each, catalogue) for index, each in enumerate(datasets)]
    return file.with_tables({**file.tables, "datasets": found})


def _dataset(file: TomlFile, index: int, dataset: Any, catalogue: Catalogue) -> Any:
    if not isinstance(dataset, dict):
        return dataset
    key = f"datasets[{index}]"
    dataset = _licensed(file, dict(dataset), catalogue, key)
    uses = dataset.get("archives")
    if isinstance(uses, list):
        groups = (
            _archives(file, each, catalogue, f"{key}.archives[{place}]")
            for place, each in enumerate(uses)
        )
        dataset["archives"] = [each for group in groups for each in group]
    return _with_hashes(dataset)


def _licensed(file: TomlFile, dataset: Table, catalogue: Catalogue, key: str) -> Table:
    name = dataset.get("licence")
    if name is None:
        return dataset
    licence = _entry(file, catalogue.licences, name, f"{key}.licence")
    terms = {each: licence[each] for each in licence if each not in ("id", "request")}
    asked = {"request": licence["request"]} if "request" in licence else {}
    return {"terms": terms, **asked, **dataset}


def _entry(file: TomlFile, entries: Mapping[str, Table], name: Any, key: str) -> Table:
    if not isinstance(name, str) or name not in entries:
        hint = suggestion(str(name), entries)
        raise file.error(key, f"is not in the catalogue: {name!r}", hint)
    return entries[name]


def _archives(file: TomlFile, use: Any, catalogue: Catalogue, key: str) -> Iterator[Any]:
    if not isinstance(use, dict) or "catalogue" not in use:
        yield use
        return
    entry = _entry(file, catalogue.archives, use["catalogue"], f"{key}.catalogue")
    for twice in (each for each in use if each not in _USES):
        hint = "leave it out, or leave out catalogue and state everything here"
        raise file.error(f"{key}.{twice}", "is stated by the catalogue", hint)
    also = entry.get("also", ())
    others = [_entry(file, catalogue.archives, each, f"{key}.catalogue") for each in also]
    for number in _numbers(entry):
        yield _placed(_joined(use, _numbered(entry, number), others))


def _numbers(entry: Table) -> Iterable[int | None]:
    series = entry.get("series")
    return range(series["count"]) if series else (None,)


def _numbered(entry: Table, number: int | None) -> Table:
    """Fill in the number of one file of a series."""
    if number is None:
        return entry
    sizes = entry["series"].get("sizes", ())
    size = sizes[number] if number < len(sizes) else 0
    stated = [{"by": entry["series"].get("by", ()), "size": size}] if size else []
    filled: Table = {
        **entry,
        "name": _filled(entry["name"], number),
        "addresses": [
            {**each, "url": _filled(each["url"], number)} for each in entry.get("addresses", ())
        ],
        "statements": [*entry.get("statements", ()), *stated],
    }
    return filled


def _filled(text: str, number: int) -> str:
    return _NUMBER.sub(lambda found: format(number, found["digits"] or ""), text)


def _joined(use: Table, entry: Table, others: list[Table]) -> Table:
    notes = (entry.get("note", ""), use.get("note", ""))
    whole = {name: value for name, value in entry.items() if name not in _OWN} | use
    for key in ("addresses", "versions"):
        whole[key] = [each for part in (entry, *others) for each in part.get(key, ())]
    access = {**entry.get("access", {}), **use.get("access", {})}
    return whole | {"access": access, "note": " ".join(note for note in notes if note)}


def _placed(archive: Table) -> Table:
    path = archive.get("path", "")
    if not isinstance(path, str) or "{name}" not in path:
        return archive
    return archive | {"path": path.replace("{name}", archive["name"])}


def _with_hashes(dataset: Table) -> Table:
    """Give checks of a fetched file that name no hash the one the catalogue states."""
    steps = dataset.get("steps")
    if not isinstance(steps, list):
        return dataset
    at = {place: each for each in dataset.get("archives", ()) if (place := _place(dataset, each))}
    return dataset | {"steps": [_step(each, at) for each in steps]}


def _place(dataset: Table, archive: Any) -> str:
    if not isinstance(archive, dict):
        return ""
    return str(archive.get("path") or f"{dataset.get('folder')}/{archive.get('name')}")


def _step(step: Any, at: Mapping[str, Table]) -> Any:
    checks = step.get("checks") if isinstance(step, dict) else None
    if not isinstance(checks, list):
        return step
    return {**step, "checks": [_check(each, at) for each in checks]}


def _check(check: Any, at: Mapping[str, Table]) -> Any:
    if not isinstance(check, dict) or check.get("check") != "hash":
        return check
    if any(check.get(name) for name in ("md5", "sha256", "git_blob")):
        return check
    archive = at.get(check.get("file", ""))
    return check if archive is None else {**check, **_hash(archive)}


def _hash(archive: Table) -> Table:
    """The strongest proof stated of an archive, as a hash check names it."""
    if blob := archive.get("git_blob"):
        return {"git_blob": blob}
    stated = [archive, *archive.get("statements", ())]
    for name in ("sha256", "md5"):
        if value := next((each[name] for each in stated if each.get(name)), ""):
            return {name: value}
    return {"sha256": archive["sha256_start"]} if "sha256_start" in archive else {}
