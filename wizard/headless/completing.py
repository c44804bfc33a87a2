"""What TAB offers: collections, datasets, login sites, commands with JSON."""

from __future__ import annotations

from collections.abc import Iterable

import click
from click.shell_completion import CompletionItem

Offers = list[CompletionItem]


def complete_collections(_context: click.Context, _given: click.Parameter, begun: str) -> Offers:
    """Offer collections; what looks like a path completes as a file."""
    if "/" in begun or begun.startswith((".", "~")):
        return [CompletionItem(begun, type="file")]
    # Here and below, as ``--help`` must not wait for what reads recipes.
    from wizard.app.known_ids import collection_ids

    return _begun(collection_ids(), begun)


def complete_datasets(context: click.Context, _given: click.Parameter | None, begun: str) -> Offers:
    """Offer datasets of the collection that is named, else of all; after a comma one more."""
    from wizard.app.known_ids import dataset_ids

    before, comma, last = begun.rpartition(",")
    taken = before.split(",")
    names = dataset_ids(str(context.params.get("collection") or ""))
    offered = [pair for pair in names if pair[0] not in taken]
    return [
        CompletionItem(f"{before}{comma}{each.value}", help=each.help)
        for each in _begun(offered, last)
    ]


def complete_sites(_context: click.Context, _given: click.Parameter, begun: str) -> Offers:
    """Offer login sites."""
    from wizard.app.known_ids import site_ids

    return _begun(site_ids(), begun)


def _begun(names: Iterable[tuple[str, str]], begun: str) -> Offers:
    return [CompletionItem(name, help=title) for name, title in names if name.startswith(begun)]
