"""Every trap of OpenSeg, by name, on an installed miniature (fact sheet openseg 0, 1 and 6)."""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import savemat

from tests.conformance.conftest import segwizard
from wizard.archives.operations import SettingLines
from wizard.archives.specs import Arrange, Extract
from wizard.kinds.registry import load_recipe
from wizard.labels.specs.taxonomies import Lookup
from wizard.labels.works.segfix import SegFixWork, output_folder
from wizard.recipes.order import graph
from wizard.verify.checks.pixels import PixelsExaminer
from wizard.verify.checks.trees import DestinationExaminer, NoticeExaminer, OnlyExaminer
from wizard.verify.specs.checks import Destination, Notice, Only, Pixels
from wizard.verify.specs.datasets import Check

RECIPE = load_recipe("openseg")


@pytest.fixture
def data(openseg: Path) -> Path:
    """DATA_ROOT of the miniature."""
    return openseg / "openseg.pytorch" / "data"


def checks(dataset: str, kind: type) -> Iterator[object]:
    for step in RECIPE.dataset(dataset).steps:
        if isinstance(step, Check):
            yield from (check for check in step.checks if isinstance(check, kind))


def pixels(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image)


def test_trap_train_and_val_get_fine_labels_and_coarse_the_extra_frames(data: Path) -> None:
    original = data / "cityscapes_original"
    for split in ("train", "val"):
        for label in (data / "cityscapes" / split / "label").iterdir():
            core = label.name.removesuffix("_leftImg8bit.png")
            city = core.partition("_")[0]
            fine = original / f"gtFine/{split}/{city}/{core}_gtFine_labelIds.png"
            coarse = original / f"gtCoarse/{split}/{city}/{core}_gtCoarse_labelIds.png"
            assert label.samefile(fine)
            assert label.read_bytes() != coarse.read_bytes()
    coarse_labels = list((data / "cityscapes/coarse/label").iterdir())
    assert {path.name.partition("_")[0] for path in coarse_labels} == {"augsburg", "troisdorf"}


def test_trap_no_output_is_touched_before_every_input_is_there() -> None:
    dependencies = graph(RECIPE, RECIPE.datasets)
    waited, left = set(), ["cityscapes-coarse/arrange"]
    while left:
        for request in dependencies[left.pop()]:
            waited.add(request)
            left.append(request)
    assert "cityscapes-coarse/fetch:leftImg8bit_trainextra.zip" in waited
    assert "cityscapes-coarse/fetch:gtCoarse.zip" in waited
    arranged = [step for step in RECIPE.dataset("cityscapes").steps if isinstance(step, Arrange)]
    assert not any("coarse" in move.to for step in arranged for move in step.moves)


def test_trap_instances_are_there_for_coarse_too(data: Path) -> None:
    names = {path.name for path in (data / "cityscapes/coarse/instance").iterdir()}
    assert names == {path.name for path in (data / "cityscapes/coarse/label").iterdir()}
    with Image.open(
        data / "cityscapes/train/instance" / os.listdir(data / "cityscapes/train/instance")[0]
    ) as image:
        assert image.mode.startswith("I")


def test_trap_nothing_is_stored_twice(data: Path) -> None:
    for path in (data / "cityscapes/train/image").iterdir():
        assert path.stat().st_nlink > 1
    assert (data / "cityscapes/test/bonn").is_dir()


def test_trap_context_labels_come_from_the_authors_files_with_their_images(data: Path) -> None:
    for split in ("train", "val"):
        labels = {path.stem for path in (data / "pascal_context" / split / "label").iterdir()}
        images = {path.stem for path in (data / "pascal_context" / split / "image").iterdir()}
        assert labels == images
        assert all(re.fullmatch(r"\d{4}_\d{6}", stem) for stem in labels)
    assert (data / "pascal_context_original/JPEGImages/2008_000004.jpg").is_file()


def test_trap_context_has_a_second_way_that_does_not_wait_for_the_first() -> None:
    dependencies = graph(RECIPE, RECIPE.datasets)
    waited, left = set(), ["pascal-context/labels-merged"]
    while left:
        for request in dependencies[left.pop()]:
            waited.add(request)
            left.append(request)
    assert "pascal-context/fetch:trainval_merged.json" in waited
    assert not any("pth" in request or request.endswith("labels-val") for request in waited)


