"""OpenSeg on real files: LIP edges, a Cityscapes frame, and SegFix on its label."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image
from scipy import ndimage

from wizard.labels.drawing.boundary_weights import edges
from wizard.labels.pixels.decode import read_values
from wizard.labels.works.segfix import TRAINED_IDS, apply_offsets
from wizard.verify.checks.labels import OccursExaminer
from wizard.verify.checks.pixels import PixelsExaminer
from wizard.verify.specs.checks import Occurs, Pixels

FRAME = "samples/cityscapes/gtFine/val/frankfurt/frankfurt_000000_000294_gtFine"


def label_of(path: Path) -> np.ndarray:
    """Read an 8-bit label."""
    pixels = read_values(path)
    assert pixels.dtype == np.uint8
    return pixels


def test_edges_of_a_real_lip_label(shared: Path) -> None:
    label = label_of(shared / "samples" / "lip" / "train_segmentations" / "684_2150041.png")
    found = edges(label)
    assert found.shape == label.shape
    assert set(np.unique(found)) == {0, 255}
    # Wherever two neighbours differ there is an edge nearby, and nowhere else.
    low, high = ndimage.minimum_filter(label, 3), ndimage.maximum_filter(label, 3)
    near = ndimage.maximum_filter((low != high).astype(np.uint8), 5) > 0
    assert not (found[~near] > 0).any()
    differ = np.zeros(label.shape, bool)
    differ[:, :-1] = label[:, :-1] != label[:, 1:]
    assert (found[differ] == 255).all()


def test_trap_a_real_lip_label_is_gray_and_0_to_19(shared: Path) -> None:
    check = Pixels(files="train_segmentations/*.png", highest=19)
    examiner = PixelsExaminer(check, shared / "samples" / "lip")
    assert [list(examiner.examine(each)) for each in examiner.subjects()] == [[]]


def test_trap_training_ids_are_told_from_label_ids(shared: Path) -> None:
    values = tuple(range(19, 34))
    folder = (shared / FRAME).parent
    ids = OccursExaminer(Occurs(files="*_labelIds.png", values=values), folder)
    training = OccursExaminer(Occurs(files="*_labelTrainIds.png", values=values), folder)
    assert list(ids.examine("*_labelIds.png")) == []
    assert [each.cause for each in training.examine("*_labelTrainIds.png")] == ["wrong-coding"]


def test_training_ids_hold_255_which_label_ids_never_do(shared: Path) -> None:
    examiner = PixelsExaminer(
        Pixels(files="*_labelTrainIds.png", highest=33, ignore=False), (shared / FRAME).parent
    )
    (subject,) = examiner.subjects()
    assert [each.cause for each in examiner.examine(subject)] == ["wrong-value"]


def test_trap_segfix_blends_no_class_numbers_on_a_real_label(shared: Path) -> None:
    label = label_of(shared / f"{FRAME}_labelIds.png")
    known = np.where(np.isin(label, TRAINED_IDS), label, 255)
    still = apply_offsets(label, np.zeros((*label.shape, 2), np.float32))
    assert np.array_equal(still, known)
    steps = np.random.default_rng(1).integers(-1, 2, (*label.shape, 2)).astype(np.float32)
    moved = apply_offsets(label, steps)
    assert set(np.unique(moved)) <= set(np.unique(known))


def test_instances_of_a_real_frame_are_16_bit(shared: Path) -> None:
    with Image.open(shared / f"{FRAME}_instanceIds.png") as image:
        assert image.mode.startswith("I")
    check = Pixels(files="*_instanceIds.png", mode="gray16")
    examiner = PixelsExaminer(check, (shared / FRAME).parent)
    assert [list(examiner.examine(each)) for each in examiner.subjects()] == [[]]
