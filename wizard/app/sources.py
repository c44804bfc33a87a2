"""Where archives come from: every address, what proves the file, and who saw it last."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import httpx

from wizard import figures
from wizard.credentials.chain import open_vault
from wizard.credentials.vault import Vault
from wizard.errors import CredentialError, TransferError
from wizard.kinds.registry import load_recipe
from wizard.recipes.archive_facts import stated_hashes
from wizard.recipes.loader import names
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.recipes.site import apply_site, load_site
from wizard.transfer.http.address_check import (
    HANDS_OUT,
    AddressQuestion,
    check_addresses,
)
from wizard.transfer.http.address_check import AddressAnswer as AddressAnswer
from wizard.transfer.http.addresses import origin
from wizard.transfer.logins.sites import open_session
from wizard.transfer.retry_policy import RetryPolicy

__all__ = ["HANDS_OUT", "AddressAnswer", "SourceAddress", "SourceRow"]


ArchiveStanding = Literal["had", "person", "lost", "unasked"]
"""How an archive stands after its addresses were asked: one hands it out, a person gains it, no
address gives it, nothing was asked."""


@dataclass(frozen=True, slots=True)
class SourceAddress:
    """One address of an archive as the board shows it."""

    url: str
    copy: str
    """Whose copy it is; empty for the publisher's own."""
    reported: str
    """When it was last seen and by whom; empty where nobody says."""
    gone: bool
    note: str
    found: AddressAnswer | None = None
    """What it said just now, where it was asked."""

    @property
    def answers(self) -> bool:
        """Whether it was asked and hands the file out."""
        return self.found is not None and self.found.state in HANDS_OUT


@dataclass(frozen=True, slots=True)
class SourceRow:
    """One archive of a collection and all that is known of where it comes from."""

    collection: str
    dataset: str
    name: str
    alternative: str
    """Alternative it belongs to; empty for what every one needs."""
    reserve: bool
    """Whether it is only fetched when another way fails."""
    access: str
    """How it is gained, as in ``Access.kind``."""
    size: int
    exact: bool
    proven_by: tuple[str, ...]
    """What is enforced: sizes, hashes, first digits, ids of git, contents."""
    heard: tuple[str, ...]
    """What single sources say, each with its source."""
    addresses: tuple[SourceAddress, ...]
    note: str
    standing: ArchiveStanding = field(init=False)

    def __post_init__(self) -> None:
        """Judge how it stands by what its addresses said."""
        object.__setattr__(self, "standing", self._judged())

    @property
    def by_hash(self) -> bool:
        """Whether something stronger than size and contents decides."""
        return bool(set(self.proven_by) - {"size", "contents"})

    def _judged(self) -> ArchiveStanding:
        answers = [each.found for each in self.addresses if each.found]
        if any(each.state in HANDS_OUT for each in answers):
            return "had"
        if self.access != "open":
            return "person"
        return "lost" if answers else "unasked"


def source_recipes(collection: str | None, site: Path | None) -> tuple[Recipe, ...]:
    """Return the recipe of one collection or of all, as a site file has them."""
    chosen = (collection,) if collection else names()
    return tuple(apply_site(load_recipe(name), load_site(site)) for name in chosen)


def vault_of(recipes: Iterable[Recipe]) -> Vault:
    """Return the person's own vault, for the tokens of the recipes' sites."""
    return open_vault([each for recipe in recipes for each in recipe.sites])


def source_board(recipe: Recipe) -> tuple[SourceRow, ...]:
    """List every archive of a collection in the recipe's order."""
    return tuple(
        _row(recipe, dataset, archive)
        for dataset in recipe.datasets
        for archive in dataset.archives
    )


