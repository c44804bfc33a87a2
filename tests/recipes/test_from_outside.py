"""Recipes from strangers: bounded, and every mistake told with file, line and key."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from wizard.errors import RecipeError
from wizard.kinds.registry import load_recipe
from wizard.recipes.toml import by_name, line_of, parse_toml

RECIPE = """\
# A recipe as people write it.
id = "birds"
title = "Birds"
about = '''
Photographs of birds.
title = "not a key"
'''
root = "birds"

[[datasets]]
id = "tables"
title = "Tables"
folder = "tables"
about = "Lists."

[[datasets]]
id = "owls"
title = "Owls"
folder = "owls"
about = "Owls."

[datasets.terms]
title = "Terms"
url = "https://a.example"
summary = "Be kind."

[[datasets.archives]]
name = "owls.zip"
urls = [
  "https://a.example/owls.zip",
  "https://b.example/owls.zip",
]
size = 10

[[datasets.archives]]
name = "more.zip"
urls = ["https://a.example/more.zip"]

[[datasets.steps]]
kind = "extract"
archive = "owls.zip"
rules = [
  { prefix = "a/", to = "b/" },
  { prefix = "" },
]
"""


def refused(tmp_path: Path, text: str | bytes) -> RecipeError:
    path = tmp_path / "own.toml"
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert str(path) in caught.value.where
    return caught.value


@pytest.mark.parametrize(
    "old, new, line, key",
    [
        ("size = 10", 'size = "ten"', 33, 'datasets.owls.archives."owls.zip".size'),
        ("size = 10", "sise = 10", 33, 'datasets.owls.archives."owls.zip".sise'),
        ('"https://b.example/owls.zip"', '"ftp://b"', 31, 'owls.archives."owls.zip".urls[1]'),
        ('to = "b/"', 'to = "../b"', 44, "datasets.owls.steps.extract.rules[0].to"),
        ('summary = "Be kind."\n', "", 22, "datasets.owls.terms.summary"),
        ('archive = "owls.zip"', 'archive = "owl.zip"', 41, "datasets.owls.steps.extract.archive"),
        ('folder = "tables"', 'folder = "/tables"', 13, "datasets.tables.folder"),
        ('root = "birds"', "root = 3", 8, "root"),
    ],
)
def test_a_mistake_is_told_with_its_line_and_by_names(
    tmp_path: Path, old: str, new: str, line: int, key: str
) -> None:
    assert old in RECIPE
    error = refused(tmp_path, RECIPE.replace(old, new, 1))
    place = error.where.removeprefix(str(tmp_path / "own.toml"))
    assert place.startswith(f":{line}: ") or abs(int(place.split(":")[1]) - line) <= 2, place
    assert place.endswith(key), place


def test_lines_are_those_of_the_file() -> None:
    lines = RECIPE.splitlines()
    for key, start in {
        "datasets[1].archives[0].size": "size = 10",
        "datasets[1].archives[1].name": 'name = "more.zip"',
        "datasets[1].steps[0].rules[1]": '  { prefix = "" }',
        "datasets[1].terms.url": "url = ",
        "title": 'title = "Birds"',
    }.items():
        assert lines[line_of(key, RECIPE) - 1].startswith(start), key


@pytest.mark.parametrize(
    "text, reason",
    [
        ("a = " + "[" * 5_000 + "]" * 5_000, "nested too deeply"),
        (".".join("a" * 1 for _ in range(200)) + " = 1", "nested too deeply"),
        ("id = " + "9" * 5_000, "far too long"),
        ("size = " + "9" * 30, "beyond all sizes"),
        ("size = 0x" + "f" * 40, "beyond all sizes"),
        ("wait = inf", "no finite number"),
        ("wait = nan", "no finite number"),
        ('folder = "a\\u0000b"', "control character"),
        ('folder = "a\\u001bb"', "control character"),
        ('"a\\u0000b" = 1', "control character"),
        ("# " + "x" * (5 << 20), "larger than"),
        (b"\xff\xfe", "UTF-8"),
    ],
)
def test_what_no_recipe_means_is_refused_in_a_sentence(
    tmp_path: Path, text: str | bytes, reason: str
) -> None:
    assert reason in refused(tmp_path, text).message


def test_a_folder_whose_name_holds_nul_names_dataset_and_line(tmp_path: Path) -> None:
    error = refused(tmp_path, RECIPE.replace('folder = "owls"', 'folder = "ow\\u0000ls"'))
    assert error.where.endswith(":19: datasets.owls.folder")


@settings(deadline=None)
@given(some.text(max_size=400))
def test_no_text_makes_anything_but_tables_or_one_error(text: str) -> None:
    try:
        parse_toml(text, "here")
    except RecipeError as error:
        assert error.where.startswith("here")


json = some.recursive(
    some.none() | some.booleans() | some.integers() | some.text(max_size=8),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(
            some.sampled_from(("id", "name", "datasets", "steps")), inner, max_size=4
        )
    ),
    max_leaves=20,
)


@given(json, some.lists(some.sampled_from(("datasets", "steps", "id", "[0]", "[7]")), max_size=6))
def test_naming_a_key_never_fails(tables: object, pieces: list[str]) -> None:
    key = "".join(each if each[0] == "[" else f".{each}" for each in pieces).lstrip(".")
    assert by_name(key, tables).count("\n") <= str(tables).count("\n")