def test_trap_counts_of_context_are_explained() -> None:
    (step,) = (s for s in RECIPE.dataset("pascal-context").steps if isinstance(s, Check))
    counts = {check.count: check.why for check in step.checks if hasattr(check, "count")}
    assert set(counts) == {4_996, 5_104}
    assert all("4,998" in why for why in counts.values())


def test_trap_lip_is_found_however_deep_and_never_reversed(data: Path) -> None:
    lip = data / "lip"
    assert len(list((lip / "train/label").iterdir())) == 3
    assert len(list((lip / "val/label").iterdir())) == 2
    for split in ("train", "val"):
        for label in (lip / split / "label").iterdir():
            source = data / "lip_original/inner/TrainVal_parsing_annotations"
            assert label.samefile(source / f"{split}_segmentations" / label.name)
            assert pixels(lip / split / "edge" / label.name).shape == pixels(label).shape


def test_trap_lip_edges_are_zero_or_255(data: Path) -> None:
    for edge in (data / "lip").glob("*/edge/*.png"):
        with Image.open(edge) as image:
            assert image.mode == "L"
            assert set(np.unique(image)) == {0, 255}


def test_trap_atr_is_recoded_by_our_own_table_and_says_so(data: Path) -> None:
    table = {0: 0, 1: 1, 2: 2, 3: 4, 4: 5, 5: 12, 6: 9, 7: 6, 8: 255, 9: 18, 10: 19, 11: 13}
    table |= {12: 16, 13: 17, 14: 14, 15: 15, 16: 255, 17: 11}
    for label in (data / "lip/atr/label").iterdir():
        source = pixels(data / "atr_original/gathered" / label.name)
        assert np.array_equal(pixels(label), np.vectorize(table.get)(source))
    for dataset in ("atr", "cihp"):
        (step,) = (s for s in RECIPE.dataset(dataset).steps if isinstance(s, Lookup))
        assert "our own mapping" in step.title


def test_trap_cihp_says_that_single_persons_are_not_published(data: Path) -> None:
    assert "single_person" in RECIPE.dataset("cihp").about
    assert (data / "lip/cihp/label/0000001.png").is_file()
    assert not (data / "lip/cihp/label/0000004.png").exists()
    assert all(10 not in pixels(path) for path in (data / "lip/cihp/label").iterdir())


def test_trap_checkpoints_of_one_name_lie_apart_where_scripts_look(openseg: Path) -> None:
    folder = openseg / "openseg.pytorch/checkpoints"
    assert (folder / "cityscapes/hrnet_w48_ocr_1_latest.pth").is_file()
    assert (folder / "lip/hrnet_w48_ocr_1_latest.pth").is_file()
    assert (folder / "pascal_context/hrnet_w48_ocr_hrnet48_2_latest.pth").is_file()
    lip = RECIPE.dataset("checkpoints").archive("lip-hrnet_w48_ocr_1_latest.pth")
    assert any("/opeseg.pytorch.lip/" in url for url in lip.urls)
    assert "~/checkpoints" in RECIPE.reading[0].why


def test_trap_segfix_offsets_lie_where_scripts_read_them(data: Path) -> None:
    city = data / "cityscapes"
    val = city / "val/offset_pred/semantic/offset_hrnext"
    assert {path.stem for path in val.iterdir()} == {
        path.stem for path in (city / "val/label").iterdir()
    }
    assert len(list((city / "test_offset/semantic/offset_hrnext").iterdir())) == 2


def test_trap_segfix_from_the_command_line_keeps_to_known_classes(
    data: Path, tmp_path: Path
) -> None:
    predictions = tmp_path / "seg" / "label"
    shutil.copytree(data / "cityscapes/val/label", predictions)
    offsets = data / "cityscapes/val/offset_pred"
    done = segwizard("segfix", predictions, "--offsets", offsets, home=tmp_path / "home")
    assert done.returncode == 0, done.stderr
    refined = tmp_path / "seg" / "label_w_segfix"
    for path in predictions.iterdir():
        before, after = pixels(path), pixels(refined / path.name)
        assert after.shape == before.shape
        assert set(np.unique(after)) <= {*np.unique(before), 255}
        assert not np.array_equal(after, before)


