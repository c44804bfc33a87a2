"""The OpenSeg miniature: Cityscapes, PASCAL-Context as pickles, LIP, ATR, CIHP, offsets, models."""

from __future__ import annotations

import io
import pickle
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from scipy.io import savemat

from wizard.demo.drawing import Artist
from wizard.demo.formats import (
    MADE_UP,
    Archives,
    jpeg,
    pack,
    palette_png,
    png,
    polygons_json,
    torch_file,
    with_junk,
)
from wizard.demo.pascal import voc_xml

_LABEL_IDS = (7, 8, 11, 17, 19, 21, 23, 24, 26, 33, 0, 4)
_CONTEXT = range(60)
_LIP = range(20)
_ATR = range(18)
_FRAMES = {"train": ("aachen", 3), "val": ("lindau", 2), "test": ("bonn", 2)}
_EXTRA = (("augsburg", 11), ("troisdorf", 73))
_MAGIC, _VERSION = 0x1950A86A20F9469CFC6C, 1001
_TYPE_SIZES = {"short": 2, "int": 4, "long": 4}
_MAT_HEADER = b"MATLAB 5.0 MAT-file, drawn by a program"
_MAT_HEADER_SIZE = 116


def draw_openseg(seed: int) -> Mapping[str, Archives]:
    """Draw the archives of every dataset of the collection."""
    return {
        "cityscapes": _cityscapes(seed),
        "cityscapes-coarse": _coarse(seed),
        "segfix-offsets": {"offset_semantic.zip": _offsets(seed)},
        "pascal-context": _context(seed),
        "lip": _lip(seed),
        "atr": {"humanparsing.zip": _atr(seed)},
        "cihp": {"instance-level_human_parsing.tar.gz": _cihp(seed)},
        "checkpoints": dict.fromkeys(_CHECKPOINTS, _model("checkpoint")),
        "backbones": dict.fromkeys(_BACKBONES, _model("backbone")),
    }


_CHECKPOINTS = (
    "base_ocnet_deepbase_resnet101_dilated8_1_latest.pth",
    "spatial_ocrnet_deepbase_resnet101_dilated8_1_latest.pth",
    "spatial_asp_ocrnet_deepbase_resnet101_dilated8_1_latest.pth",
    "hrnet_w48_ocr_1_latest.pth",
    "hrnet_w48_ocr_hrnet48_2_latest.pth",
    "lip-hrnet_w48_ocr_1_latest.pth",
)
_BACKBONES = ("hrnetv2_w48_imagenet_pretrained.pth", "resnet101-imagenet.pth")


def _model(name: str) -> bytes:
    return torch_file(name, {"state_dict": {}})


def _frames() -> Iterator[tuple[str, str, str]]:
    """Yield split, city and name of every frame that is not extra."""
    for split, (city, count) in _FRAMES.items():
        for number in range(count):
            yield split, city, f"{city}_{number:06d}_000019"


def _size(seed: int, name: str) -> tuple[int, int]:
    """Return width and height of a frame."""
    scene = Artist(seed, "openseg-cityscapes", name).scene(9)
    return scene.width, scene.height


def _frame(seed: int, name: str) -> tuple[bytes, bytes, bytes, bytes]:
    """Draw a frame: photograph, label ids, instance ids in 16 bits, and polygons."""
    artist = Artist(seed, "openseg-cityscapes", name)
    scene = artist.scene(9)
    ids = artist.pick(_LABEL_IDS, scene.count)
    label = ids[scene.regions]
    instances = np.where(label >= 24, label.astype(np.uint16) * 1000 + scene.regions, label)
    polygons = polygons_json(scene, [int(each) for each in ids])
    return png(artist.picture(scene)), png(label), png(instances.astype(np.uint16)), polygons


def _cityscapes(seed: int) -> Archives:
    images: Archives = {"README": b"Read me.\n", "license.txt": b"A licence.\n"}
    labels = dict(images)
    for split, city, name in _frames():
        image, label, instances, polygons = _frame(seed, name)
        images[f"leftImg8bit/{split}/{city}/{name}_leftImg8bit.png"] = image
        labels[f"gtFine/{split}/{city}/{name}_gtFine_labelIds.png"] = label
        labels[f"gtFine/{split}/{city}/{name}_gtFine_instanceIds.png"] = instances
        labels[f"gtFine/{split}/{city}/{name}_gtFine_polygons.json"] = polygons
    return {
        "gtFine_trainvaltest.zip": pack("a.zip", labels),
        "leftImg8bit_trainvaltest.zip": pack("a.zip", images),
    }


def _coarse(seed: int) -> Archives:
    """Draw coarse labels of all frames, and two extra frames, one of them the black one."""
    labels: Archives = {"README": b"Read me.\n", "license.txt": b"A licence.\n"}
    images = dict(labels)
    for split, city, name in _frames():
        if split != "test":
            coarse = np.full(_size(seed, name)[::-1], 7, np.uint8)
            labels[f"gtCoarse/{split}/{city}/{name}_gtCoarse_labelIds.png"] = png(coarse)
    for city, number in _EXTRA:
        name = f"{city}_000000_{number:06d}"
        image, label, instances, _ = _frame(seed, name)
        if city == "troisdorf":
            black = np.zeros((64, 96), np.uint8)
            image, label, instances = png(black), png(black), png(black.astype(np.uint16))
        images[f"leftImg8bit/train_extra/{city}/{name}_leftImg8bit.png"] = image
        labels[f"gtCoarse/train_extra/{city}/{name}_gtCoarse_labelIds.png"] = label
        labels[f"gtCoarse/train_extra/{city}/{name}_gtCoarse_instanceIds.png"] = instances
    return {
        "gtCoarse.zip": pack("a.zip", labels),
        "leftImg8bit_trainextra.zip": pack("a.zip", images),
    }


