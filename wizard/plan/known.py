"""Archives this machine holds already, proven for another install or another collection."""

from __future__ import annotations

from wizard.recipes.model import Archive, Recipe
from wizard.recipes.order import address, fetch_id
from wizard.transfer.archive_cache import ArchiveCache


def known_here(recipe: Recipe) -> frozenset[str]:
    """Return the fetch steps whose archive need not come over the network.

    An archive is known by its published hash alone; it is read again before it counts.
    """
    cache = ArchiveCache.usual()
    return frozenset(
        address(dataset.id, fetch_id(archive.name))
        for dataset in recipe.datasets
        for archive in dataset.archives
        if (hashes := _hashes(archive)) and cache.find(hashes)
    )


def _hashes(archive: Archive) -> dict[str, str]:
    named = {"sha256": archive.sha256, "sha1": archive.sha1, "md5": archive.md5}
    return {name: value for name, value in named.items() if value}
