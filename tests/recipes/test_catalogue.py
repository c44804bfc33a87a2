"""The catalogue states every fact of an archive once, with its sources, and recipes add none."""

from __future__ import annotations

import tomllib
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from tests.recipes.small import tables, write
from wizard.errors import RecipeError
from wizard.kinds.registry import load_recipe
from wizard.recipes.archive_facts import with_deciding_facts
from wizard.recipes.catalogue import Catalogue, resolved, the_catalogue
from wizard.recipes.loader import names
from wizard.recipes.model import Archive
from wizard.recipes.places import catalogue_files, shipped
from wizard.recipes.provenance import PUBLISHER, ArchiveAddress, Statement
from wizard.recipes.toml import TomlFile

NOT_TO_BE_USED = (
    "kaldir.vc.in.tum.de",
    "dl.yf.io",
    "presencesw/ILSVRC2012",
    "Martinser/ImageNet-data",
    "xingslong/ImageNet",
    "OpenDataLab/ScanNet",
    "kaggle.com/datasets/dansbecker/cityscapes",
    "chrisjay/cityscapes",
    "Taoyang1/ADE20K_full",
)
"""Copies that pass by a registration or an agreement."""


def entries() -> Iterator[tuple[str, dict[str, Any]]]:
    for path in catalogue_files():
        for entry in tomllib.loads(path.read_text()).get("archives", ()):
            yield f"{path.stem}/{entry['id']}", entry


def every_archive() -> Iterator[tuple[str, Archive]]:
    for name in names():
        for dataset in load_recipe(name).datasets:
            for archive in dataset.archives:
                yield f"{name}/{dataset.id}/{archive.name}", archive


def test_recipes_of_the_program_state_no_archive_themselves() -> None:
    for where, archive in every_archive():
        assert archive.catalogue, where


def test_no_fact_of_an_archive_stands_twice() -> None:
    facts = Counter[str]()
    for _, entry in entries():
        facts.update(each["url"] for each in entry.get("addresses", ()))
        for stated in entry.get("statements", ()):
            facts.update(stated[name] for name in ("md5", "sha1", "sha256") if name in stated)
        facts.update(filter(None, (entry.get("git_blob"), entry.get("sha256_start"))))
    twice = [fact for fact, count in facts.items() if count > 1]
    assert not twice
    recipes = "".join(path.read_text() for path in shipped().glob("*.toml"))
    again = [fact for fact in facts if len(fact) > 30 and fact in recipes]
    assert not again, "a recipe states what the catalogue states"


def test_estimates_of_a_recipe_differ_from_those_of_the_catalogue() -> None:
    stated = the_catalogue().archives
    for path in shipped().glob("*.toml"):
        for dataset in tomllib.loads(path.read_text())["datasets"]:
            for use in dataset.get("archives", ()):
                entry = stated[use["catalogue"]]
                for name in ("unpacked_about", "files_about", "name", "note"):
                    assert name not in use or use[name] != entry.get(name), (path.name, use)


def test_a_fact_the_catalogue_states_is_refused_in_a_recipe(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][1]["archives"] = [{"catalogue": "voc2012", "md5": "0" * 32}]
    with pytest.raises(RecipeError, match="stated by the catalogue") as caught:
        load_recipe(str(write(tmp_path, content)))
    assert "datasets.birds.archives.voc2012.md5" in caught.value.where


def test_an_entry_nobody_knows_is_told_with_the_one_that_was_meant(tmp_path: Path) -> None:
    content = tables()
    content["datasets"][1]["archives"] = [{"catalogue": "voc-2012"}]
    with pytest.raises(RecipeError) as caught:
        load_recipe(str(write(tmp_path, content)))
    assert "voc2012" in caught.value.hint


def test_what_one_source_says_decides_nothing() -> None:
    for where, archive in every_archive():
        for each in archive.statements:
            assert each.by, where
            alone = PUBLISHER not in each.by and len(set(each.by)) < 2
            assert each.decides is not (alone or bool(each.doubt)), where
        for each in archive.hearsay:
            deciding = {archive.md5, archive.sha1, archive.sha256} - {""}
            assert not deciding & set(each.hashes.values()), where


def test_addresses_reported_gone_come_last_and_say_so() -> None:
    gone = 0
    for where, archive in every_archive():
        dead = {each.url for each in archive.addresses if each.gone}
        tail = archive.urls[len(archive.urls) - len(dead) :]
        assert set(tail) == dead, where
        for each in archive.addresses:
            gone += each.gone
            assert not each.gone or ("reported gone" in each.told and each.by), where
    assert gone > 5


