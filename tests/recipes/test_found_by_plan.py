"""Mistakes that would only show while a step runs are found when the recipe is read."""

from __future__ import annotations

import fnmatch
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.recipes.small import tables, write
from wizard.errors import RecipeError
from wizard.kinds.registry import load_recipe
from wizard.recipes.reach import meets

LOOKUP = {
    "kind": "lookup",
    "id": "odd",
    "sources": "Birds/labels/*.png",
    "replace": [".png", "_new.png"],
}
ARRANGE = {"kind": "arrange", "id": "odd", "source": "Birds/labels"}
REMOVE = {"kind": "remove", "id": "odd"}


def CHECK(table: dict[str, Any]) -> dict[str, Any]:  # noqa: N802  # it stands among the tables
    return {"kind": "check", "id": "odd", "checks": [table]}


@pytest.mark.parametrize(
    "step, key, reason",
    [
        (LOOKUP | {"values": {"7": 256}}, "values.7", "leads to 256"),
        (LOOKUP | {"values": {"300": 1}}, "values.300", "no value from 0 to 255"),
        (LOOKUP | {"values": {"10-20": 250}}, "values.10-20", "leads to 260"),
        (LOOKUP | {"values": {"0": 0}, "other": 999}, "other", "is 999"),
        (
            ARRANGE | {"moves": [{"pattern": "(?P<name>.*)", "to": "{nmae}.png"}]},
            "moves[0].to",
            "{nmae} is filled by nothing",
        ),
        (
            ARRANGE | {"moves": [{"pattern": "a.*", "to": "x{.png"}]},
            "moves[0].to",
            "brace that stands alone",
        ),
        (
            {
                "kind": "extract",
                "id": "odd",
                "archive": "birds.zip",
                "rules": [{"pattern": "(?P<a>.*)", "to": "{b}"}],
            },
            "rules[0].to",
            "{b} is filled by nothing",
        ),
        (LOOKUP | {"values": {"0": 0}, "into": "Birds/{x}"}, "into", "{x} is filled by nothing"),
        (LOOKUP | {"values": {"0": 0}, "replace": [".jpg", ".png"]}, "replace", "ends no file"),
        (
            {"kind": "write", "id": "odd", "file": "Birds/a.txt", "text": "cd {rot}"},
            "text",
            "{rot} is filled by nothing",
        ),
        (
            {
                "kind": "check",
                "id": "odd",
                "checks": [{"check": "count", "files": "a", "count": 0}],
            },
            "checks[0].count",
            "is 0",
        ),
        (
            {
                "kind": "check",
                "id": "odd",
                "checks": [{"check": "pixels", "files": "a", "highest": 300}],
            },
            "checks[0].highest",
            "gray holds 0 to 255",
        ),
        (LOOKUP | {"sources": "Brids/labels/*.png", "values": {"0": 0}}, "sources", "nothing here"),
        (CHECK({"check": "count", "files": "Brids/*.png", "count": 1}), "files", "nothing here"),
        (CHECK({"check": "count", "files": "Birds/lost/*.png", "count": 1}), "files", "nothing"),
        (CHECK({"check": "count", "files": "Birds/imgs/*.tif", "count": 1}), "files", "nothing"),
        (CHECK({"check": "pixels", "files": "Birds/a**.png"}), "files", "inside a name"),
        (CHECK({"check": "decodes", "files": "Birds/imgs/[ab.jpg"}), "files", "not closed"),
        (CHECK({"check": "decodes", "files": "Birds/imgs/[z-a].jpg"}), "files", "holds nothing"),
        (CHECK({"check": "occurs", "files": "", "values": [1]}), "files", "is empty"),
        (CHECK({"check": "decodes", "files": "../*.jpg"}), "files", "inside the destination"),
        (
            CHECK({"check": "pairs", "first": "Birds/imgs", "second": "Birds/o"}),
            "second",
            "nothing",
        ),
        (CHECK({"check": "only", "folder": "Birds/imgs", "fits": "(a"}), "fits", "no regular"),
        (
            CHECK({"check": "union", "file": "Birds/imgs/a.jpg", "parts": ["b"]}),
            "parts[0]",
            "nothing",
        ),
        (CHECK({"check": "numbered", "folders": "Birds/imgs/*", "name": "{m}"}), "name", "{m} is"),
        (CHECK({"check": "notice", "files": "Birds/[x", "what": "odd"}), "files", "not closed"),
        (REMOVE | {"patterns": ["Birds/a**/b"]}, "patterns[0]", "inside a name"),
        (REMOVE | {"patterns": ["Birds/ok", "Birds/[ab"]}, "patterns[1]", "not closed"),
        (REMOVE | {"patterns": [""]}, "patterns[0]", "is empty"),
        (REMOVE | {"patterns": ["**/*"]}, "patterns[0]", "fits every file"),
        (REMOVE | {"patterns": ["../x/*"]}, "patterns[0]", "inside the destination"),
        (REMOVE | {"patterns": ["Birds/x"], "older_than": "/etc"}, "older_than", "inside the dest"),
    ],
)
def test_a_step_that_would_fail_while_running_is_refused(
    tmp_path: Path, step: dict[str, Any], key: str, reason: str
) -> None:
    content = tables()
    birds = content["datasets"][1]
    birds["steps"][0] |= {"into": "Birds", "expects": ["imgs/**/*.jpg", "labels/*.png"]}
    birds["steps"][1:] = [birds["steps"][1] | {"into": "More"}, step]
    path = write(tmp_path, content)
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert caught.value.where.partition("datasets.birds.steps.odd.")[2].endswith(key)
    assert reason in caught.value.message


