"""Site files: how a lab points everyone at its own copies, and one made from a folder of them."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, urlsplit

from msgspec.structs import replace
from platformdirs import PlatformDirs

from wizard.errors import UsageError
from wizard.foreign import open_foreign
from wizard.progress import CancelToken, Counter
from wizard.recipes.archive_facts import is_web_address, proof_problems
from wizard.recipes.model import Access, Alternative, Archive, Dataset, Recipe, Site
from wizard.recipes.site_model import ArchiveAt, LoginAt, SiteFile, check_names, keys_of
from wizard.recipes.toml import decode, key_error, read_toml

NAME = "site.toml"
_CHUNK = 1 << 20


def site_path() -> Path | None:
    """Return the site file of this user or else of this machine, if there is one."""
    folders = PlatformDirs("segwizard", appauthor=False)
    for folder in (folders.user_config_path, folders.site_config_path):
        if (path := folder / NAME).is_file():
            return path
    return None


def load_site(path: Path | None = None) -> SiteFile:
    """Return the site file at ``path``, or the user's, or the machine's, or an empty one.

    Raises ``RecipeError`` naming file, key and reason.
    """
    path = path or site_path()
    if path is None:
        return SiteFile()
    site = replace(decode(read_toml(path), SiteFile), source=str(path))
    _check(site)
    return site


def apply_site(recipe: Recipe, site: SiteFile) -> Recipe:
    """Return the recipe with the site's addresses, proofs and access.

    Raises ``RecipeError`` for an archive or a login site that no recipe has, for a bare name that
    stands for different archives, and for an open archive without an address.
    """
    check_names(recipe, site)
    return replace(
        recipe,
        datasets=tuple(_dataset(recipe, each, site) for each in recipe.datasets),
        sites=tuple(_rebased(each, site.sites.get(each.id)) for each in recipe.sites),
    )


def _dataset(recipe: Recipe, dataset: Dataset, site: SiteFile) -> Dataset:
    archives = tuple(_archive(recipe, dataset, each, site) for each in dataset.archives)
    dataset = replace(dataset, alternatives=_alternatives(recipe, dataset, site))
    share = _share(dataset.archives, archives)
    return replace(
        dataset,
        archives=archives,
        labels_about=round(dataset.labels_about * share),
        label_files_about=round(dataset.label_files_about * share),
        core_seconds_about=dataset.core_seconds_about * share,
        steps=dataset.steps
        if archives == dataset.archives
        else tuple(step.inexact() for step in dataset.steps),
    )


def _alternatives(recipe: Recipe, dataset: Dataset, site: SiteFile) -> tuple[Alternative, ...]:
    """Put the ways first whose archives the site hands out, every one of them."""

    def left_to_others(alternative: Alternative) -> bool:
        own = [each for each in dataset.archives if each.alternative == alternative.id]
        at = (site.archives.get(_key(recipe, dataset, each, site)) for each in own)
        return not own or not all(each and each.urls for each in at)

    return tuple(sorted(dataset.alternatives, key=left_to_others))


def _key(recipe: Recipe, dataset: Dataset, archive: Archive, site: SiteFile) -> str:
    """Return what the site file calls an archive; empty when it does not name it."""
    keys = keys_of(recipe, dataset, archive)
    return next((key for key in keys if key in site.archives), "")


def _archive(recipe: Recipe, dataset: Dataset, archive: Archive, site: SiteFile) -> Archive:
    key = _key(recipe, dataset, archive, site)
    at = site.archives.get(key, ArchiveAt())
    archive = _overridden(archive, at)
    if archive.access.kind == "open" and at.urls is None:
        mirrored = (f"{each.rstrip('/')}/{quote(archive.name)}" for each in site.mirrors)
        archive = replace(archive, urls=tuple(dict.fromkeys((*mirrored, *archive.urls))))
    if archive.access.kind == "open" and not archive.urls:
        raise key_error(
            site.source, f'archives."{key}".urls', "is missing: an open archive needs an address"
        )
    return archive


def _overridden(archive: Archive, at: ArchiveAt) -> Archive:
    if at.urls is not None:
        archive = replace(archive, urls=at.urls, addresses=())
    if at.access is not None:
        access = Access() if at.access == "open" else replace(archive.access, kind=at.access)
        archive = replace(archive, access=access)
    if at.rehearsal:
        archive = replace(archive, access=replace(archive.access, rehearsal=at.rehearsal))
    same_size = at.size in (None, archive.size)
    return archive if same_size and not (at.md5 or at.sha1 or at.sha256) else _proven(archive, at)


def _proven(archive: Archive, at: ArchiveAt) -> Archive:
    """Replace every proof at once: a site that names one means its own copy of the file.

    What the file holds is estimated anew from its size, so that a miniature is planned as one.
    """
    about = archive.size or archive.size_about
    proven = replace(
        archive,
        size=at.size,
        size_about=about,
        md5=at.md5,
        sha1=at.sha1,
        sha256=at.sha256,
        sha256_start="",
        git_blob="",
        statements=(),
    )
    share = _share((archive,), (proven,))
    return replace(
        proven,
        unpacked_about=round(archive.unpacked_about * share),
        files_about=round(archive.files_about * share),
    )


def _share(before: tuple[Archive, ...], after: tuple[Archive, ...]) -> float:
    """How much of the original archives the site's own hold, by size."""
    old = sum(each.size or each.size_about for each in before)
    return sum(each.size or each.size_about for each in after) / old if old else 1.0


def _rebased(site: Site, at: LoginAt | None) -> Site:
    if at is None:
        return site
    return replace(
        site,
        login_url=_moved(site.login_url, at.base),
        register_url=_moved(site.register_url, at.base),
        file_url=_moved(site.file_url, at.base),
        md5_url=_moved(site.md5_url, at.base),
        list_url=_moved(site.list_url, at.base),
    )


def _moved(url: str, base: str) -> str:
    if not url:
        return ""
    parts = urlsplit(url)
    return base.rstrip("/") + url.removeprefix(f"{parts.scheme}://{parts.netloc}")


def _check(site: SiteFile) -> None:
    """Raise for addresses, proofs and limits that cannot be meant."""
    for key, url in _addresses(site):
        if not is_web_address(url):
            raise key_error(site.source, key, f"is no http address: {url!r}")
    for name, at in site.archives.items():
        prefix = f'archives."{name}".'
        for key, reason, hint in proof_problems(prefix, at.size, at.md5, at.sha1, at.sha256):
            raise key_error(site.source, key, reason, hint)
    limits = site.limits
    least = (("rate", limits.rate, 0), ("transfers", limits.transfers, 1))
    for name, value, low in (*least, ("per_host", limits.per_host, 1)):
        if value is not None and value < low:
            raise key_error(site.source, f"limits.{name}", f"should be {low} or more")


def _addresses(site: SiteFile) -> list[tuple[str, str]]:
    found = [(f"mirrors[{i}]", url) for i, url in enumerate(site.mirrors)]
    found += [(f"sites.{name}.base", at.base) for name, at in site.sites.items()]
    for name, at in site.archives.items():
        found += [(f'archives."{name}".urls[{i}]', url) for i, url in enumerate(at.urls or ())]
    return found


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