def test_copies_that_pass_by_a_registration_are_named_nowhere() -> None:
    text = "".join(path.read_text() for path in shipped().rglob("*.toml"))
    for forbidden in NOT_TO_BE_USED:
        assert forbidden.lower() not in text.lower()
    for where, archive in every_archive():
        if archive.access.site == "cityscapes":
            assert not archive.urls, where


def test_every_archive_of_a_licensed_dataset_names_its_terms() -> None:
    known = the_catalogue().licences
    for where, entry in entries():
        licence = entry.get("licence")
        assert licence in known or "/fptrans-" in where or "tables/" in where, where


def test_hashes_known_to_be_wrong_are_refused_by_name() -> None:
    refused = {
        value
        for _, archive in every_archive()
        for version in archive.versions
        if not version.accepted
        for value in (version.md5, version.sha256)
        if value
    }
    assert {
        "0da8cfa0e090c266b78f30e2d2874f1a",
        "9a2968dde3345eeb689cffb1e26f9c78",
        "08f26aecceda982568063d3d5873378e",
        "86e5b31ded2d096adfc40a2645abe640b7073b56131a7b95bbb52253d567516e",
    } <= refused


def test_partdistillation_has_the_parquet_way_of_imagenet() -> None:
    dataset = load_recipe("partdistillation").dataset("imagenet-1k-val")
    shards = [each for each in dataset.archives if each.alternative == "parquet"]
    assert len(shards) == len({each.urls for each in shards}) == 14
    assert sum(each.size or 0 for each in shards) == 6_693_093_726


def test_files_that_exist_only_at_another_revision_are_asked_for_there() -> None:
    for archive in load_recipe("partdistillation").dataset("metadata").archives:
        assert "b5c5177250f91c52ec57ce86a10158950dc7198b" in archive.urls[0]


def test_how_much_is_known() -> None:
    """Figures of the catalogue: none may fall."""
    used = [each for _, each in every_archive() if "parquet" not in each.name]
    hashed = [each for each in used if each.md5 or each.sha1 or each.sha256]
    heard = [each for each in used if each.hearsay]
    assert len(hashed) >= 69
    assert sum(bool(each.sha256) for each in used) >= 57
    assert sum(each.size is not None for each in used) >= 52
    assert len(heard) >= 22
    assert len({url for each in used for url in each.urls}) >= 149


@given(
    some.lists(
        some.builds(
            ArchiveAddress,
            url=some.integers(0, 9).map(lambda number: f"https://a.example/{number}"),
            alive=some.sampled_from(("", "2024", "2025-06", "2026-01-02")),
            dead=some.sampled_from(("", "2023-12", "2025-06", "2026-11-01")),
        ),
        max_size=6,
    )
)
def test_settled_archives_keep_every_address_once(addresses: list[ArchiveAddress]) -> None:
    archive = with_deciding_facts(Archive(name="a.zip", addresses=tuple(addresses)))
    assert set(archive.urls) == {each.url for each in addresses}
    assert len(set(archive.urls)) == len(archive.urls)
    assert with_deciding_facts(archive).urls == archive.urls


@given(
    some.lists(some.sampled_from(("publisher", "one", "two", "three")), max_size=3),
    some.sampled_from(("", "copied from another list")),
)
def test_two_sources_or_the_publisher_decide(by: list[str], doubt: str) -> None:
    stated = Statement(by=tuple(by), size=7, md5="0" * 32, doubt=doubt)
    archive = with_deciding_facts(
        Archive(name="a.zip", urls=("https://a.example",), statements=(stated,))
    )
    assert (archive.size == 7) is (archive.md5 == "0" * 32) is stated.decides
    assert (archive.size_about == 7) is not stated.decides


def test_a_series_is_numbered_and_sized() -> None:
    entry = {
        "id": "shards",
        "name": "part-{n:03}.bin",
        "addresses": [{"url": "https://a.example/{n}"}],
        "series": {"count": 3, "sizes": [5, 0, 7], "by": ["one", "two"]},
    }
    use = {"catalogue": "shards", "path": "in/{name}"}
    catalogue = Catalogue(archives={"shards": entry})
    file = TomlFile("here", "", {"datasets": [{"id": "a", "archives": [use]}]})
    archives = resolved(file, catalogue).tables["datasets"][0]["archives"]
    assert [each["path"] for each in archives] == [f"in/part-00{n}.bin" for n in range(3)]
    assert [each["addresses"][0]["url"][-1] for each in archives] == ["0", "1", "2"]
    assert [[s["size"] for s in each["statements"]] for each in archives] == [[5], [], [7]]