def _offsets(seed: int) -> bytes:
    files: Archives = {}
    for split, _, name in _frames():
        if split == "train":
            continue
        width, height = _size(seed, name)
        steps = Artist(seed, "offsets", name).rng.integers(-1, 2, (height, width, 2))
        top = "val/offset_pred" if split == "val" else "test_offset"
        path = f"offset_semantic/{top}/semantic/offset_hrnext/{name}_leftImg8bit.mat"
        files[path] = _mat(steps.astype(np.int8))
    return pack("a.zip", files)


def _mat(steps: NDArray[np.int8]) -> bytes:
    """Encode offsets as a MATLAB file, without the moment of its making."""
    buffer = io.BytesIO()
    savemat(cast("Any", buffer), {"mat": steps}, do_compression=True)
    return _MAT_HEADER.ljust(_MAT_HEADER_SIZE) + buffer.getvalue()[_MAT_HEADER_SIZE:]


def _context(seed: int) -> Archives:
    """Draw VOC 2010 with images nobody labelled, and the labels as the authors pickled them."""
    devkit: Archives = {}
    pickles: dict[str, dict[int, Image.Image]] = {"train": {}, "val": {}}
    for number, split in enumerate(("train", "train", "val", "val", "")):
        stem = f"2008_{number:06d}"
        artist = Artist(seed, "openseg-context", stem)
        scene = artist.scene(7)
        devkit[f"VOCdevkit/VOC2010/JPEGImages/{stem}.jpg"] = jpeg(artist.picture(scene))
        devkit[f"VOCdevkit/VOC2010/Annotations/{stem}.xml"] = voc_xml(
            stem, scene.regions, "VOC2010"
        )
        if split:
            label = artist.pick(_CONTEXT, scene.count)[scene.regions]
            pickles[split][int(stem.replace("_", ""))] = Image.fromarray(label)
    return {
        "VOCtrainval_03-May-2010.tar": pack("a.tar", devkit),
        **{f"{split}.pth": _legacy(images) for split, images in pickles.items()},
    }


def _legacy(images: Mapping[int, Image.Image]) -> bytes:
    """Pickle as PyTorch did before 1.6: magic, version, system, the object, storage keys."""
    system = {"protocol_version": _VERSION, "little_endian": True, "type_sizes": _TYPE_SIZES}
    parts: tuple[Any, ...] = (_MAGIC, _VERSION, system, dict(images), [])
    return b"".join(pickle.dumps(part, protocol=2) for part in parts)


def _person(seed: int, stem: str, values: range) -> tuple[bytes, NDArray[np.uint8]]:
    artist = Artist(seed, "openseg-people", stem)
    scene = artist.scene(8)
    gray = stem.endswith("1")
    return jpeg(artist.picture(scene), gray=gray), artist.pick(values, scene.count)[scene.regions]


def _lip(seed: int) -> Archives:
    """Draw LIP as one zip of zips, with a folder doubled and labels reversed beside."""
    images, labels = Archives(), Archives()
    for number in range(5):
        split = "train" if number < 3 else "val"
        stem = f"{number + 70}_{number * 31 + 185900}"
        photograph, label = _person(seed, stem, _LIP)
        images[f"{split}_images/{stem}.jpg"] = photograph
        top = "TrainVal_parsing_annotations"
        labels[f"{top}/{split}_segmentations/{stem}.png"] = png(label)
        labels[f"{top}/{split}_segmentations_reversed/{stem}.png"] = png(label[:, ::-1].copy())
    inner = {
        "LIP/TrainVal_images.zip": pack("a.zip", with_junk(images)),
        "LIP/TrainVal_parsing_annotations.zip": pack("a.zip", labels),
    }
    return {"LIP.zip": pack("a.zip", inner)}


def _atr(seed: int) -> bytes:
    files: Archives = {}
    for number in range(3):
        stem = f"{number + 1}_{number}"
        photograph, label = _person(seed, f"atr-{stem}", _ATR)
        files[f"humanparsing/JPEGImages/{stem}.jpg"] = photograph
        files[f"humanparsing/SegmentationClassAug/{stem}.png"] = palette_png(label, MADE_UP)
    return pack("a.zip", files)


def _cihp(seed: int) -> bytes:
    files: Archives = {}
    for number in range(4):
        part = "Training" if number < 3 else "Validation"
        stem = f"{number + 1:07d}"
        photograph, label = _person(seed, f"cihp-{stem}", _LIP)
        top = f"instance-level_human_parsing/{part}"
        files[f"{top}/Images/{stem}.jpg"] = photograph
        files[f"{top}/Category_ids/{stem}.png"] = png(label)
    return pack("a.tar.gz", files)
