"""Weights out of a published tar, and names kept for large annotation files."""

from __future__ import annotations

import io
import json
import tarfile
from pathlib import Path

import numpy as np
from PIL import Image

from wizard.labels.drawing.boundary_weights import check_weights, write_weights
from wizard.labels.specs.conversions import BoundaryWeights, Instances
from wizard.labels.works.derived import WeightWork
from wizard.labels.works.instances import InstanceWork

LABEL = np.array([[0, 0, 2, 2], [0, 2, 2, 255], [0, 0, 0, 0]], np.uint8)
SPEC = BoundaryWeights(list="list.txt", folder="", into="weights", ready="weights.tar")


def listed(tmp_path: Path, *stems: str) -> None:
    (tmp_path / "labels").mkdir()
    for stem in stems:
        Image.fromarray(LABEL).save(tmp_path / "labels" / f"{stem}.png")
    lines = "".join(f"images/{stem}.jpg labels/{stem}.png\n" for stem in stems)
    (tmp_path / "list.txt").write_text(lines)


def weights(tmp_path: Path, label: np.ndarray = LABEL, *, as_bytes: bool = False) -> bytes:
    write_weights(tmp_path / "one.npz", label, as_bytes=as_bytes)
    return (tmp_path / "one.npz").read_bytes()


def tar(path: Path, members: dict[str, bytes]) -> Path:
    with tarfile.open(path, "w") as packed:
        for name, data in members.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
    return path


def run(work: WeightWork) -> dict[str, list[str]]:
    work.start()
    return {
        item.key: [finding.detail for finding in work.process(item).findings]
        for item in work.items()
    }


def test_trap_imported_weights_are_checked_one_by_one(tmp_path: Path) -> None:
    listed(tmp_path, "whole", "cut", "other", "bytes", "absent")
    good = weights(tmp_path)
    members = {
        "pascal_weights/whole.npz": good,
        "pascal_weights/cut.npz": good[:-40],
        "pascal_weights/other.npz": weights(tmp_path, np.zeros((3, 4), np.uint8)),
        "pascal_weights/bytes.npz": weights(tmp_path, as_bytes=True),
        "pascal_weights/readme.txt": b"",
    }
    found = run(WeightWork(tmp_path, SPEC, tar(tmp_path / "weights.tar", members)))
    assert found["whole"] == found["absent"] == []
    assert "not a whole weight file" in found["cut"][0]
    assert "classes" in found["other"][0]
    assert "uint8" in found["bytes"][0]
    assert (tmp_path / "weights" / "whole.npz").read_bytes() == good
    for stem in found:
        check_weights(tmp_path / "weights" / f"{stem}.npz", LABEL, as_bytes=False)


def test_a_cut_tar_gives_what_it_holds(tmp_path: Path) -> None:
    listed(tmp_path, "a", "b")
    good = weights(tmp_path)
    path = tar(tmp_path / "weights.tar", {"w/a.npz": good, "w/b.npz": good})
    path.write_bytes(path.read_bytes()[: 1024 + len(good)])
    found = run(WeightWork(tmp_path, SPEC, path))
    assert found["a"] == []
    check_weights(tmp_path / "weights" / "b.npz", LABEL, as_bytes=False)


def test_what_is_no_tar_is_passed_over(tmp_path: Path) -> None:
    listed(tmp_path, "a")
    (tmp_path / "weights.tar").write_bytes(b"<html>")
    assert run(WeightWork(tmp_path, SPEC, tmp_path / "weights.tar")) == {"a": []}
    assert (tmp_path / "weights" / "a.npz").is_file()


def test_looking_again_does_not_read_the_json(tmp_path: Path) -> None:
    images = [{"id": 1, "file_name": "x.jpg", "height": 4, "width": 4}]
    shape = {"image_id": 1, "category_id": 7, "segmentation": [[0, 0, 3, 0, 3, 3]], "iscrowd": 0}
    document = {"images": images, "annotations": [shape], "categories": [{"id": 7}]}
    (tmp_path / "i.json").write_text(json.dumps(document))
    kept = tmp_path / "state" / "kept.json"
    work = InstanceWork(tmp_path, Instances(json="i.json", into="label"), kept)
    for item in work.items():
        work.process(item)
    work.finish()
    expected = [(str(tmp_path / "label" / "x.png"),)]
    facts = (tmp_path / "i.json").stat()
    again = InstanceWork(tmp_path, work.spec, kept)
    assert list(again.expected()) == expected
    assert again._drawings._values == []
    (tmp_path / "i.json").write_text(json.dumps({**document, "annotations": []}))
    assert (tmp_path / "i.json").stat().st_size != facts.st_size
    assert list(InstanceWork(tmp_path, work.spec, kept).expected()) == []
