"""One name for one idea: the words that were given up for the field's own stay out of names.

The table "Words" in CONTRIBUTING says what each idea is called. What is looked at is what the
package defines: modules, classes, functions, fields, arguments and variables.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from tests.house import read_modules

WORDS = {
    "task": ("slot", "chore"),
    "task table": ("lane", "lanes"),
    "alternative": ("ways", "road", "roads"),
    "access": ("gate", "gates"),
    "archive cache": ("shelf", "shelves"),
    "workers": ("crew", "crews", "mate", "mates", "hands", "labour"),
    "retry policy": ("patience",),
    "backend": ("rung", "rungs", "ladder"),
    "server, client": ("door", "wire"),
    "owner": ("holder", "holders"),
    "cleanup": ("sweep", "tidy"),
    "sidebar": ("rail",),
    "proof": ("stamp", "stamps", "roll"),
}
"""What an idea is called, and what it is not."""

REASONS = {
    "_roll_up": "English: states of tasks are summed up",
}
"""Names that hold such a word and mean something else."""


def _names(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        match node:
            case ast.ClassDef(name=name) | ast.FunctionDef(name=name) | ast.arg(arg=name):
                yield name
            case ast.Name(id=name, ctx=ast.Store()) | ast.Attribute(attr=name, ctx=ast.Store()):
                yield name


def test_no_name_holds_a_word_that_was_given_up() -> None:
    given_up = {word: term for term, words in WORDS.items() for word in words}
    found = set()
    for module in read_modules().values():
        names = {module.path.stem, *_names(module.tree)}
        for name in names - REASONS.keys():
            parts = re.findall(r"[a-z]+|[A-Z][a-z]*", name)
            found |= {
                f"{module.name}: {name}; say {given_up[part.lower()]}"
                for part in parts
                if part.lower() in given_up
            }
    assert "\n".join(sorted(found)) == ""
