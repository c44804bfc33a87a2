"""Archives of alternatives that miniatures do not take, packed as published from the first."""

from __future__ import annotations

import csv
import io
import json
import pickle
import tarfile
import zipfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from pycocotools import mask as coco

from wizard.demo.classification import mat, table
from wizard.demo.formats import pack
from wizard.kinds.registry import load_recipe

Files = dict[str, bytes]
Held = Callable[[str], Files]
"""Gives the members of an archive of the miniature by the archive's name."""

PARQUET_SHARDS = 14
TRAIN_SHARDS = 294


def held_in(folder: Path) -> Held:
    """Return how to read the miniature's archives in a folder."""
    return lambda name: members((folder / name).read_bytes())


def members(data: bytes) -> Files:
    """Return the files of a tar or zip, or of a single file under the name of nothing."""
    file = io.BytesIO(data)
    try:
        with tarfile.open(fileobj=file) as packed:
            return {each.name: packed.extractfile(each).read() for each in packed if each.isreg()}  # type: ignore[union-attr]
    except tarfile.TarError:
        if not zipfile.is_zipfile(file):
            return {"": data}
    with zipfile.ZipFile(file) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist() if name[-1] != "/"}


def draw(collection: str, dataset: str, alternative: str, held: Held) -> Files:
    """Return the archives of one way by name."""
    return _DRAWN[collection, dataset, alternative](held)


def _table_of_captions(held: Held) -> Files:
    text = io.StringIO()
    rows = csv.writer(text)
    rows.writerow(["raw", "sentids", "split", "filename", "img_id"])
    for split in ("val", "test"):
        for row in json.loads(held(f"flickr30k_{split}.json")[""]):
            name = row["image"].rpartition("/")[2]
            rows.writerow([json.dumps(row["caption"]), "[0]", split, name, "0"])
    return {"flickr_annotations_30k.csv": text.getvalue().encode()}


def _parquet(held: Held) -> Files:
    return _shards("validation", PARQUET_SHARDS, held("val_images.tar.gz"))


def _parquet_train(held: Held) -> Files:
    """Shards under the names of the hub, which end in the class."""
    photos: Files = {}
    for number in range(5):
        photos |= held(f"train_images_{number}.tar.gz")
    return _shards("train", TRAIN_SHARDS, photos)


def _shards(split: str, count: int, files: Files) -> Files:
    import pyarrow as arrow
    from pyarrow import parquet

    photos = sorted(files.items())
    classes = sorted({_class(name) for name, _ in photos})
    image = arrow.struct([("bytes", arrow.binary()), ("path", arrow.string())])
    schema = arrow.schema([("image", image), ("label", arrow.int64())])
    shards = {}
    for number in range(count):
        own = photos[number::count]
        columns = {
            "image": [{"bytes": data, "path": name} for name, data in own],
            "label": [classes.index(_class(name)) for name, _ in own],
        }
        file = io.BytesIO()
        parquet.write_table(arrow.table(columns, schema=schema), file)
        shards[f"{split}-{number:05d}-of-{count:05d}.parquet"] = file.getvalue()
    return shards


def _official_val(held: Held) -> Files:
    """Names without a class, and a devkit that tells it: numbers are not in the order of ids."""
    photos = dict(sorted(held("val_images.tar.gz").items()))
    classes = sorted({_class(name) for name in photos}, reverse=True)
    rows: list[tuple[Any, ...]] = [(n, wnid, "", "", 0) for n, wnid in enumerate(classes, 1)]
    rows.append((len(rows) + 1, "n00000001", "", "", len(classes)))
    synsets = table(rows, "ILSVRC2012_ID", "WNID", "words", "gloss", "num_children")
    truth = "".join(f"{classes.index(_class(name)) + 1}\n" for name in photos)
    top = "ILSVRC2012_devkit_t12/data"
    devkit = {
        f"{top}/meta.mat": mat(synsets=synsets),
        f"{top}/ILSVRC2012_validation_ground_truth.txt": truth.encode(),
        "ILSVRC2012_devkit_t12/readme.txt": b"Read me.\n",
    }
    plain = {f"{name.rpartition('_')[0]}.JPEG": data for name, data in photos.items()}
    return {
        "ILSVRC2012_img_val.tar": pack("a.tar", plain, folders=False),
        "ILSVRC2012_devkit_t12.tar.gz": pack("a.tar.gz", devkit),
    }


def _class(name: str) -> str:
    return name.rpartition("_")[2].removesuffix(".JPEG")


def _cars(held: Held) -> Files:
    return {
        name.removeprefix("stanford_cars/"): data
        for name, data in held("torchvision-stanford-cars.zip").items()
    }


def _cars_in_parts(held: Held) -> Files:
    cars = _cars(held)
    photos = {name: data for name, data in cars.items() if name.endswith(".jpg")}
    labels = cars["cars_test_annos_withlabels.mat"]
    return {
        "stanford-cars-dataset.zip": pack("a.zip", photos),
        "cars_test_annos_withlabels (1).mat": labels,
    }


def _original_cars(held: Held) -> Files:
    cars = _cars(held)
    packed = {}
    for split in ("cars_train", "cars_test"):
        start = f"{split}/{split}/"
        photos = {name: data for name, data in cars.items() if name.startswith(start)}
        files = {name.removeprefix(f"{split}/"): data for name, data in photos.items()}
        packed[f"{split}.tgz"] = pack("a.tgz", files)
    name = "cars_test_annos_withlabels.mat"
    return {**packed, name: cars[name]}


