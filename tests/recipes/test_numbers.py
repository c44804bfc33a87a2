"""Numbers in recipes come from archives: recipes that share one never contradict each other."""

from __future__ import annotations

from collections import defaultdict

from wizard.kinds.registry import load_recipe as load
from wizard.recipes.loader import names
from wizard.recipes.model import Dataset
from wizard.verify.specs.checks import Count, Listed
from wizard.verify.specs.datasets import Check

MERGED = {"train": 4_996, "val": 5_104}
"""What converting the merged annotations of PASCAL-Context gives; the paper counts 4,998, 5,105."""


def counts(dataset: Dataset) -> list[Count | Listed]:
    steps = (step for step in dataset.steps if isinstance(step, Check))
    return [each for step in steps for each in step.checks if isinstance(each, Count | Listed)]


def known(check: Count | Listed) -> set[int]:
    first = set() if check.count is None else {check.count}
    return {*first, *check.also, *check.by_alternative.values()}


def test_recipes_that_share_an_archive_know_a_common_number_of_the_same_files() -> None:
    found: dict[tuple[str, str], dict[str, set[int]]] = defaultdict(dict)
    for name in names():
        for dataset in load(name).datasets:
            archives = {each.catalogue for each in dataset.archives}
            for check in counts(dataset):
                files = check.files if isinstance(check, Count) else check.list
                ending = "/".join(files.split("/")[-2:])
                for archive in archives:
                    found[archive, ending][f"{name}/{dataset.id}"] = known(check)
    shared = {key: uses for key, uses in found.items() if len(uses) > 1}
    assert shared
    for key, uses in shared.items():
        numbers = [each for each in uses.values() if each]
        assert not numbers or set.intersection(*numbers), (key, uses)


def test_pascal_context_counts_what_the_merged_annotations_hold() -> None:
    for name in ("cosmos", "openseg"):
        found = {
            split: known(check)
            for check in counts(load(name).dataset("pascal-context"))
            for split in MERGED
            if f"/{split}" in (check.files if isinstance(check, Count) else check.list)
        }
        assert found.keys() == MERGED.keys()
        assert all(MERGED[split] in numbers for split, numbers in found.items())


def test_numbers_by_way_name_ways_of_their_dataset() -> None:
    told = 0
    for name in names():
        for dataset in load(name).datasets:
            ways = {each.id for each in dataset.alternatives}
            for check in counts(dataset):
                told += len(check.by_alternative)
                assert check.by_alternative.keys() <= ways, (name, dataset.id)
    assert told
