"""Miniatures of classification sets, each with two or three classes, in the layouts published."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

import numpy as np
from scipy.io import savemat

from wizard.demo.drawing import Artist
from wizard.demo.formats import Archives, jpeg, pack

_WNIDS = ("n01440764", "n01871265", "n02085620")
_MAT_HEADER = b"MATLAB 5.0 MAT-file, drawn by a program"
_MAT_HEADER_SIZE = 116


def _photo(seed: int, *names: str) -> bytes:
    artist = Artist(seed, *names)
    return jpeg(artist.picture(artist.scene(5, (64, 48))))


def mat(**variables: Any) -> bytes:
    """Encode variables as a MATLAB file, without the moment of its making."""
    buffer = io.BytesIO()
    savemat(cast("Any", buffer), variables, do_compression=True)
    return _MAT_HEADER.ljust(_MAT_HEADER_SIZE) + buffer.getvalue()[_MAT_HEADER_SIZE:]


def table(rows: Sequence[tuple[Any, ...]], *columns: str) -> np.ndarray[Any, Any]:
    """Return rows as MATLAB's array of structures."""
    filled = np.empty((1, len(rows)), [(name, object) for name in columns])
    for place, row in enumerate(rows):
        filled[0, place] = row
    return filled


def _imagenet(seed: int) -> Archives:
    files = {
        f"ILSVRC2012_val_{number:08d}_{_WNIDS[number % 3]}.JPEG": _photo(seed, "val", str(number))
        for number in range(1, 7)
    }
    return {"val_images.tar.gz": pack("a.tar.gz", files)}


def _food101(seed: int) -> Archives:
    splits = {
        split: {name: [f"{name}/{first + place}" for place in range(2)] for name in ("pie", "tea")}
        for split, first in (("train", 100), ("test", 200))
    }
    files = {}
    for split, classes in splits.items():
        names = [name for members in classes.values() for name in members]
        files[f"food-101/meta/{split}.json"] = json.dumps(classes).encode()
        files[f"food-101/meta/{split}.txt"] = _lines(names)
        files |= {f"food-101/images/{name}.jpg": _photo(seed, name) for name in names}
    return {"food-101.tar.gz": pack("a.tar.gz", files)}


def _cifar10(seed: int) -> Archives:
    pixels = Artist(seed, "cifar10").rng.integers(0, 255, (4, 3072), np.uint8)
    batch = {"data": pixels, "labels": [0, 1, 0, 1]}
    names = [f"data_batch_{number}" for number in range(1, 6)]
    files = {f"cifar-10-batches-py/{name}": pickle.dumps(batch) for name in (*names, "test_batch")}
    files["cifar-10-batches-py/batches.meta"] = pickle.dumps({"label_names": ["cat", "ship"]})
    return {"cifar-10-python.tar.gz": pack("a.tar.gz", files)}


def _cifar100(seed: int) -> Archives:
    pixels = Artist(seed, "cifar100").rng.integers(0, 255, (4, 3072), np.uint8)
    batch = {"data": pixels, "fine_labels": [0, 1, 0, 1]}
    files = {f"cifar-100-python/{name}": pickle.dumps(batch) for name in ("train", "test")}
    files["cifar-100-python/meta"] = pickle.dumps({"fine_label_names": ["apple", "bee"]})
    return {"cifar-100-python.tar.gz": pack("a.tar.gz", files)}


def _sun397(seed: int) -> Archives:
    classes = ("a/abbey", "b/bakery/shop", "z/zoo")
    files = {"SUN397/ClassName.txt": _lines([f"/{name}" for name in classes])}
    for name in classes:
        for number in range(2):
            path = f"SUN397/{name}/sun_{name[0]}{number}.jpg"
            files[path] = _photo(seed, path)
    return {"SUN397.tar.gz": pack("a.tar.gz", files)}


