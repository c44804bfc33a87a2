"""The order of steps: complete, without forward references, and as the recipe has it."""

from __future__ import annotations

from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.recipes.small import small, tables
from wizard.archives.specs import Extract
from wizard.kinds.registry import load_recipe
from wizard.recipes.model import Dataset, Recipe
from wizard.recipes.order import Graph, cycle, graph, in_order, optional_steps


def test_each_step_needs_the_one_before_it_and_its_inputs(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    dependencies = graph(recipe, recipe.datasets)
    assert dependencies["birds/terms"] == ()
    assert dependencies["birds/fetch:birds.zip"] == ("birds/terms",)
    assert dependencies["birds/fetch:more.zip"] == ("birds/terms",)
    assert dependencies["birds/first"] == ("birds/terms", "birds/fetch:birds.zip")
    assert dependencies["birds/second"] == ("birds/first", "birds/fetch:more.zip")
    assert dependencies["birds/labels"] == ("birds/second", "tables/extract")
    assert dependencies["birds/verify"] == ("birds/labels", "tables/extract")
    assert dependencies["finish/report"] == ("tables/extract", "birds/verify", "fish/extract")
    assert dependencies["finish/clear-credentials"] == ("finish/report",)


def test_more_needs_join_the_usual_ones(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][2]["steps"][0]["dependencies"] = ["birds/verify", "fetch:fish.tgz"]
    recipe = small(tmp_path, content)
    assert graph(recipe, recipe.datasets)["fish/extract"] == ("fish/fetch:fish.tgz", "birds/verify")


def test_nothing_waits_for_an_optional_archive(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][1]["archives"][1]["optional"] = True
    recipe = small(tmp_path, content)
    dependencies = graph(recipe, recipe.datasets)
    assert dependencies["birds/second"] == ("birds/first", "birds/fetch:more.zip")
    assert "birds/second" not in dependencies["birds/labels"]
    assert not any("birds/second" in wanted for wanted in dependencies.values())
    assert "birds/fetch:more.zip" not in dependencies["finish/report"]


def test_an_archive_nobody_unpacks_is_waited_for_by_the_first_step(tmp_path: Path) -> None:
    content = tables()
    fish = content["datasets"][2]
    fish["steps"] = [{"kind": "assign", "file": "a.py", "name": "X", "value": "1"}]
    recipe = small(tmp_path, content)
    assert graph(recipe, recipe.datasets)["fish/assign"] == ("fish/fetch:fish.tgz",)


def test_a_dataset_without_steps_ends_with_its_downloads(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][2]["steps"] = []
    recipe = small(tmp_path, content)
    assert "fish/fetch:fish.tgz" in graph(recipe, recipe.datasets)["finish/report"]


def assert_topological(steps: Graph) -> None:
    order = in_order(steps)
    assert sorted(order) == sorted(steps)
    position = {step: index for index, step in enumerate(order)}
    for step, dependencies in steps.items():
        assert all(position[need] < position[step] for need in dependencies)


@settings(max_examples=60)
@given(st.data())
def test_any_graph_without_circles_is_ordered_completely(data: st.DataObject) -> None:
    count = data.draw(st.integers(1, 12))
    rank = data.draw(st.permutations(range(count)))
    steps = {
        f"s{i}": tuple(
            f"s{j}" for j in range(count) if rank[j] < rank[i] and data.draw(st.booleans())
        )
        for i in range(count)
    }
    assert cycle(steps) == ()
    assert_topological(steps)


def test_steps_already_in_order_stay_as_written(tmp_path: Path) -> None:
    recipe = small(tmp_path)
    steps = graph(recipe, recipe.datasets)
    assert in_order(steps) == tuple(steps)


@settings(max_examples=25)
@given(st.sets(st.sampled_from([each.id for each in load_recipe("mseg").datasets])))
def test_every_choice_of_mseg_is_ordered_completely(names: set[str]) -> None:
    recipe = load_recipe("mseg")
    chosen = [each for each in recipe.datasets if each.required or each.id in names]
    steps = graph(recipe, chosen)
    assert all(need in steps for dependencies in steps.values() for need in dependencies)
    assert_topological(steps)
    for dataset in chosen:
        assert_waits(recipe, dataset, steps)


def assert_waits(recipe: Recipe, dataset: Dataset, steps: Graph) -> None:
    """Every extract waits for its archive, and everything that reads tables for the tables."""
    for step in dataset.steps:
        dependencies = steps[f"{dataset.id}/{step.id}"]
        if isinstance(step, Extract):
            assert f"{dataset.id}/fetch:{step.archive}" in dependencies
        elif not dataset.required and step.id != "mat":
            assert "mseg-api/extract" in dependencies


def test_a_circle_is_shown() -> None:
    found = cycle({"a": ("b",), "b": ("c",), "c": ("a",), "d": ()})
    assert set(found) == {"a", "b", "c"}
    assert found[0] == found[-1]


def test_no_archive_waits_for_labels_to_be_unpacked() -> None:
    """Photographs unpack while labels are still fetched; what reads both waits for both."""
    recipe = load_recipe("mseg")
    steps = graph(recipe, recipe.datasets)

    def below(step: str) -> set[str]:
        return {step}.union(*(below(need) for need in steps[step]))

    for dataset in recipe.datasets:
        labels = {f"{dataset.id}/{s.id}" for s in dataset.steps if s.makes_taxonomies}
        for step in dataset.steps:
            here = f"{dataset.id}/{step.id}"
            if step.unpacks:
                assert not labels & below(here), here
            if step.kind == "verify":
                unpacked = {f"{dataset.id}/{s.id}" for s in dataset.steps if s.unpacks}
                assert (labels | unpacked) - optional_steps((dataset,)) <= below(here), here
