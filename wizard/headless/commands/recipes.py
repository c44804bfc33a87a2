"""``segwizard recipes``: which collections there are, newer ones, and how to write one."""

from __future__ import annotations

import sys
import textwrap

import click

from wizard import figures
from wizard.app.catalogue import CollectionRow, collection_rows
from wizard.app.recipe_updates import (
    RecipeField,
    give_back,
    read_update,
    recipe_fields,
    take_update,
    taken,
)
from wizard.headless import exits
from wizard.headless.options import json_option
from wizard.headless.terminal import say
from wizard.headless.terminal.columns import WIDTH


@click.group("recipes", invoke_without_command=True)
@json_option
@click.pass_context
def command(context: click.Context, *, as_json: bool) -> None:
    """List the collections that can be set up; take newer recipes; show the keys of a recipe."""
    if context.invoked_subcommand:
        return
    rows = collection_rows()
    if as_json:
        say.json_data(rows)
        return
    own = taken()
    for row in rows:
        mark = " (a newer file, taken by you)" if row.id in own else ""
        say.data(f"{row.id}: {row.title}{mark}")
        say.data(
            textwrap.fill(row.about, WIDTH, initial_indent="  ", subsequent_indent="  "),
            several=True,
        )
        count = figures.count(_datasets(row), "dataset")
        say.data(f"  {count}, about {figures.size(row.fetch_bytes)} to fetch")
        say.data()
    for name in (each for each in own if "/" in each):
        say.data(f"{name}: a newer file, taken by you")


def _datasets(row: CollectionRow) -> int:
    """Datasets proper: what every install includes are tables and the like."""
    return sum(not each.required for each in row.datasets)


@command.command("update")
@click.argument("source")
@click.option("--yes", is_flag=True, help="Take it without asking.")
def update(source: str, *, yes: bool) -> int:
    """Take a newer recipe or file of the catalogue, from a FILE or an https address.

    It is checked, shown as a difference in words, and kept beside the program's own until
    `segwizard recipes remove NAME` gives that back.
    """
    found = read_update(source)
    for line in found.lines:
        say.data(line)
    count = figures.count(len(found.lines), "difference") if found.lines else "no difference"
    say.talk(f"{found.name}: {count}")
    if not found.lines:
        return exits.COMPLETE
    if not yes and not (sys.stdin.isatty() and click.confirm("Take it?", err=True)):
        say.talk("Not taken; add --yes to take it.")
        return exits.WAITING
    take_update(found)
    say.talk(f"Taken as {found.target}; segwizard recipes remove {found.name} gives it back.")
    return exits.COMPLETE


@command.command("remove")
@click.argument("name")
def remove(name: str) -> None:
    """Use the program's own recipe or file of the catalogue again."""
    say.talk(f"Removed {give_back(name)}.")


@command.command("fields")
@click.argument("table", required=False)
@json_option
def fields(table: str | None, *, as_json: bool) -> None:
    """Show every key a recipe may hold, or those of one TABLE or kind of step."""
    tables = recipe_fields(table or "")
    if as_json:
        say.json_data(tables)
        return
    for each in tables:
        tag = f"  ({each.tag})" if each.tag else ""
        say.data(f"{each.name}{tag}")
        say.data(
            textwrap.fill(each.about, WIDTH, initial_indent="  ", subsequent_indent="  "),
            several=True,
        )
        for field in each.fields:
            say.data(_field(field))
        say.data()


def _field(field: RecipeField) -> str:
    fallback = f", default {field.default}" if field.default not in ("", '""') else ""
    need = ", required" if field.required else fallback
    head = f"  {field.key}: {field.kind}{need}."
    text = f"{head} {field.about}" if field.about else head
    return textwrap.fill(text, WIDTH, subsequent_indent="      ", break_on_hyphens=False)