def test_trap_labels_without_offsets_are_told(tmp_path: Path) -> None:
    (tmp_path / "pred").mkdir()
    (tmp_path / "offsets/deep").mkdir(parents=True)
    for stem in ("a", "b"):
        Image.fromarray(np.full((4, 6), 7, np.uint8)).save(tmp_path / "pred" / f"{stem}.png")
    savemat(tmp_path / "offsets/deep/a.mat", {"mat": np.zeros((4, 6, 2))})
    done = segwizard(
        "segfix", tmp_path / "pred", "--offsets", tmp_path / "offsets", home=tmp_path / "home"
    )
    assert done.returncode == 1
    assert "no-offsets (1)" in done.stderr
    assert [path.name for path in (tmp_path / "pred/label_w_segfix").iterdir()] == ["a.png"]
    assert output_folder(Path("x/label")) == Path("x/label_w_segfix")
    work = SegFixWork(tmp_path / "pred", tmp_path / "offsets", tmp_path / "out")
    assert [item.key for item in work.items()] == ["a"]


def test_trap_stray_files_are_found_hidden_ones_too(tmp_path: Path) -> None:
    folder = tmp_path / "data/cityscapes/train/label"
    folder.mkdir(parents=True)
    for name in ("aachen_000000_000019_leftImg8bit.png", ".DS_Store", "x_gtFine_labelIds.png"):
        (folder / name).write_bytes(b"x")
    check = next(c for c in checks("cityscapes", Only) if c.folder.endswith("train/label"))
    found = {Path(each.path).name for each in OnlyExaminer(check, tmp_path).examine(check.folder)}
    assert found == {".DS_Store", "x_gtFine_labelIds.png"}


def test_trap_coloured_labels_are_refused(tmp_path: Path) -> None:
    folder = tmp_path / "data/cityscapes/train/label"
    folder.mkdir(parents=True)
    Image.new("RGB", (4, 4)).save(folder / "a.png")
    check = next(c for c in checks("cityscapes", Pixels) if "train/label" in c.files)
    examiner = PixelsExaminer(check, tmp_path)
    (subject,) = examiner.subjects()
    assert [each.cause for each in examiner.examine(subject)] == ["wrong-kind"]


def test_trap_the_black_frame_is_kept_and_told(data: Path) -> None:
    (check,) = checks("cityscapes-coarse", Notice)
    found = list(NoticeExaminer(check, data.parent).examine(check.files))
    assert [each.fatal for each in found] == [False]
    assert "all black" in found[0].detail


@pytest.mark.parametrize(("place", "piece"), [("my test", "test"), ("made", "ade"), ("a b", " ")])
def test_trap_pieces_of_the_path_that_scripts_misread(
    tmp_path: Path, place: str, piece: str
) -> None:
    (check,) = checks("project", Destination)
    (tmp_path / place).mkdir()
    found = list(DestinationExaminer(check, tmp_path / place).examine("."))
    assert f"holds {piece!r}" in {each.detail for each in found}
    assert not any(each.fatal for each in found)


def test_trap_config_profile_keeps_its_other_lines(openseg: Path, tmp_path: Path) -> None:
    written = (openseg / "openseg.pytorch/config.profile").read_text()
    assert f"DATA_ROOT={openseg.resolve()}/openseg.pytorch/data\n" in written
    assert "PYTHON=" in written
    profile = tmp_path / "config.profile"
    profile.write_text("# mine\nDATA_ROOT=/old\nexport PYTHONPATH=$PWD\n")
    operation = SettingLines(profile, "PYTHON=python3\nDATA_ROOT='/a b'\n")
    assert not operation.made()
    operation.make()
    assert operation.made()
    assert profile.read_text().splitlines() == [
        "# mine",
        "DATA_ROOT='/a b'",
        "export PYTHONPATH=$PWD",
        "PYTHON=python3",
    ]


def test_shared_archives_are_the_same_files_as_in_mseg() -> None:
    theirs = {
        archive.name: archive for each in load_recipe("mseg").datasets for archive in each.archives
    }
    shared = [
        archive for each in RECIPE.datasets for archive in each.archives if archive.name in theirs
    ]
    assert len(shared) == 3
    for archive in shared:
        other = theirs[archive.name]
        assert (archive.md5, archive.sha1) == (other.md5, other.sha1)
        assert archive.size == other.size


def test_readmes_of_four_archives_do_not_meet() -> None:
    into = [
        step
        for name in ("cityscapes", "cityscapes-coarse")
        for step in RECIPE.dataset(name).steps
        if isinstance(step, Extract)
    ]
    keeping = [step for step in into if not any(rule.prefix == "README" for rule in step.rules)]
    assert [step.archive for step in keeping] == ["leftImg8bit_trainvaltest.zip"]
