"""``segwizard recipes``: which collections there are."""

from __future__ import annotations

import textwrap
from typing import Any

import click

from wizard import figures
from wizard.headless import say
from wizard.headless.choosing import json_option
from wizard.headless.columns import WIDTH
from wizard.plan.costs import size_of
from wizard.recipes.loader import load, names
from wizard.recipes.model import Recipe


@click.command("recipes")
@json_option
def command(*, as_json: bool) -> None:
    """List the collections that can be set up."""
    recipes = [load(name) for name in names()]
    if as_json:
        say.json_data([_summary(recipe) for recipe in recipes])
        return
    for recipe in recipes:
        say.data(f"{recipe.id}: {recipe.title}")
        about = " ".join(recipe.about.split())
        say.data(textwrap.fill(about, WIDTH, initial_indent="  ", subsequent_indent="  "))
        count = figures.count(_datasets(recipe), "dataset")
        say.data(f"  {count}, about {figures.size(_fetch_bytes(recipe))} to fetch\n")


def _summary(recipe: Recipe) -> dict[str, Any]:
    return {
        "id": recipe.id,
        "title": recipe.title,
        "about": " ".join(recipe.about.split()),
        "document": recipe.document,
        "fetch_bytes": _fetch_bytes(recipe),
        "datasets": [
            {
                "id": each.id,
                "title": each.title,
                "folder": each.folder,
                "about": each.about,
                "required": each.required,
                "access": list(dict.fromkeys(archive.access.kind for archive in each.archives)),
            }
            for each in recipe.datasets
        ],
    }


def _datasets(recipe: Recipe) -> int:
    """Datasets proper: what every install includes are tables and the like."""
    return sum(not each.required for each in recipe.datasets)


def _fetch_bytes(recipe: Recipe) -> int:
    return sum(size_of(archive) for each in recipe.datasets for archive in each.archives)