def _row(recipe: Recipe, dataset: Dataset, archive: Archive) -> SourceRow:
    return SourceRow(
        collection=recipe.id,
        dataset=dataset.id,
        name=archive.name,
        alternative=archive.alternative,
        reserve=dataset.stands_by(archive.alternative),
        access=archive.access.kind,
        size=archive.size or archive.size_about,
        exact=archive.size is not None,
        proven_by=tuple(_proofs(archive)),
        heard=tuple(_heard(archive)),
        addresses=tuple(_addresses(archive)),
        note=archive.note,
    )


def _proofs(archive: Archive) -> Iterator[str]:
    if archive.size is not None:
        yield "size"
    yield from stated_hashes(archive)
    if archive.sha256_start:
        yield f"sha256 {archive.sha256_start}…"
    if archive.git_blob:
        yield "id of git"
    if any(version.accepted and version.has for version in archive.versions):
        yield "contents"


def _heard(archive: Archive) -> Iterator[str]:
    for each in archive.hearsay:
        stated = [*(["size"] if each.size else []), *each.hashes]
        doubt = f" ({each.doubt})" if each.doubt else ""
        yield f"{' and '.join(stated)} of {' and '.join(each.by)}{doubt}"


def _addresses(archive: Archive) -> Iterator[SourceAddress]:
    known = {each.url: each for each in archive.addresses}
    for url in archive.urls:
        told = known.get(url)
        if told is None:
            yield SourceAddress(url, "", "", gone=False, note="")
        else:
            yield SourceAddress(url, told.copy, told.told, gone=told.gone, note=told.note)


def ask_sources(
    rows: Sequence[SourceRow],
    *,
    policy: RetryPolicy | None = None,
    recipes: Iterable[Recipe] = (),
    vault: Vault | None = None,
    told: Callable[[AddressAnswer], None] = lambda answer: None,
) -> tuple[SourceRow, ...]:
    """Return the rows with what their addresses say now, each asked once and politely.

    Nobody's login is used unless a ``vault`` is given; then the token sites of ``recipes`` are
    asked with the token it holds, and only they.
    """
    questions = [
        AddressQuestion(each.url, row.size if row.exact else None, gated=row.access != "open")
        for row in rows
        for each in row.addresses
    ]
    carriers = dict(_carriers(recipes, vault, policy)) if vault else {}
    try:
        answers = check_addresses(
            questions,
            policy=policy,
            logged_in=lambda url: carriers.get(origin(url)),
            told=told,
        )
    finally:
        for client in carriers.values():
            client.close()
    by_url = {each.url: each for each in answers}
    return tuple(_answered(row, by_url) for row in rows)


def _answered(row: SourceRow, by_url: Mapping[str, AddressAnswer]) -> SourceRow:
    addresses = tuple(replace(each, found=by_url.get(each.url)) for each in row.addresses)
    return replace(row, addresses=addresses)


def _carriers(
    recipes: Iterable[Recipe], vault: Vault, policy: RetryPolicy | None
) -> Iterator[tuple[str, httpx.Client]]:
    """Clients with a token, by the origin they are for; sites without one are left out."""
    sites = {site.id: site for recipe in recipes for site in recipe.sites}
    for site in sites.values():
        if site.protocol != "bearer" or not vault.has(site.id, "token"):
            continue
        session = open_session(site, vault, policy)
        try:
            client = session.client()
        except (TransferError, CredentialError):
            continue
        for each in session.origins:
            yield each, client


def standing_words(row: SourceRow) -> str:
    """Say how an archive stands, in a few words."""
    answers = [each.found for each in row.addresses if each.found]
    living = sum(each.state in HANDS_OUT for each in answers)
    if row.standing == "had":
        return f"{living} of {figures.count(len(answers), 'address', 'addresses')} give it"
    if row.standing == "lost":
        return "no address gives it"
    return _ACCESS[row.access] if row.access != "open" else "not asked"


_ACCESS = {
    "login": "behind a login",
    "token": "behind a token",
    "link": "by a mailed or copied link",
    "base-url": "by a mailed address",
    "browser": "by hand, in a browser",
}
