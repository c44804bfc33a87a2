"""Labels from run-lengths and pickles; edges and weights from label folders."""

from __future__ import annotations

import io
import json
import pickle
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from pycocotools import mask as coco

from wizard.errors import LabelError
from wizard.labels.specs.conversions import BoundaryWeights, Edges, PickledLabels, RleLabels
from wizard.labels.works.derived import EdgeWork, PickledWork, WeightWork
from wizard.labels.works.pickled import read_pickled
from wizard.labels.works.run_lengths import RunLengthWork
from wizard.work import Item

MAGIC, VERSION = 0x1950A86A20F9469CFC6C, 1001


def run(work: RunLengthWork | PickledWork | EdgeWork | WeightWork) -> dict[str, Path]:
    outputs = {}
    for item in work.items():
        work.process(item)  # type: ignore[arg-type]
        outputs[item.key] = item.outputs[0]
    work.finish()
    return outputs


def region(image: int, category: int, mask: np.ndarray) -> dict:
    encoded = coco.encode(np.asfortranarray(mask.astype(np.uint8)))
    counts = encoded["counts"].decode()
    lengths = {"size": list(mask.shape), "counts": counts}
    return {"id": 1, "image_id": image, "category_id": category, "segmentation": lengths}


def merged(tmp_path: Path, *regions: dict) -> RunLengthWork:
    images = [
        {"image_id": n, "file_name": f"2008_00{n}.jpg", "height": 4, "width": 6, "phase": phase}
        for n, phase in ((2, "val"), (1, "val"), (3, "test"))
    ]
    document = {"images": images, "annos_segmentation": list(regions), "categories": []}
    (tmp_path / "merged.json").write_text(json.dumps(document))
    spec = RleLabels(
        json="merged.json", into="{split}/label", classes=(0, 2, 9), lists="lists/{split}.txt"
    )
    return RunLengthWork(tmp_path, spec)


def test_regions_are_painted_in_file_order(tmp_path: Path) -> None:
    left = np.zeros((4, 6), bool)
    left[:, :3] = True
    made = run(merged(tmp_path, region(1, 2, left), region(1, 9, np.eye(4, 6, dtype=bool))))
    with Image.open(made["2008_001.jpg"]) as image:
        pixels = np.array(image)
    assert pixels[0, 0] == 2
    assert pixels[1, 0] == 1
    assert pixels[0, 5] == 0
    assert made["2008_001.jpg"] == tmp_path / "val" / "label" / "2008_001.png"
    assert (tmp_path / "lists" / "val.txt").read_text() == "2008_001\n2008_002\n"
    assert sorted(made) == ["2008_001.jpg", "2008_002.jpg"]


def test_a_category_outside_the_table_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="category 7"):
        run(merged(tmp_path, region(1, 7, np.ones((4, 6), bool))))


def test_a_mask_of_another_size_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(LabelError, match="a mask of"):
        run(merged(tmp_path, region(1, 2, np.ones((4, 5), bool))))


class _StandIn:
    """Pickles under the name of Pillow's image, with the state old files hold."""

    def __init__(self, pixels: np.ndarray) -> None:
        self.pixels = pixels

    def __reduce__(self) -> tuple:
        height, width = self.pixels.shape
        state = [{}, "L", (width, height), None, self.pixels.tobytes()]
        return Image.Image, (), state


def legacy(path: Path, content: object, protocol: int = 2) -> Path:
    with path.open("wb") as file:
        for part in (MAGIC, VERSION, {"little_endian": True}, content, []):
            pickle.dump(part, file, protocol=protocol)
    return path


def zipped(path: Path, content: object) -> Path:
    with zipfile.ZipFile(path, "w") as container:
        container.writestr("train/data.pkl", pickle.dumps(content, protocol=2))
    return path


@pytest.mark.parametrize("container", [legacy, zipped])
def test_both_containers_are_read(tmp_path: Path, container: object) -> None:
    pixels = np.arange(12, dtype=np.uint8).reshape(3, 4)
    path = container(tmp_path / "train.pth", {2008000008: _StandIn(pixels)})  # type: ignore[operator]
    made = run(PickledWork(tmp_path, PickledLabels(file=path.name, into="label")))
    with Image.open(made["2008_000008"]) as image:
        assert np.array_equal(np.array(image), pixels)


def test_a_pickle_that_asks_for_code_is_refused(tmp_path: Path) -> None:
    class Evil:
        def __reduce__(self) -> tuple:
            return (Path.touch, (tmp_path / "owned",))

    for container in (legacy, zipped):
        with pytest.raises(LabelError, match="not a file of label images"):
            read_pickled(container(tmp_path / "evil.pth", {1: Evil()}))
    assert not (tmp_path / "owned").exists()


def test_a_page_is_no_pickle(tmp_path: Path) -> None:
    (tmp_path / "train.pth").write_bytes(b"<html>gone</html>")
    with pytest.raises(LabelError, match="not a file of label images"):
        read_pickled(tmp_path / "train.pth")


def save(path: Path, pixels: np.ndarray) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, "PNG")
    path.write_bytes(buffer.getvalue())


def test_edges_of_a_folder(tmp_path: Path) -> None:
    save(tmp_path / "label" / "7.png", np.array([[1, 1, 2, 2]], np.uint8))
    made = run(EdgeWork(tmp_path, Edges(labels="label", into="edge", width=1)))
    with Image.open(made["7"]) as image:
        assert np.array(image).tolist() == [[0, 255, 0, 0]]


def test_weights_of_a_list(tmp_path: Path) -> None:
    save(tmp_path / "L" / "7.png", np.array([[1, 1, 2, 2]], np.uint8))
    (tmp_path / "train.txt").write_text("J/7.jpg L/7.png\n")
    spec = BoundaryWeights(list="train.txt", folder="", into="weights", as_bytes=True)
    made = run(WeightWork(tmp_path, spec))
    with np.load(made["7"]) as stored:
        assert stored["c"].tolist() == [1, 2]
        assert stored["x"].shape == (2, 1, 4)


def test_a_line_without_a_label_is_named(tmp_path: Path) -> None:
    (tmp_path / "train.txt").write_text("J/7.jpg L/7.png\nJ/8.jpg\n")
    spec = BoundaryWeights(list="train.txt", folder="", into="weights")
    with pytest.raises(LabelError) as caught:
        WeightWork(tmp_path, spec).items()
    assert caught.value.where.endswith("train.txt:2")


def test_items_know_their_outputs(tmp_path: Path) -> None:
    save(tmp_path / "label" / "7.png", np.array([[1]], np.uint8))
    work = EdgeWork(tmp_path, Edges(labels="label", into="edge"))
    assert list(work.expected()) == [(str(tmp_path / "edge" / "7.png"),)]
    assert isinstance(work.items()[0], Item)
