"""The miniature: all archives of MSeg, made up, whole, and consistent with its own tables."""

from __future__ import annotations

from pathlib import Path
from typing import cast

import numpy as np
import pytest
from PIL import Image

from tests.archives.makers import tree, unpack
from wizard.archives.listing import listing, recognise
from wizard.demo.classes import CHOICES, NAMES, REMAPS, colours_of
from wizard.demo.drawing import Artist
from wizard.demo.miniature import _MSEG, Miniature, build_miniature
from wizard.demo.studio import SPLITS, Book, Studio
from wizard.kinds.registry import load_recipe
from wizard.labels.specs.taxonomies import Labels
from wizard.labels.tables.records import load_records
from wizard.labels.tables.taxonomies import Tables
from wizard.verify.specs.datasets import Verify


@pytest.fixture(scope="session")
def tables(miniature: Miniature, tmp_path_factory: pytest.TempPathFactory) -> Tables:
    """The miniature's tables, unpacked."""
    out = tmp_path_factory.mktemp("tables")
    unpack(miniature.archive("mseg-api.tar.gz").path, out)
    return Tables(next(out.iterdir()) / "mseg")


def test_it_holds_every_archive_of_the_recipe_and_no_other(miniature: Miniature) -> None:
    wanted = {
        (dataset.id, archive.name)
        for dataset in load_recipe("mseg").datasets
        for archive in dataset.usual
    }
    assert {(each.dataset, each.name) for each in miniature.archives} == wanted


def test_every_archive_is_taken_for_the_right_version(miniature: Miniature) -> None:
    for dataset in load_recipe("mseg").datasets:
        for archive in dataset.usual:
            if archive.versions:
                path = miniature.archive(archive.name).path
                found = recognise(path, archive.versions)
                assert found is not None, archive.name
                assert found.accepted, archive.name


def test_the_same_seed_gives_the_same_bytes_and_another_others(
    miniature: Miniature, tmp_path: Path
) -> None:
    same = build_miniature(tmp_path / "same")
    other = build_miniature(tmp_path / "other", seed=1)
    assert [each.sha256 for each in same.archives] == [each.sha256 for each in miniature.archives]
    drawn = zip(other.archives, miniature.archives, strict=True)
    assert all(new.sha256 != old.sha256 for new, old in drawn)


def test_it_has_every_taxonomy_the_recipe_names(tables: Tables) -> None:
    named = {
        taxonomy
        for dataset in load_recipe("mseg").datasets
        for step in dataset.steps
        if isinstance(step, Verify)
        for taxonomy in step.taxonomies
    }
    assert named <= set(NAMES)
    for taxonomy in named:
        assert tables.names(taxonomy) == NAMES[taxonomy]
        for split in ("train", "val"):
            assert tables.pairs(taxonomy, split)


def test_every_remapping_table_can_be_read(tables: Tables) -> None:
    for source, target in REMAPS:
        assert len(tables.lookup(source, target)) >= 256


def test_every_relabelled_taxonomy_has_records_that_change_something(tables: Tables) -> None:
    for dataset in load_recipe("mseg").datasets:
        for step in dataset.steps:
            for output in step.outputs if isinstance(step, Labels) else ():
                if output.relabel:
                    found = [
                        segment
                        for split in ("train", "val")
                        for segments in load_records(
                            tables,
                            output.relabel.records,
                            split,
                            output.taxonomy,
                            output.relabel.segment,
                        ).values()
                        for segment in segments
                    ]
                    assert any(segment.old != segment.new for segment in found), output.taxonomy


def test_choices_name_classes_that_exist() -> None:
    for base, choices in CHOICES.items():
        for name, options in choices.items():
            assert name in NAMES[base]
            assert set(options) <= {*NAMES[f"{base}-relabeled"], "unlabeled"}


def test_colours_of_a_taxonomy_are_all_different() -> None:
    for taxonomy, names in NAMES.items():
        colours = colours_of(taxonomy)
        assert len(set(colours)) == len(names)
        assert max(max(colour) for colour in colours) <= 255


def test_every_region_of_a_scene_has_pixels() -> None:
    for seed in range(30):
        scene = Artist(seed, "x").scene(9)
        assert np.bincount(scene.regions.ravel(), minlength=9).min() > 0


def test_odd_features_are_in(miniature: Miniature, tmp_path: Path) -> None:
    junk = listing(miniature.archive("bdd100k_seg.zip").path).entries
    assert any("__MACOSX" in entry.name for entry in junk)
    names = [entry.name for entry in listing(miniature.archive("sun_rgbd.tgz").path).entries]
    assert all(name.startswith("./") for name in names)
    unpack(miniature.archive("scannet_frames_25k.zip").path, tmp_path)
    modes = set()
    for path in tmp_path.glob("*/*/label/*.png"):
        with Image.open(path) as image:
            modes.add(image.mode)
    assert modes == {"L", "I;16"}
    files = tree(tmp_path)
    assert any(path.endswith("pose/000100.txt") for path in files)


@pytest.mark.parametrize("dataset", ["pascal-context", "pascal-voc-2012", "scannet"])
def test_no_two_images_have_one_name_however_many_are_drawn(
    dataset: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    for split, count in (("train", 120), ("val", 5)):
        monkeypatch.setitem(cast("dict[str, int]", SPLITS), split, count)
    book = Book()
    _MSEG[dataset](Studio(0, book))
    lists = {key: [line.split()[0] for line in lines] for key, lines in book._lists.items()}
    for (taxonomy, split), images in lists.items():
        if split == "val":
            assert len(set(images)) == 5
            assert set(images).isdisjoint(lists[taxonomy, "train"])
