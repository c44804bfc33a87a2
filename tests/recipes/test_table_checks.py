"""What cannot be meant in the tables of arrangements, assemblies and ways."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.recipes.small import Tables, small, tables
from wizard.errors import RecipeError

STEPS: dict[str, tuple[Tables, str, str]] = {
    "place of an unknown archive": (
        {"kind": "place", "archive": "bird.zip", "to": "x"},
        "archive",
        "names no archive of birds",
    ),
    "place outside": (
        {"kind": "place", "archive": "birds.zip", "to": "../x"},
        "to",
        "inside the destination",
    ),
    "link outside": (
        {"kind": "symlinks", "links": {"a": "../../b"}},
        "links.a",
        "inside the destination",
    ),
    "text outside": ({"kind": "write", "file": "/etc/x", "text": ""}, "file", "inside"),
    "arranged outside": (
        {"kind": "arrange", "source": "a", "moves": [{"pattern": "x", "to": "../{x}"}]},
        "moves[0].to",
        "inside",
    ),
    "a move that is no pattern": (
        {"kind": "arrange", "source": "a", "moves": [{"pattern": "(", "to": "x"}]},
        "moves[0].pattern",
        "no regular expression",
    ),
    "a rule that is no pattern": (
        {"kind": "extract", "archive": "birds.zip", "rules": [{"pattern": "[", "to": "x"}]},
        "rules[0].pattern",
        "no regular expression",
    ),
    "labels outside": (
        {"kind": "lookup", "sources": "a", "replace": ["a", "b"], "into": "..", "values": {}},
        "into",
        "inside",
    ),
    "joined from outside": (
        {"kind": "merge-instances", "sources": ["../a"], "into": "b"},
        "sources[0]",
        "inside",
    ),
    "captions outside": (
        {"kind": "captions", "table": "../a", "folder": "f", "into": "b"},
        "table",
        "inside",
    ),
    "an unknown way": (
        {"kind": "remove", "patterns": ["a"], "alternative": "hub"},
        "alternative",
        "is no source of birds",
    ),
}


@pytest.mark.parametrize("name", STEPS)
def test_a_step_that_cannot_be_meant_is_refused(tmp_path: Path, name: str) -> None:
    step, key, reason = STEPS[name]
    content = tables()
    content["datasets"][1]["steps"].append({"id": "odd", **step})
    with pytest.raises(RecipeError) as caught:
        small(tmp_path, content)
    assert f"datasets.birds.steps.odd.{key}" in str(caught.value)
    assert reason in str(caught.value)


def test_an_archive_of_an_unknown_way_is_refused(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][1]["archives"][0]["alternative"] = "hub"
    with pytest.raises(RecipeError, match="is no source of birds"):
        small(tmp_path, content)