def test_variables_and_folders_are_filled_by_what_is_known(tmp_path: Path) -> None:
    for change, where in (
        ({"variables": [{"name": "X", "value": "{dst}", "reader": "r"}]}, "variables.X.value"),
        ({"root": "roads/{name}"}, "root"),
    ):
        with pytest.raises(RecipeError, match="filled by nothing") as caught:
            load_recipe(str(write(tmp_path, tables() | change)))
        assert caught.value.where.endswith(where)


def test_a_text_may_hold_braces_of_its_own(tmp_path: Path) -> None:
    content = tables()
    text = 'x = ${HOME}; {"a": 1} {root/b} {dest!r} {}'
    step = {"kind": "write", "id": "odd", "file": "Birds/a.txt", "text": text}
    content["datasets"][1]["steps"].insert(1, step)
    assert load_recipe(str(write(tmp_path, content)))


def test_what_an_archive_may_hold_may_be_read(tmp_path: Path) -> None:
    """Only an archive that states what it holds tells what it does not hold."""
    for stated, glob in (
        ({}, "Birds/lost/*.tif"),
        ({"expects": ["imgs/**/*.jpg"]}, "Birds/imgs/[a-f]*/deep/?.jpg"),
        ({"expects": ["imgs/*.jpg"], "provides": ["Birds/more"]}, "Birds/more/any/*.npy"),
        ({"expects": ["in.zip"], "nested": [{"member": "in.zip", "into": "{stem}"}]}, "Birds/x/*"),
    ):
        content = tables()
        birds = content["datasets"][1]
        birds["steps"][0] |= {"into": "Birds"} | stated
        birds["steps"].insert(1, CHECK({"check": "decodes", "files": glob}))
        assert load_recipe(str(write(tmp_path, content)))


def _fits(glob: str, path: str) -> bool:
    words = {"**": "(?:[^/]+/)*"}
    rules = (words.get(part, fnmatch.translate(part)[4:-3] + "/") for part in glob.split("/"))
    return re.fullmatch("".join(rules).replace(".", "[^/]"), f"{path}/") is not None


_PARTS = st.text("ab*?", min_size=1, max_size=5).filter(lambda part: "**" not in part)
_GLOBS = st.lists(st.one_of(_PARTS, st.just("**")), min_size=1, max_size=4).map("/".join)


@given(_GLOBS, _GLOBS, st.lists(st.text("ab", min_size=1, max_size=3), min_size=1, max_size=4))
def test_globs_that_share_a_path_meet(one: str, other: str, parts: list[str]) -> None:
    path = "/".join(parts)
    assert meets(one, other) == meets(other, one)
    assert meets(path, one) == _fits(one, path)
    if meets(path, one) and meets(path, other):
        assert meets(one, other)


def test_globs_apart_do_not_meet() -> None:
    for one, other in (("a/*.png", "a/*.jpg"), ("a/b", "a/*/b"), ("x/**", "y/**"), ("a?", "b*")):
        assert not meets(one, other)
