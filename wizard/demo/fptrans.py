"""The FPTrans miniature: lists, PASCAL VOC with gray masks, COCO 2014, weights and backbones."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wizard.demo.drawing import Artist, Scene
from wizard.demo.images import jpeg, palette_png, png
from wizard.demo.packing import pack, with_junk
from wizard.labels.boundary_weights import boundary_weights, classes_of

_DEVKIT = "VOCdevkit/VOC2012"
_PASCAL = {"val": 3, "train": 5}
_COCO = {"train2014": 5, "val2014": 3}
_PASCAL_CLASSES = 20
_CATEGORIES = (1, 2, 13, 44, 67, 90)
"""Ids with gaps, as COCO has them."""
_PALETTE = [(place * 37 % 256, place * 91 % 256, place * 53 % 256) for place in range(256)]
_VOID = 255

Archives = dict[str, bytes]


def draw_fptrans(seed: int) -> Mapping[str, Archives]:
    """Draw the archives of every dataset of the collection."""
    pascal, pascal_lists = _pascal(seed)
    coco, coco_lists = _coco(seed)
    return {
        "lists": {**pascal_lists, **coco_lists},
        "pascal-5i": pascal,
        "coco-20i": coco,
        "backbones": dict(_backbones()),
    }


def _pascal(seed: int) -> tuple[Archives, Archives]:
    devkit, masks, weights = Archives(), Archives(), Archives()
    lines: dict[str, list[str]] = {split: [] for split in _PASCAL}
    for split, count in _PASCAL.items():
        for number in range(count):
            stem = f"20{7 + number:02d}_{number + 100 * (split == 'val'):06d}"
            artist = Artist(seed, "pascal-5i", stem)
            scene = artist.scene(6)
            mask = artist.pick(range(_PASCAL_CLASSES + 1), scene.count)[scene.regions]
            mask[:2, -9:] = _VOID
            devkit[f"{_DEVKIT}/JPEGImages/{stem}.jpg"] = jpeg(artist.picture(scene))
            devkit[f"{_DEVKIT}/Annotations/{stem}.xml"] = b"<annotation/>\n"
            masks[f"SegmentationClassAug/{stem}.png"] = png(mask)
            lines[split].append(f"JPEGImages/{stem}.jpg SegmentationClassAug/{stem}.png")
            if split == "val":
                devkit[f"{_DEVKIT}/SegmentationClass/{stem}.png"] = palette_png(mask, _PALETTE)
            else:
                weights[f"pascal_weights/{stem}.npz"] = _npz(mask)
    # Published weights are known to hold files cut short.
    cut = next(iter(weights))
    weights[cut] = weights[cut][:-40]
    return {
        "VOCtrainval_11-May-2012.tar": pack("a.tar", devkit),
        "SegmentationClassAug.archive": pack("a.tar", masks),
        "pascal_weights.tar": pack("a.tar", weights),
    }, {
        "val.txt": _list(lines["val"]),
        "voc_sbd_merge_noduplicate.txt": _list(lines["train"][::-1]),
    }


def _npz(mask: NDArray[np.uint8]) -> bytes:
    buffer = io.BytesIO()
    np.savez_compressed(buffer, x=boundary_weights(mask, as_bytes=False), c=classes_of(mask))
    return buffer.getvalue()


def _coco(seed: int) -> tuple[Archives, Archives]:
    annotations, archives, lists = Archives(), Archives(), Archives()
    for split, count in _COCO.items():
        pictures, listed = Archives(), []
        document: dict[str, list[Any]] = {"images": [], "annotations": [], "categories": []}
        document["categories"] = [
            {"id": number, "name": f"thing {number}", "supercategory": "things"}
            for number in _CATEGORIES
        ]
        for place in range(count):
            stem = f"COCO_{split}_{place * 7 + 9:012d}"
            artist = Artist(seed, "coco-20i", stem)
            scene = artist.scene(5)
            pictures[f"{split}/{stem}.jpg"] = jpeg(artist.picture(scene), gray=place == 1)
            document["images"].append(_image(place * 7 + 9, stem, scene))
            # The last image has nothing but a crowd: no label, and no line in the list.
            shapes = list(_shapes(place * 7 + 9, artist, scene, crowd=place == count - 1))
            document["annotations"] += shapes
            if place < count - 1:
                listed.append(f"{split}/{stem}.jpg {split}_label/{stem}.png")
        for kind in ("instances", "person_keypoints", "captions"):
            data = document if kind == "instances" else {"images": [], "annotations": []}
            annotations[f"annotations/{kind}_{split}.json"] = json.dumps(data).encode()
        archives[f"{split}.zip"] = pack("a.zip", with_junk(pictures))
        lists[f"{split.removesuffix('2014')}_data_list.txt"] = _list(listed[::-1])
    return {"annotations_trainval2014.zip": pack("a.zip", annotations), **archives}, lists


def _image(number: int, stem: str, scene: Scene) -> dict[str, Any]:
    return {
        "id": number,
        "file_name": f"{stem}.jpg",
        "height": scene.height,
        "width": scene.width,
    }


def _shapes(number: int, artist: Artist, scene: Scene, *, crowd: bool) -> Iterator[dict[str, Any]]:
    """Yield annotations: shapes with fractions, one of two rings, and a crowd at the end."""
    rings = [
        [float(value) + 0.37 * (turn % 2) for x, y in outline for turn, value in enumerate((x, y))]
        for outline in scene.outlines
    ]
    categories = artist.rng.choice(_CATEGORIES, len(rings) + 1)
    groups = [] if crowd else [rings[:2], *([ring] for ring in rings[2:])]
    for place, group in enumerate(groups):
        yield _annotation(number, place, int(categories[place]), group, iscrowd=0)
    runs = {"size": [scene.height, scene.width], "counts": [9, scene.height * scene.width - 9]}
    yield _annotation(number, 99, int(categories[-1]), runs, iscrowd=1)


def _annotation(
    image: int, place: int, category: int, segmentation: Any, *, iscrowd: int
) -> dict[str, Any]:
    return {
        "id": image * 100 + place,
        "image_id": image,
        "category_id": category,
        "segmentation": segmentation,
        "iscrowd": iscrowd,
        "area": 1.0,
        "bbox": [0, 0, 1, 1],
    }


def _backbones() -> Iterator[tuple[str, bytes]]:
    vit = "B_16-i1k-300ep-lr_0.001-aug_medium1-wd_0.1-do_0.0-sd_0.0--imagenet2012"
    yield f"{vit}-steps_20k-lr_0.01-res_384.npz", pack("a.zip", {"cls.npy": b"\0" * 64})
    for name in (
        "deit_tiny_distilled_patch16_224-b40b3cf7",
        "deit_small_distilled_patch16_224-649709d9",
        "deit_base_distilled_patch16_384-d0272ac0",
    ):
        yield f"{name}.pth", pack("a.zip", {f"{name}/data.pkl": b"\x80\x02N."})


def _list(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
