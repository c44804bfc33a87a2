"""The catalogue: which collections there are, and pointing them at a lab's own copies."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from msgspec import Struct

from wizard.kinds.registry import load_recipe
from wizard.plan.costs import size_of
from wizard.progress import CancelToken, Counter
from wizard.recipes.loader import names
from wizard.recipes.model import Recipe
from wizard.recipes.site import Matches, load_site, match, site_path, site_text
from wizard.recipes.site_model import ArchiveAt, SiteFile

__all__ = ["ArchiveAt", "CollectionRow", "DatasetRow", "SiteFile", "SiteMade", "SiteShown"]


class DatasetRow(Struct, frozen=True, kw_only=True):
    """One dataset of a collection, as data."""

    id: str
    title: str
    folder: str
    about: str
    required: bool
    access: tuple[str, ...]


class CollectionRow(Struct, frozen=True, kw_only=True):
    """One collection, as data."""

    id: str
    title: str
    about: str
    document: str
    fetch_bytes: int
    datasets: tuple[DatasetRow, ...]


@dataclass(frozen=True, slots=True)
class SiteShown:
    """The site file in use, and where it lies; None where none is."""

    place: Path | None
    site: SiteFile


class SiteMade:
    """A site file in the making: its lines, then what matched and what was read."""

    def __init__(self, folder: Path, url: str, collections: Sequence[str]) -> None:
        self._folder, self._url = folder, url
        self.matches: Matches = match(folder, [load_recipe(name) for name in collections])
        self.counter = Counter()

    def lines(self, token: CancelToken) -> Iterator[str]:
        """Yield the file's lines while archives are read for their hashes."""
        yield from site_text(
            self._folder, self._url, self.matches, counter=self.counter, token=token
        )


def collection_rows() -> tuple[CollectionRow, ...]:
    """Return every collection there is a recipe for."""
    return tuple(_row(load_recipe(name)) for name in names())


def show_site(path: Path | None) -> SiteShown:
    """Read a site file, or the one that is found; raises ``RecipeError`` for a mistake in it."""
    place = path or site_path()
    return SiteShown(place, load_site(place))


def _row(recipe: Recipe) -> CollectionRow:
    return CollectionRow(
        id=recipe.id,
        title=recipe.title,
        about=" ".join(recipe.about.split()),
        document=recipe.document,
        fetch_bytes=sum(size_of(archive) for each in recipe.datasets for archive in each.usual),
        datasets=tuple(
            DatasetRow(
                id=each.id,
                title=each.title,
                folder=each.folder,
                about=each.about,
                required=each.required,
                access=tuple(dict.fromkeys(archive.access.kind for archive in each.archives)),
            )
            for each in recipe.datasets
        ),
    )
