"""Ids of collections, datasets and login sites, read without the loader: TAB must not wait."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from wizard.errors import WizardError
from wizard.recipes.places import catalogue_files, recipe_files
from wizard.recipes.toml import read_toml


def collection_ids() -> tuple[tuple[str, str], ...]:
    """Return the id and title of every collection; a file that cannot be read is left out."""
    found = ((name, _read(path)) for name, path in sorted(recipe_files().items()))
    return tuple((name, str(tables.get("title", ""))) for name, tables in found)


def dataset_ids(collection: str = "") -> tuple[tuple[str, str], ...]:
    """Return the id and title of each dataset of a collection, by name or path, or of all."""
    files = recipe_files()
    own = Path(collection) if collection.endswith(".toml") else None
    known = files.get(collection, own) if collection else None
    tables = (_read(path) for path in ([known] if known else files.values()))
    return tuple(dict(pair for each in tables for pair in _listed(each, "datasets")).items())


def site_ids() -> tuple[tuple[str, str], ...]:
    """Return the id and title of every login site."""
    tables = (_read(path) for path in (*catalogue_files(), *recipe_files().values()))
    return tuple(dict(pair for each in tables for pair in _listed(each, "sites")).items())


def _read(path: Path) -> dict[str, Any]:
    with contextlib.suppress(WizardError):
        return read_toml(path).tables
    return {}


def _listed(tables: dict[str, Any], key: str) -> Iterator[tuple[str, str]]:
    entries = tables.get(key)
    for each in entries if isinstance(entries, list) else ():
        if isinstance(each, dict) and isinstance(each.get("id"), str):
            yield each["id"], str(each.get("title", ""))
