"""The COSMOS miniature: retrieval and segmentation sets; classification sets are drawn beside."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from pycocotools import mask as coco

from wizard.demo.classification import CLASSIFICATION
from wizard.demo.drawing import Artist
from wizard.demo.formats import (
    MADE_UP,
    Archives,
    captions_json,
    coco_json,
    coco_shape,
    coco_things,
    jpeg,
    keypoints_json,
    pack,
    palette_png,
    png,
    polygons_json,
    with_junk,
)

_COCO = [f"{number:012d}" for number in (139, 285, 632, 724)]
_COCO_VALUES = (10, 24, 26, 43, 64, 66, 69, 81, 89, 91, 181, 12)
"""Values on either side of every gap in COCO's numbers."""
_CITYSCAPES_IDS = (7, 8, 11, 17, 19, 21, 23, 24, 26, 33, 0, 4)
_CONTEXT_IDS = (2, 9, 85, 284, 360, 458)
_FLICKR = {"train": 2, "val": 3, "test": 2}
_VOC = {"train": 2, "val": 3}
_ADE_CLASSES = 151


def draw_cosmos(seed: int) -> Mapping[str, Archives]:
    """Draw the archives of every dataset of the collection."""
    return {
        "coco": _coco(seed),
        "flickr30k": _flickr(seed),
        "voc2012": {"VOCtrainval_11-May-2012.tar": _voc2012(seed)},
        "pascal-context": _context(seed),
        "coco-stuff": {"stuffthingmaps_trainval2017.zip": _stuff(seed)},
        "cityscapes": _cityscapes(seed),
        "ade20k": {"ADEChallengeData2016.zip": _ade(seed)},
        **{name: draw(seed) for name, draw in CLASSIFICATION.items()},
    }


def _coco(seed: int) -> Archives:
    photos = {f"val2017/{stem}.jpg": jpeg(_scene(seed, "coco", stem)[0]) for stem in _COCO}
    images = [_coco_image(seed, stem) for stem in _COCO]
    things = [coco_shape(place, each["id"], 1, _SQUARE) for place, each in enumerate(images)]
    kinds = {
        "captions": captions_json(images, 5),
        "instances": coco_json(images, things, coco_things()),
        "person_keypoints": keypoints_json(images),
    }
    files = {
        f"annotations/{kind}_{split}2017.json": data
        for kind, data in kinds.items()
        for split in ("train", "val")
    }
    return {
        "val2017.zip": pack("a.zip", photos),
        "annotations_trainval2017.zip": pack("a.zip", files),
    }


def _coco_image(seed: int, stem: str) -> dict[str, Any]:
    height, width = _scene(seed, "coco", stem)[1].shape
    return {"id": int(stem), "file_name": f"{stem}.jpg", "height": height, "width": width}


_SQUARE = [[2.0, 2.0, 20.0, 2.0, 20.0, 20.0, 2.0, 20.0]]


def _flickr(seed: int) -> Archives:
    photos: dict[str, bytes] = {}
    lists: dict[str, list[dict[str, Any]]] = {split: [] for split in _FLICKR}
    for split, count in _FLICKR.items():
        for number in range(count):
            name = f"flickr30k-images/{1000 * len(split) + number}.jpg"
            photos[name] = jpeg(_scene(seed, "flickr30k", name)[0])
            captions = [
                f"A made-up {word} picture." for word in ("red", "dim", "odd", "new", "big")
            ]
            lists[split].append({"image": name, "caption": captions})
    return {
        "flickr30k-images.zip": pack("a.zip", with_junk(photos)),
        "flickr30k_val.json": _json(lists["val"]),
        "flickr30k_test.json": _json(lists["test"]),
    }


def _voc2012(seed: int) -> bytes:
    files: dict[str, bytes] = {}
    for split, stem in _stems(_VOC):
        photo, mask = _labelled(seed, "cosmos-voc", stem, range(21))
        mask[:2, -9:] = 255
        files[f"JPEGImages/{stem}.jpg"] = photo
        files[f"SegmentationClass/{stem}.png"] = palette_png(mask, MADE_UP)
        lines = files.setdefault(f"ImageSets/Segmentation/{split}.txt", b"")
        files[f"ImageSets/Segmentation/{split}.txt"] = lines + f"{stem}\n".encode()
    return pack("a.tar", {f"VOCdevkit/VOC2012/{path}": data for path, data in files.items()})


