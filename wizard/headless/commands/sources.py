"""``segwizard sources``: every archive and address, what proves it, and whether it answers."""

from __future__ import annotations

import textwrap
from collections.abc import Hashable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import click

from wizard import figures
from wizard.app.sources import (
    AddressAnswer,
    SourceRow,
    ask_sources,
    source_board,
    source_recipes,
    standing_words,
    vault_of,
)
from wizard.headless import exits
from wizard.headless.completing import complete_collections
from wizard.headless.options import json_option, site_option
from wizard.headless.terminal.columns import WIDTH, in_series, named, numbered, unnumbered
from wizard.headless.terminal.say import data, json_data, talk


@click.command("sources")
@click.argument("collection", shell_complete=complete_collections, required=False)
@site_option
@click.option("--check", is_flag=True, help="Ask every address for the head of its file.")
@click.option(
    "--login", is_flag=True, help="With --check: send stored tokens to the sites they are for."
)
@json_option
def command(
    collection: str | None, *, site: Path | None, check: bool, login: bool, as_json: bool
) -> int:
    """Show where the archives of COLLECTION, or of all collections, come from.

    For every address: whose it is, when it was last reported alive or gone and by whom. With
    --check each one is asked, which fetches nothing; an open archive that no address gives any
    more ends with exit code 1.
    """
    recipes = source_recipes(collection, site)
    rows = tuple(row for recipe in recipes for row in source_board(recipe))
    if check:
        count = figures.count(sum(len(row.addresses) for row in rows), "address", "addresses")
        talk(f"Asking {count}; nothing is fetched.")
        vault = vault_of(recipes) if login else None
        rows = ask_sources(rows, recipes=recipes, vault=vault, told=_say)
    if as_json:
        json_data(rows)
    else:
        for line in _lines(rows, checked=check):
            data(line)
    return exits.FAILED if any(row.standing == "lost" for row in rows) else exits.COMPLETE


def _say(answer: AddressAnswer) -> None:
    if answer.state not in ("alive", "moved"):
        talk(f"  {answer.state}: {answer.url}")


def _lines(rows: Sequence[SourceRow], *, checked: bool) -> Iterator[str]:
    place = ("", "")
    for alike in in_series(rows, alike=_standing):
        row = alike[0]
        if (row.collection, row.dataset) != place:
            place = (row.collection, row.dataset)
            yield f"{row.collection}/{row.dataset}"
        yield from _archives(alike, checked=checked)
    yield ""
    yield from _sum(rows, checked=checked)


def _standing(row: SourceRow) -> Hashable:
    """What the shards of a series share when all is as well, or as badly, with each of them."""
    addresses = tuple(
        replace(
            each,
            url=unnumbered(each.url),
            found=each.found and replace(each.found, url="", size=None, moved_to=""),
        )
        for each in row.addresses
    )
    return replace(row, name=unnumbered(row.name), size=0, addresses=addresses)


def _archives(rows: Sequence[SourceRow], *, checked: bool) -> Iterator[str]:
    """Describe one archive, or the many of a series that stand alike."""
    row = rows[0]
    size = sum(each.size for each in rows)
    words = f"{'' if row.exact else 'about '}{figures.size(size)}" if size else "size unknown"
    reserve = ", stands by" if row.reserve else ""
    yield f"  {named([each.name for each in rows])}: {words}{reserve}"
    yield from _folded(f"proven by {', '.join(row.proven_by) or 'nothing but its kind'}")
    for each in row.heard:
        yield from _folded(f"compared with {each}")
    if row.access != "open" or checked:
        yield from _folded(standing_words(row))
    for place, address in enumerate(row.addresses):
        yield f"    {numbered([each.addresses[place].url for each in rows])}"
        whose = f"copy of {address.copy}" if address.copy else ""
        now = address.found and f"{address.found.state}{_detail(address.found)}"
        for told in (now and f"now {now}", whose, address.reported, address.note):
            yield from _folded(told, "      ") if told else ()


def _detail(answer: AddressAnswer) -> str:
    return f": {answer.detail}" if answer.detail else ""


def _folded(text: str, indent: str = "    ") -> Iterator[str]:
    yield from textwrap.wrap(
        text, WIDTH, initial_indent=indent, subsequent_indent=f"{indent}  ", break_on_hyphens=False
    )


def _sum(rows: Sequence[SourceRow], *, checked: bool) -> Iterator[str]:
    addresses = [each for row in rows for each in row.addresses]
    hashed = sum(row.by_hash for row in rows)
    yield (
        f"{figures.count(len(rows), 'archive')}, {hashed} proven by a hash, "
        f"{sum(row.exact for row in rows)} by their exact size; "
        f"{figures.count(len(addresses), 'address', 'addresses')}, "
        f"{sum(each.gone for each in addresses)} reported gone"
    )
    if checked:
        lost = [f"{row.dataset}/{row.name}" for row in rows if row.standing == "lost"]
        answers = {each.found.state for each in addresses if each.found}
        if answers == {"unreachable"}:
            yield "No host can be reached from here: this machine may be without a network."
        elif lost:
            yield from _folded(f"No address gives {', '.join(lost)}.", "")
        else:
            yield "Every open archive can be had."
