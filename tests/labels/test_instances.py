"""Class labels from COCO instance polygons."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from wizard.errors import LabelError
from wizard.labels.specs.conversions import Instances
from wizard.labels.works.instances import InstanceWork

SQUARE = [1, 1, 4, 1, 4, 4, 1, 4]


def shape(image: int, category: int, rings: object, *, crowd: int = 0) -> dict:
    return {"image_id": image, "category_id": category, "segmentation": rings, "iscrowd": crowd}


def work(tmp_path: Path, *shapes: dict) -> InstanceWork:
    images = [
        {"id": number, "file_name": f"COCO_{number:03}.extra.jpg", "height": 8, "width": 10}
        for number in (1, 2)
    ]
    categories = [{"id": 5, "name": "a"}, {"id": 2, "name": "b"}]
    document = {"images": images, "annotations": list(shapes), "categories": categories}
    (tmp_path / "in.json").write_text(json.dumps(document))
    return InstanceWork(tmp_path, Instances(json="in.json", into="out"))


def drawn(made: InstanceWork) -> dict[str, np.ndarray]:
    labels = {}
    for item in made.items():
        made.process(item)
        with Image.open(item.outputs[0]) as image:
            assert image.mode == "L"
            labels[item.key] = np.array(image)
    return labels


def test_classes_count_from_one_in_the_order_of_the_json(tmp_path: Path) -> None:
    labels = drawn(work(tmp_path, shape(1, 5, [SQUARE]), shape(2, 2, [SQUARE])))
    assert (labels["COCO_001"][1:5, 1:5] == 1).all()
    assert (labels["COCO_002"][1:5, 1:5] == 2).all()
    assert (labels["COCO_001"] != 0).sum() == 16


def test_crowds_stay_background_and_an_image_of_crowds_has_no_label(tmp_path: Path) -> None:
    crowd = shape(2, 5, {"counts": [3, 4], "size": [8, 10]}, crowd=1)
    assert list(drawn(work(tmp_path, shape(1, 5, [SQUARE]), crowd))) == ["COCO_001"]


def test_later_shapes_win_and_a_second_ring_is_filled(tmp_path: Path) -> None:
    inner = [2, 2, 3, 2, 3, 3, 2, 3]
    labels = drawn(work(tmp_path, shape(1, 5, [SQUARE, inner]), shape(1, 2, [inner])))
    assert (labels["COCO_001"][2:4, 2:4] == 2).all()
    assert (labels["COCO_001"] == 1).sum() == 12


def test_coordinates_are_cut_toward_zero(tmp_path: Path) -> None:
    fine = [value + 0.99 for value in SQUARE]
    labels = drawn(work(tmp_path, shape(1, 5, [fine])))
    assert (labels["COCO_001"] != 0).sum() == 16


def test_an_annotation_of_an_unknown_image_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="image 9"):
        work(tmp_path, shape(9, 5, [SQUARE])).items()


def test_a_missing_json_is_named(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="missing"):
        InstanceWork(tmp_path, Instances(json="no.json", into="out")).items()
