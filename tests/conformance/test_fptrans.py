"""FPTrans on real files: polygons against what OpenCV 4.7.0 drew, and VOC's coloured masks."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wizard.labels.specs.conversions import Instances
from wizard.labels.specs.taxonomies import Lookup
from wizard.labels.works.derived import LookupWork
from wizard.labels.works.instances import InstanceWork, draw, read_drawings
from wizard.verify.checks.pixels import PixelsExaminer
from wizard.verify.specs.checks import Pixels

OPENCV_4_7 = {
    "000000000785": "5a009a79f6892ce08ea47e5f1ab5c9f8a87ba8e42159a9d18106e442ff683dd9",
    "000000040083": "ae2f5e99c23a15b1dc4274c796c2836079acccf3056025ce5213044d20c58a97",
    "000000196141": "37d360c6a92036617732121b3d28ae820436d26373e595068c48224542782f04",
    "000000197388": "e0aad61ba9338926227fc030e49be33db07903bbb273165bbd0ad9e78325d40e",
}
"""sha256 of the pixels that opencv-python 4.7.0.72 fills from the sample's polygons."""


@pytest.fixture
def annotations(shared: Path) -> Path:
    """Real COCO annotations of four images."""
    return shared / "samples" / "coco2014" / "instances_sample.json"


@pytest.mark.parametrize("stem", OPENCV_4_7)
def test_real_polygons_are_filled_as_opencv_4_7_did(annotations: Path, stem: str) -> None:
    label = draw(read_drawings(annotations)[stem])
    assert hashlib.sha256(label.tobytes()).hexdigest() == OPENCV_4_7[stem]


def test_labels_have_the_size_of_the_json_and_its_classes(
    annotations: Path, tmp_path: Path
) -> None:
    (tmp_path / "i.json").write_bytes(annotations.read_bytes())
    work = InstanceWork(tmp_path, Instances(json="i.json", into="label"))
    drawings = read_drawings(annotations)
    for item in work.items():
        work.process(item)
        with Image.open(item.outputs[0]) as image:
            picture = drawings[item.key].picture
            assert (image.mode, image.size) == ("L", (picture.width, picture.height))
            assert set(np.unique(image)) <= {0, 1}


def test_trap_voc_palette_masks_are_refused(shared: Path) -> None:
    check = Pixels(files="SegmentationClass/*.png", highest=20)
    examiner = PixelsExaminer(check, shared / "samples" / "voc2012")
    subjects = examiner.subjects()
    assert len(subjects) == 2
    for subject in subjects:
        (finding,) = examiner.examine(subject)
        assert finding.cause == "wrong-kind"
        assert finding.fatal


def test_voc_masks_become_gray_with_their_indices(shared: Path, tmp_path: Path) -> None:
    source = shared / "samples" / "voc2012" / "SegmentationClass"
    (tmp_path / "SegmentationClass").symlink_to(source)
    spec = Lookup(
        sources="SegmentationClass/*.png",
        folder="SegmentationClass",
        into="SegmentationClassAug",
        replace=(".png", ".png"),
        values={},
    )
    work = LookupWork(tmp_path, spec)
    for item in work.items():
        work.process(item)
        with Image.open(item.outputs[0]) as made, Image.open(item.source) as mask:
            assert made.mode == "L"
            assert np.array_equal(made, mask)
            assert set(np.unique(made)) <= {*range(21), 255}
            gray_of_palette = np.unique(mask.convert("L"))
            assert set(gray_of_palette) != set(np.unique(made))