def _sbd(held: Held) -> Files:
    """Masks of what VOC itself has none of, and one of what it has, which must not win."""
    devkit = held("VOCtrainval_11-May-2012.tar")
    own = {Path(name).stem for name in devkit if "/SegmentationClass/" in name}
    files = {"benchmark_RELEASE/README": b"Read me.\n"}
    for name, data in held("SegmentationClassAug.archive").items():
        mask = pixels(data)
        if Path(name).stem in own:
            mask = np.zeros_like(mask)
        fields = {"Segmentation": mask, "Boundaries": np.zeros(2)}
        files[f"benchmark_RELEASE/dataset/cls/{Path(name).stem}.mat"] = mat(GTcls=fields)
    return {"benchmark.tgz": pack("a.tgz", files)}


def _merged_context(held: Held) -> Files:
    steps = load_recipe("openseg").dataset("pascal-context").steps
    ids = next(step.classes for step in steps if step.id == "labels-merged")  # type: ignore[union-attr]
    document: dict[str, list[Any]] = {"images": [], "annos_segmentation": [], "categories": []}
    for split in ("train", "val"):
        for number, image in _pickled(held(f"{split}.pth")[""]).items():
            label = np.asarray(image)
            stem = f"{str(number)[:4]}_{str(number)[4:]}"
            size = {"height": label.shape[0], "width": label.shape[1]}
            document["images"].append(
                {"image_id": number, "file_name": f"{stem}.jpg", "phase": split, **size}
            )
            for value in np.unique(label[label > 0]):
                shape = coco.encode(np.asfortranarray((label == value).astype(np.uint8)))
                lengths = {"size": list(label.shape), "counts": shape["counts"].decode()}  # type: ignore[union-attr]
                document["annos_segmentation"].append(
                    {"image_id": number, "category_id": ids[value], "segmentation": lengths}
                )
    return {"trainval_merged.json": json.dumps(document).encode()}


def _pickled(data: bytes) -> Mapping[int, Image.Image]:
    """Read the fourth of the pickles a file of old PyTorch is made of."""
    file = io.BytesIO(data)
    return [pickle.load(file) for _ in range(4)][3]  # noqa: S301 - made by the miniature


def _lip_in_parts(held: Held) -> Files:
    return {name.removeprefix("LIP/"): data for name, data in held("LIP.zip").items()}


def _train(held: Held) -> Files:
    """The training images under their own names, without the class the hub adds."""
    photos: Files = {}
    for number in range(5):
        photos |= held(f"train_images_{number}.tar.gz")
    return {f"{name.rpartition('_')[0]}.JPEG": data for name, data in sorted(photos.items())}


def _by_class(photos: Files) -> Files:
    classes = sorted({name.partition("_")[0] for name in photos})
    return {
        f"{wnid}.tar": pack("a.tar", {n: d for n, d in photos.items() if n.startswith(wnid)})
        for wnid in classes
    }


def _official_train(held: Held) -> Files:
    return {"ILSVRC2012_img_train.tar": pack("a.tar", _by_class(_train(held)))}


def _kaggle(held: Held) -> Files:
    top = "ILSVRC/Data/CLS-LOC"
    files = {f"{top}/train/{n.partition('_')[0]}/{n}": d for n, d in _train(held).items()}
    files[f"{top}/val/ILSVRC2012_val_00000001.JPEG"] = b"not asked for"
    files["LOC_val_solution.csv"] = b"ImageId\n"
    return {"imagenet-object-localization-challenge.zip": pack("a.zip", files)}


def _fall11(held: Held) -> Files:
    tars = {Path(n).name: d for n, d in held("winter21_whole.tar.gz").items()}
    return {"fall11_whole.tar": pack("a.tar", tars)}


def pixels(data: bytes) -> np.ndarray:
    """Decode an image."""
    with Image.open(io.BytesIO(data)) as image:
        return np.array(image)


_DRAWN: Mapping[tuple[str, str, str], Callable[[Held], Files]] = {
    ("cosmos", "flickr30k", "table"): _table_of_captions,
    ("cosmos", "imagenet", "parquet"): _parquet,
    ("cosmos", "imagenet", "official"): _official_val,
    ("cosmos", "stanford-cars", "parts"): _cars_in_parts,
    ("cosmos", "stanford-cars", "original"): _original_cars,
    ("fptrans", "pascal-5i", "rebuilt"): _sbd,
    ("openseg", "pascal-context", "merged"): _merged_context,
    ("openseg", "lip", "parts"): _lip_in_parts,
    ("partdistillation", "imagenet-1k", "official"): _official_train,
    ("partdistillation", "imagenet-1k", "parquet"): _parquet_train,
    ("partdistillation", "imagenet-1k", "kaggle"): _kaggle,
    ("partdistillation", "imagenet-1k-val", "official"): _official_val,
    ("partdistillation", "imagenet-1k-val", "parquet"): _parquet,
    ("partdistillation", "imagenet-22k", "fall11"): _fall11,
    ("partdistillation", "part-imagenet", "joined"): lambda held: {},
}
EVERY_ALTERNATIVE = tuple(_DRAWN)
"""Collection, dataset and way of all that is drawn here."""
