"""The MSeg recipe holds what the document asks for."""

from __future__ import annotations

from collections import Counter

import pytest

from wizard.archives.specs import Extract
from wizard.kinds.registry import load_recipe
from wizard.labels.specs.taxonomies import LabelOutput, Labels
from wizard.recipes.model import Archive, Recipe
from wizard.verify.specs.datasets import Verify

COMMIT = "2bd00ae8c224d94cbc7ff9b47fde6ae8420adc27"

FOLDERS = [
    "ADE20K",
    "Camvid",
    "COCOPanoptic",
    "PASCAL_Context",
    "PASCAL_VOC_2012",
    "SUNRGBD",
    "BDD",
    "Cityscapes",
    "IDD",
    "KITTI",
    "MapillaryVistasPublic",
    "ScanNet",
    "WildDash",
]
"""In the document's order: without registration first."""

GATES = {
    "bdd100k_seg.zip": "browser",
    "gtFine_trainvaltest.zip": "login",
    "leftImg8bit_trainvaltest.zip": "login",
    "idd-segmentation.tar.gz": "link",
    "data_semantics.zip": "link",
    "mapillary-vistas-dataset_public_v1.1.zip": "link",
    "scannet_frames_25k.zip": "base-url",
    "wd_both_01.zip": "login",
    "wd_val_01.zip": "login",
}

STRICT = {"bdd", "coco-panoptic", "mapillary", "sunrgbd"}
"""Datasets whose masks never overlap (fact sheet mseg section 5)."""


@pytest.fixture(scope="module")
def recipe() -> Recipe:
    return load_recipe("mseg")


def archives(recipe: Recipe) -> dict[str, Archive]:
    """What an install fetches when nothing goes wrong."""
    return {each.name: each for dataset in recipe.datasets for each in dataset.usual}


def outputs(recipe: Recipe) -> dict[str, tuple[str, LabelOutput]]:
    return {
        output.taxonomy: (dataset.id, output)
        for dataset in recipe.datasets
        for step in dataset.steps
        if isinstance(step, Labels)
        for output in step.outputs
    }


def checks(recipe: Recipe) -> dict[str, Verify]:
    return {
        dataset.id: step
        for dataset in recipe.datasets
        for step in dataset.steps
        if isinstance(step, Verify)
    }


def test_thirteen_datasets_in_the_documents_order_after_their_tables(recipe: Recipe) -> None:
    tables, *datasets = recipe.datasets
    assert tables.required and recipe.base(tables) == ""
    assert [each.folder for each in datasets] == FOLDERS
    assert {recipe.base(each) for each in datasets} == {"mseg_dataset"}
    assert not any(each.required for each in datasets)


def test_the_tables_are_pinned_to_a_commit(recipe: Recipe) -> None:
    (archive,) = recipe.dataset("mseg-api").archives
    assert all(COMMIT in url for url in archive.urls)
    extract = recipe.dataset("mseg-api").steps[0]
    assert isinstance(extract, Extract)
    assert [rule.prefix for rule in extract.rules] == [f"mseg-api-{COMMIT}/"]


def test_twenty_two_archives_and_their_gates(recipe: Recipe) -> None:
    found = archives(recipe)
    assert len(found) == 22
    gates = {name: each.access.kind for name, each in found.items() if each.access.kind != "open"}
    assert gates == GATES
    assert all(each.size or each.size_about for each in found.values())
    assert {name for name, each in found.items() if each.keep} == {
        "bdd100k_seg.zip",
        "mapillary-vistas-dataset_public_v1.1.zip",
        "scannet_frames_25k.zip",
    }


def test_gated_archives_carry_no_address_around_their_gate(recipe: Recipe) -> None:
    for archive in archives(recipe).values():
        if archive.access.kind != "open":
            assert archive.urls == (), archive.name


def test_every_archive_is_unpacked_once(recipe: Recipe) -> None:
    unpacked = Counter(
        step.archive
        for dataset in recipe.datasets
        for step in dataset.steps
        if isinstance(step, Extract)
    )
    every = (each.name for dataset in recipe.datasets for each in dataset.archives)
    assert unpacked == Counter(every)


def test_nineteen_tables_and_eight_relabelled_taxonomies(recipe: Recipe) -> None:
    made = outputs(recipe)
    tables = {(output.base, name) for name, (_, output) in made.items() if output.base}
    assert len(tables) == 19
    assert ("cityscapes-34", "cityscapes-34-relabeled") in tables
    relabelled = {name for name, (_, output) in made.items() if output.relabel}
    assert len(relabelled) == 8
    assert all(name.endswith("-relabeled") for name in relabelled)
    assert {name for name in made if name.endswith("-relabeled")} == relabelled


def test_masks_that_never_overlap_are_checked_strictly(recipe: Recipe) -> None:
    relabelled = [(owner, each.relabel) for owner, each in outputs(recipe).values() if each.relabel]
    assert {owner for owner, relabel in relabelled if relabel.strict} == STRICT


def test_every_listed_taxonomy_is_verified_and_no_other(recipe: Recipe) -> None:
    verified = [name for step in checks(recipe).values() for name in step.taxonomies]
    assert sorted(verified) == sorted(each.name for each in recipe.taxonomies)
    assert len(verified) == 33
    assert set(checks(recipe)) == {each.id for each in recipe.datasets} - {"mseg-api"}


def test_segments_of_all_relabelled_taxonomies_are_verified(recipe: Recipe) -> None:
    segments = [each.taxonomy for step in checks(recipe).values() for each in step.segments]
    assert len(segments) == 8


def test_the_documents_43_examples(recipe: Recipe) -> None:
    examples = [each for step in checks(recipe).values() for each in step.examples]
    assert len(examples) == len(set(examples)) == 43
    assert Counter(each.taxonomy for each in examples) == {
        "cityscapes-19-relabeled": 5,
        "ade20k-150-relabeled": 7,
        "bdd-relabeled": 6,
        "coco-panoptic-133-relabeled": 6,
        "idd-39-relabeled": 7,
        "sunrgbd-37-relabeled": 8,
        "mapillary-public65-relabeled": 4,
    }
    sizes = {each.name: each.classes for each in recipe.taxonomies}
    assert all(each.index < sizes[each.taxonomy] for each in examples)


def test_people_know_what_they_accept_cite_and_miss(recipe: Recipe) -> None:
    for dataset in recipe.datasets:
        assert dataset.citation and dataset.website and dataset.about
        if not dataset.required:
            assert dataset.terms and dataset.terms.summary and dataset.leaving_out
    gated = [each for each in recipe.datasets if any(a.name in GATES for a in each.archives)]
    assert all(each.request and each.request.how for each in gated)


def test_the_longest_wait_comes_with_a_mail_to_send(recipe: Recipe) -> None:
    request = recipe.dataset("scannet").request
    assert request and request.wait_days == 7 and request.mail
    assert request.mail.to == "scannet@googlegroups.com"
    assert request.mail.attach.endswith("ScanNet_TOS.pdf")


def test_the_install_ends_with_a_report_and_clean_credentials(recipe: Recipe) -> None:
    assert [step.id for step in recipe.finish] == ["report", "clear-credentials"]
