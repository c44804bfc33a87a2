"""What a site file holds, and how it names the archives and login sites of recipes."""

from __future__ import annotations

from collections.abc import Mapping

from wizard.errors import RecipeError
from wizard.recipes.keys import suggestion
from wizard.recipes.loader import names, outline
from wizard.recipes.model import AccessKind, Archive, Dataset, Model, Recipe
from wizard.recipes.toml import key_error


class ArchiveAt(Model, frozen=True, kw_only=True):
    """What a site says of one archive; what it leaves out stays as the recipe has it."""

    urls: tuple[str, ...] | None = None
    access: AccessKind | None = None
    """``open`` for a gated archive that needs no login here: a lab's own mirror."""
    rehearsal: dict[str, str] = {}
    """What to answer when asked for it, by field, shown beside the question: for rehearsals on a
    server of one's own, never for real secrets."""
    size: int | None = None
    md5: str = ""
    sha1: str = ""
    sha256: str = ""


class LoginAt(Model, frozen=True, kw_only=True):
    """Where a login site lives here."""

    base: str
    """Replaces scheme and host of every address of the site."""


class SiteLimits(Model, frozen=True, kw_only=True):
    """The most transfers may use here; options of a run may only ask for less."""

    rate: int | None = None
    """Bytes a second over all transfers; 0 is no limit."""
    transfers: int | None = None
    """Archives at once."""
    per_host: int | None = None
    """Connections to one host."""


class SiteFile(Model, frozen=True, kw_only=True):
    """All a site file may hold."""

    archives: dict[str, ArchiveAt] = {}
    """By ``name``, ``dataset/name`` or ``collection/dataset/name``; the longest key decides."""
    sites: dict[str, LoginAt] = {}
    """By the id of a login site."""
    mirrors: tuple[str, ...] = ()
    """Addresses under which open archives are tried by name before their own addresses."""
    limits: SiteLimits = SiteLimits()
    source: str = ""
    """The file it came from; filled in by the loader."""


def keys_of(recipe: Recipe, dataset: Dataset, archive: Archive) -> tuple[str, ...]:
    """Return the keys a site file may use for an archive, the most exact first."""
    inner = f"{dataset.id}/{archive.name}"
    return f"{recipe.id}/{inner}", inner, archive.name


def check_names(recipe: Recipe, site: SiteFile) -> None:
    """Refuse archives and login sites no recipe has, and bare names of different archives.

    Names may belong to another collection, but not to none: a slip would go unnoticed. Raises
    ``RecipeError``.
    """
    known = _archive_keys(recipe)
    foreign = [key for key in site.archives if key not in known]
    strange = [key for key in site.sites if key not in {each.id for each in recipe.sites}]
    if foreign or strange:
        others = [outline(name) for name in names() if name != recipe.id]
        archives = {*known, *(key for each in others for key in _archive_keys(each))}
        sites = {each.id for other in (recipe, *others) for each in other.sites}
        for key in (each for each in foreign if each not in archives):
            hint = suggestion(key, archives)
            raise key_error(site.source, f'archives."{key}"', "is no archive of any recipe", hint)
        for key in (each for each in strange if each not in sites):
            hint = suggestion(key, sites)
            raise key_error(site.source, f"sites.{key}", "is no login site of any recipe", hint)
    _check_bare_names(known, site)


def _check_bare_names(known: Mapping[str, list[Archive]], site: SiteFile) -> None:
    for key in site.archives:
        if len({each.urls for each in known.get(key, [])}) > 1:
            raise RecipeError(
                "stands for different archives",
                where=f'{site.source}: archives."{key}"',
                hint="write <dataset>/<archive> instead",
            )


def _archive_keys(recipe: Recipe) -> dict[str, list[Archive]]:
    found: dict[str, list[Archive]] = {}
    for dataset in recipe.datasets:
        for archive in dataset.archives:
            for key in keys_of(recipe, dataset, archive):
                found.setdefault(key, []).append(archive)
    return found