def _context(seed: int) -> Archives:
    files: dict[str, bytes] = {}
    categories = [
        {"id": number, "category_id": number, "name": f"Thing {number}", "onlysemantic": 0}
        for number in _CONTEXT_IDS
    ]
    document: dict[str, list[Any]] = {
        "images": [],
        "annos_segmentation": [],
        "categories": categories,
        **{name: [] for name in ("parts", "annos_occlusion", "annos_boundary")},
    }
    for split, stem in _stems(_VOC):
        artist = Artist(seed, "cosmos-context", stem)
        scene = artist.scene(6)
        files[f"VOCdevkit/VOC2010/JPEGImages/{stem}.jpg"] = jpeg(artist.picture(scene))
        number = int(stem.replace("_", ""))
        document["images"].append(
            {
                "image_id": number,
                "file_name": f"{stem}.jpg",
                "height": scene.height,
                "width": scene.width,
                "phase": split,
            }
        )
        for region in range(1, scene.count):
            category = _CONTEXT_IDS[region % len(_CONTEXT_IDS)]
            document["annos_segmentation"].append(
                {"id": 100 * len(document["images"]) + region}
                | _region(number, category, scene.regions == region)
            )
    return {
        "VOCtrainval_03-May-2010.tar": pack("a.tar", files),
        "trainval_merged.json": _json(document),
    }


def _region(image: int, category: int, mask: NDArray[np.bool_]) -> dict[str, Any]:
    encoded = cast("Any", coco.encode(np.asfortranarray(mask.astype(np.uint8))))
    lengths = {"size": list(mask.shape), "counts": encoded["counts"].decode()}
    return {"image_id": image, "category_id": category, "segmentation": lengths}


def _stuff(seed: int) -> bytes:
    files: dict[str, bytes] = {"train2017/000000000009.png": png(np.zeros((4, 4), np.uint8))}
    for place, stem in enumerate(_COCO):
        _, scene = _scene(seed, "coco", stem)
        turns = (0, 255, *_COCO_VALUES[3 * place :], *_COCO_VALUES)
        values = Artist(seed, "cosmos-stuff", stem).pick(turns, int(scene.max()) + 1)
        files[f"val2017/{stem}.png"] = png(values[scene])
    return pack("a.zip", files)


def _cityscapes(seed: int) -> Archives:
    labels: dict[str, bytes] = {"README": b"labels\n", "license.txt": b"terms\n"}
    photos: dict[str, bytes] = {"README": b"photographs\n", "license.txt": b"terms\n"}
    for split, city in (("train", "aachen"), ("val", "lindau"), ("val", "munster")):
        name = f"{city}_000000_000019"
        artist = Artist(seed, "cosmos-cityscapes", name)
        scene = artist.scene(9)
        ids = artist.pick(_CITYSCAPES_IDS, scene.count)
        photos[f"leftImg8bit/{split}/{city}/{name}_leftImg8bit.png"] = png(artist.picture(scene))
        labels[f"gtFine/{split}/{city}/{name}_gtFine_labelIds.png"] = png(ids[scene.regions])
        polygons = polygons_json(scene, [int(each) for each in ids])
        labels[f"gtFine/{split}/{city}/{name}_gtFine_polygons.json"] = polygons
    return {
        "gtFine_trainvaltest.zip": pack("a.zip", labels),
        "leftImg8bit_trainvaltest.zip": pack("a.zip", photos),
    }


def _ade(seed: int) -> bytes:
    files: dict[str, bytes] = {"sceneCategories.txt": b"ADE_val_00000001 street\n"}
    for split, folder in (("train", "training"), ("val", "validation")):
        for number in (1, 2):
            stem = f"ADE_{split}_{number:08d}"
            photo, mask = _labelled(seed, "cosmos-ade", stem, range(_ADE_CLASSES))
            files[f"images/{folder}/{stem}.jpg"] = photo
            files[f"annotations/{folder}/{stem}.png"] = png(mask)
    return pack("a.zip", {f"ADEChallengeData2016/{path}": data for path, data in files.items()})


def _stems(splits: Mapping[str, int]) -> Iterator[tuple[str, str]]:
    for split, count in splits.items():
        for number in range(count):
            yield split, f"2008_{number + 100 * (split == 'val'):06d}"


def _scene(seed: int, *names: str) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Draw a photograph and the regions in it."""
    artist = Artist(seed, *names)
    scene = artist.scene(7)
    return artist.picture(scene), scene.regions


def _labelled(seed: int, dataset: str, stem: str, values: range) -> tuple[bytes, NDArray[np.uint8]]:
    """Draw a photograph as JPEG, and its label."""
    artist = Artist(seed, dataset, stem)
    scene = artist.scene(6)
    mask = artist.pick(values, scene.count)[scene.regions]
    return jpeg(artist.picture(scene)), mask


def _json(document: Any) -> bytes:
    return json.dumps(document).encode()
