"""Sums over a recipe that the pages before the plan show: sizes, waiting, ways of access."""

from __future__ import annotations

from types import MappingProxyType

from wizard.recipes.model import Archive, Dataset, Recipe

ACCESS = MappingProxyType(
    {
        "open": "free download",
        "login": "log in",
        "link": "link by mail",
        "base-url": "address by mail",
        "browser": "by browser",
        "token": "access token",
    }
)
"""Ways of access in words."""


def fetch_bytes(dataset: Dataset) -> int:
    """Bytes to download for a dataset, archives nothing needs left out."""
    return sum(archive.size or archive.size_about for archive in needed(dataset))


def disk_bytes(dataset: Dataset) -> int:
    """Bytes a dataset takes in the end, archives that stay included."""
    kept = sum(a.size or a.size_about for a in needed(dataset) if a.keep)
    unpacked = sum(archive.unpacked_about for archive in needed(dataset))
    return kept + unpacked + dataset.labels_about


def needed(dataset: Dataset) -> tuple[Archive, ...]:
    """The archives later steps need."""
    return dataset.usual


def access(dataset: Dataset) -> str:
    """How a dataset is gained, in words, the hardest way if there are several."""
    kinds = [archive.access.kind for archive in dataset.archives]
    hardest = [kind for kind in ("base-url", "link", "browser", "login", "token") if kind in kinds]
    return ACCESS[hardest[0]] if hardest else ACCESS["open"]


def longest_wait(recipe: Recipe) -> str:
    """The longest wait for a licence, in few words; empty when none takes a day."""
    asked = [dataset.request for dataset in recipe.datasets if dataset.request]
    requests = [request for request in asked if request.wait_days >= 1]
    if not requests:
        return ""
    return short(max(requests, key=lambda request: request.wait_days).wait)


def short(wait: str) -> str:
    """A wait without its second thoughts: ``about a week; ask first`` is ``about a week``."""
    return wait.partition(";")[0].partition(",")[0]
