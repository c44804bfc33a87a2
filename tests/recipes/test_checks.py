"""What decodes but cannot be meant: each check refuses its mistake and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from tests.recipes.small import Tables, said, small, tables, write
from wizard.errors import RecipeError
from wizard.kinds.registry import load_recipe
from wizard.recipes.toml import by_name

Spoil = Callable[[Tables], object]


def birds(content: Tables) -> Tables:
    return content["datasets"][1]


def archive(content: Tables, index: int = 0) -> Tables:
    return birds(content)["archives"][index]


def step(content: Tables, index: int) -> Tables:
    return birds(content)["steps"][index]


MISTAKES: dict[str, tuple[Spoil, str, str]] = {
    "datasets twice": (
        lambda c: c["datasets"][2].update(id="birds"),
        "datasets[2].id",
        "is used before",
    ),
    "dataset id with blanks": (
        lambda c: c["datasets"][2].update(id="Big Fish"),
        "datasets[2].id",
        "lower case",
    ),
    "dataset id taken": (
        lambda c: c["datasets"][2].update(id="finish"),
        "datasets[2].id",
        "is taken",
    ),
    "sites twice": (lambda c: c["sites"].append(c["sites"][0]), "sites[1].id", "is used before"),
    "taxonomies twice": (
        lambda c: c["taxonomies"].append(c["taxonomies"][0]),
        "taxonomies[2].name",
        "is used before",
    ),
    "archives twice": (
        lambda c: archive(c, 1).update(name="birds.zip"),
        "datasets[1].archives[1].name",
        "is used before",
    ),
    "steps twice": (
        lambda c: step(c, 1).update(id="first"),
        "datasets[1].steps[1].id",
        "is used before",
    ),
    "step id taken": (
        lambda c: step(c, 1).update(id="terms"),
        "datasets[1].steps[1].id",
        "is taken",
    ),
    "extract of an unknown archive": (
        lambda c: step(c, 0).update(archive="bird.zip"),
        "datasets[1].steps[0].archive",
        "names no archive of birds",
    ),
    "archive name with a folder": (
        lambda c: archive(c).update(name="a/b.zip"),
        "datasets[1].archives[0].name",
        "without folders",
    ),
    "path outside": (
        lambda c: archive(c).update(path="../b.zip"),
        "datasets[1].archives[0].path",
        "inside",
    ),
    "into outside": (
        lambda c: step(c, 0).update(into="/etc"),
        "datasets[1].steps[0].into",
        "inside",
    ),
    "rule outside": (
        lambda c: step(c, 0).update(rules=[{"prefix": "a", "to": "../../x"}]),
        "datasets[1].steps[0].rules[0].to",
        "inside",
    ),
    "folder outside": (
        lambda c: birds(c).update(folder=".."),
        "datasets[1].folder",
        "inside",
    ),
    "root outside": (lambda c: c.update(root="/"), "root", "inside"),
    "address": (
        lambda c: archive(c).update(urls=["ftp://a.example/b.zip"]),
        "datasets[1].archives[0].urls[0]",
        "no http address",
    ),
    "open without address": (
        lambda c: archive(c).update(urls=[]),
        "datasets[1].archives[0].urls",
        "is missing",
    ),
    "size": (lambda c: archive(c).update(size=0), "datasets[1].archives[0].size", "positive"),
    "md5": (lambda c: archive(c).update(md5="xyz"), "datasets[1].archives[0].md5", "32 digits"),
    "sha256 of a version": (
        lambda c: archive(c).update(
            versions=[{"name": "x", "accepted": True, "note": "", "sha256": "A" * 64}]
        ),
        "datasets[1].archives[0].versions[0].sha256",
        "64 digits",
    ),
    "unknown site": (
        lambda c: archive(c, 1)["access"].update(site="clob"),
        "datasets[1].archives[1].access.site",
        "names no site",
    ),
    "login without site": (
        lambda c: archive(c, 1)["access"].pop("site"),
        "datasets[1].archives[1].access.site",
        "is missing",
    ),
    "mailed address without suffix": (
        lambda c: archive(c, 1).update(access={"kind": "base-url"}),
        "datasets[1].archives[1].access.suffix",
        "is missing",
    ),
    "unknown need": (
        lambda c: step(c, 3).update(dependencies=["fish/extrakt"]),
        "datasets[1].steps[3].dependencies[0]",
        "is no step",
    ),
    "tables of nobody": (
        lambda c: step(c, 2).update(tables="elsewhere"),
        "datasets[1].steps[2].tables",
        "of no dataset",
    ),
    "base not made": (
        lambda c: step(c, 2)["outputs"][0].update(base="birds-9"),
        "datasets[1].steps[2].outputs[0].base",
        "neither the source nor",
    ),
    "mask without source": (
        lambda c: step(c, 2)["outputs"][0]["relabel"].update(mask="polygon"),
        "datasets[1].steps[2].outputs[0].relabel.source",
        "is missing",
    ),
    "panoptic without segments": (
        lambda c: step(c, 2).update(decode="panoptic"),
        "datasets[1].steps[2].segments",
        "is missing",
    ),
    "unlisted taxonomy": (
        lambda c: step(c, 3).update(taxonomies=["birds-2", "bird-3"]),
        "datasets[1].steps[3].taxonomies[1]",
        "is no taxonomy listed",
    ),
    "example of another taxonomy": (
        lambda c: step(c, 3).update(
            taxonomies=["birds-3"],
            examples=[
                {
                    "taxonomy": "birds-2",
                    "name": "owl",
                    "index": 1,
                    "segment": "a_1.png",
                    "split": "train",
                    "y": 1,
                    "x": 1,
                }
            ],
        ),
        "datasets[1].steps[3].examples[0].taxonomy",
        "is not verified here",
    ),
}


@pytest.mark.parametrize("spoil, key, reason", MISTAKES.values(), ids=MISTAKES)
def test_a_mistake_is_refused_under_its_key(
    tmp_path: Path, spoil: Spoil, key: str, reason: str
) -> None:
    content = tables()
    spoil(content)
    path = write(tmp_path, content)
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(path))
    assert said(caught.value.where) == f"{path}: {by_name(key, content)}"
    assert reason in caught.value.message


def test_steps_that_wait_for_each_other_are_refused_with_the_circle(tmp_path: Path) -> None:
    content = tables()
    step(content, 0)["dependencies"] = ["fish/extract"]
    content["datasets"][2]["steps"][0]["dependencies"] = ["birds/verify"]
    with pytest.raises(RecipeError) as caught:
        small(tmp_path, content)
    assert "wait for each other" in caught.value.message
    assert "fish/extract" in caught.value.message
    assert "birds/verify" in caught.value.message


def test_all_mistakes_are_told_at_once(tmp_path: Path) -> None:
    content = tables()
    archive(content).update(md5="xyz")
    step(content, 2).update(tables="elsewhere")
    with pytest.raises(RecipeError) as caught:
        small(tmp_path, content)
    assert "md5" in caught.value.where
    assert "also datasets.birds.steps.labels.tables" in caught.value.hint


def test_the_nearest_name_is_suggested(tmp_path: Path) -> None:
    content = tables()
    step(content, 0)["archive"] = "brids.zip"
    with pytest.raises(RecipeError) as caught:
        small(tmp_path, content)
    assert "did you mean birds.zip?" in caught.value.hint
