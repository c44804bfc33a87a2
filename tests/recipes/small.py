"""A small collection to spoil in one place at a time."""

from __future__ import annotations

import copy
import json
import re
from pathlib import Path
from typing import Any

from wizard.kinds.registry import load_recipe
from wizard.recipes.model import Recipe

Tables = dict[str, Any]

SMALL: Tables = {
    "id": "small",
    "title": "Small",
    "about": "Two datasets and their tables.",
    "root": "data",
    "sites": [
        {
            "id": "club",
            "title": "Club",
            "protocol": "csrf-form",
            "login_url": "https://club.example/login",
            "file_url": "https://club.example/get/{name}",
        }
    ],
    "taxonomies": [
        {"name": "birds-3", "classes": 3, "about": "As published."},
        {"name": "birds-2", "classes": 2, "about": "Without unlabeled."},
    ],
    "datasets": [
        {
            "id": "tables",
            "title": "Tables",
            "base": "dest",
            "folder": "lists",
            "required": True,
            "about": "Lists.",
            "archives": [
                {"name": "lists.zip", "urls": ["https://a.example/lists.zip"], "size": 100}
            ],
            "steps": [{"kind": "extract", "archive": "lists.zip", "into": "lists"}],
        },
        {
            "id": "birds",
            "title": "Birds",
            "folder": "Birds",
            "about": "Birds.",
            "terms": {"title": "Terms", "url": "https://a.example/terms", "summary": "Be kind."},
            "labels_about": 500,
            "label_files_about": 5,
            "core_seconds_about": 7.0,
            "archives": [
                {
                    "name": "birds.zip",
                    "urls": ["https://a.example/birds.zip"],
                    "size": 1000,
                    "md5": "0" * 32,
                    "unpacked_about": 2000,
                    "files_about": 20,
                },
                {
                    "name": "more.zip",
                    "access": {"kind": "login", "site": "club"},
                    "size_about": 3000,
                    "unpacked_about": 4000,
                    "files_about": 40,
                    "keep": True,
                },
            ],
            "steps": [
                {"kind": "extract", "id": "first", "archive": "birds.zip", "into": "Birds"},
                {"kind": "extract", "id": "second", "archive": "more.zip", "into": "Birds"},
                {
                    "kind": "labels",
                    "tables": "lists/mini",
                    "folder": "Birds",
                    "source": "birds-3",
                    "outputs": [
                        {
                            "taxonomy": "birds-2",
                            "base": "birds-3",
                            "relabel": {"records": "bird_records", "mask": "label"},
                        }
                    ],
                },
                {
                    "kind": "verify",
                    "tables": "lists/mini",
                    "folder": "Birds",
                    "taxonomies": ["birds-3", "birds-2"],
                },
            ],
        },
        {
            "id": "fish",
            "title": "Fish",
            "folder": "Fish",
            "about": "Fish.",
            "archives": [
                {
                    "name": "fish.tgz",
                    "access": {"kind": "link", "page": "https://f.example"},
                    "size_about": 50,
                    "unpacked_about": 60,
                    "files_about": 6,
                }
            ],
            "request": {
                "page": "https://f.example",
                "wait": "a week",
                "wait_days": 7.0,
                "how": "Ask.",
            },
            "steps": [{"kind": "extract", "archive": "fish.tgz", "into": "Fish"}],
        },
    ],
    "finish": [{"kind": "report"}, {"kind": "clear-credentials"}],
}


def tables() -> Tables:
    """A copy to change at will."""
    return copy.deepcopy(SMALL)


def write(folder: Path, content: Tables) -> Path:
    """Write a recipe file."""
    path = folder / "small.toml"
    path.write_text("".join(f"{key} = {inline(value)}\n" for key, value in content.items()))
    return path


def said(where: str) -> str:
    """The place an error names, without the line of the file."""
    return re.sub(r"(?<=\.toml):\d+", "", where)


def inline(value: Any) -> str:
    """A value as TOML on one line."""
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {inline(each)}" for key, each in value.items()) + " }"
    if isinstance(value, list):
        return "[" + ", ".join(map(inline, value)) + "]"
    return json.dumps(value)


def small(folder: Path, content: Tables | None = None) -> Recipe:
    """Write and load the collection."""
    return load_recipe(str(write(folder, content or SMALL)))