def _cars(seed: int) -> Archives:
    rows = [(1, 1, 9, 9, 1 + number % 2, f"{number:05d}.jpg") for number in range(1, 4)]
    columns = ("bbox_x1", "bbox_y1", "bbox_x2", "bbox_y2", "class", "fname")
    labelled = mat(annotations=table(rows, *columns))
    bare = [(*row[:4], row[5]) for row in rows]
    names = np.array(["Car A", "Car B"], object).reshape(1, 2)
    devkit = {
        "devkit/cars_meta.mat": mat(class_names=names),
        "devkit/cars_train_annos.mat": labelled,
        "devkit/cars_test_annos.mat": mat(annotations=table(bare, *columns[:4], "fname")),
    }
    files = {f"stanford_cars/{name}": data for name, data in devkit.items()}
    files["stanford_cars/cars_test_annos_withlabels.mat"] = labelled
    for split in ("cars_train", "cars_test"):
        for row in rows:
            files[f"stanford_cars/{split}/{split}/{row[5]}"] = _photo(seed, split, row[5])
    return {
        "torchvision-stanford-cars.zip": pack("a.zip", files),
        "car_devkit.tgz": pack("a.tgz", devkit),
    }


def _aircraft(seed: int) -> Archives:
    top = "fgvc-aircraft-2013b/data"
    files = {f"{top}/variants.txt": b"707-320\nBAE 146-200\n"}
    for split, first in (("train", 100), ("val", 200), ("test", 300)):
        names = {
            f"{first + place:07d}": kind for place, kind in enumerate(("707-320", "BAE 146-200"))
        }
        files[f"{top}/images_variant_{split}.txt"] = _lines(
            [f"{name} {kind}" for name, kind in names.items()]
        )
        files |= {f"{top}/images/{name}.jpg": _photo(seed, "aircraft", name) for name in names}
    return {"fgvc-aircraft-2013b.tar.gz": pack("a.tar.gz", files)}


def _dtd(seed: int) -> Archives:
    files = {}
    for number, split in enumerate(("train", "val", "test")):
        names = [f"{kind}/{kind}_{number:04d}.jpg" for kind in ("banded", "zigzagged")]
        files[f"dtd/labels/{split}1.txt"] = _lines(names)
        files |= {f"dtd/images/{name}": _photo(seed, name) for name in names}
    return {"dtd-r1.0.1.tar.gz": pack("a.tar.gz", files)}


def _pets(seed: int) -> Archives:
    images, lists = Archives(), Archives()
    for number, split in enumerate(("trainval", "test"), start=1):
        names = [f"{kind}_{number}" for kind in ("Abyssinian", "great_pyrenees")]
        rows = [f"{name} {place} {place} 1" for place, name in enumerate(names, start=1)]
        lists[f"annotations/{split}.txt"] = _lines(rows)
        images |= {f"images/{name}.jpg": _photo(seed, name) for name in names}
    return {
        "images.tar.gz": pack("a.tar.gz", images),
        "annotations.tar.gz": pack("a.tar.gz", lists),
    }


def _caltech101(seed: int) -> Archives:
    kinds = {"BACKGROUND_Google": 1, "Faces": 2, "accordion": 3, "brontosaurus": 2}
    photos, outlines = Archives(), Archives()
    for kind, count in kinds.items():
        for number in range(1, count + 1):
            photos[f"101_ObjectCategories/{kind}/image_{number:04d}.jpg"] = _photo(
                seed, kind, str(number)
            )
            outlines[f"Annotations/{kind}/annotation_{number:04d}.mat"] = mat(box_coord=[[1, 9]])
    files = {
        "caltech-101/101_ObjectCategories.tar.gz": pack("a.tar.gz", photos),
        "caltech-101/Annotations.tar": pack("a.tar", outlines),
    }
    return {"caltech-101.zip": pack("a.zip", files)}


def _flowers(seed: int) -> Archives:
    files = {
        f"jpg/image_{number:05d}.jpg": _photo(seed, "flower", str(number)) for number in range(1, 5)
    }
    return {
        "102flowers.tgz": pack("a.tgz", files),
        "imagelabels.mat": mat(labels=np.array([[1, 2, 1, 2]], np.uint8)),
        "setid.mat": mat(trnid=[[1]], valid=[[2]], tstid=[[3, 4]]),
    }


def _lines(lines: Sequence[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()


CLASSIFICATION: Mapping[str, Callable[[int], Archives]] = {
    "imagenet": _imagenet,
    "food101": _food101,
    "cifar10": _cifar10,
    "cifar100": _cifar100,
    "sun397": _sun397,
    "stanford-cars": _cars,
    "aircraft": _aircraft,
    "dtd": _dtd,
    "pets": _pets,
    "caltech101": _caltech101,
    "flowers": _flowers,
}
"""Archives of a classification set by the id of its dataset."""
