"""The FPTrans miniature: lists, PASCAL VOC with gray masks, COCO 2014, weights and backbones."""

from __future__ import annotations

import io
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wizard.demo.drawing import Artist, Scene
from wizard.demo.formats import (
    COCO_IDS,
    MADE_UP,
    Archives,
    captions_json,
    coco_image,
    coco_json,
    coco_shape,
    coco_things,
    jpeg,
    keypoints_json,
    pack,
    palette_png,
    png,
    torch_file,
    with_junk,
)
from wizard.demo.pascal import voc_xml
from wizard.labels.drawing.boundary_weights import boundary_weights, present_classes

_DEVKIT = "VOCdevkit/VOC2012"
_PASCAL = {"val": 3, "train": 5}
_COCO = {"train2014": 5, "val2014": 3}
_PASCAL_CLASSES = 20
_PASCAL_SIZE = (161, 121)
_COCO_SIZE = (167, 125)
"""Width and height: large enough for objects of the 2,048 pixels that training asks for."""
_VOID = 255


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
            scene = artist.scene(6, _PASCAL_SIZE)
            mask = artist.pick(range(_PASCAL_CLASSES + 1), scene.count)[scene.regions]
            ground = mask[scene.height // 2 :]
            ground[ground == 0] = 1 + number % _PASCAL_CLASSES
            mask[:2, -9:] = _VOID
            devkit[f"{_DEVKIT}/JPEGImages/{stem}.jpg"] = jpeg(artist.picture(scene))
            devkit[f"{_DEVKIT}/Annotations/{stem}.xml"] = voc_xml(stem, scene.regions)
            masks[f"SegmentationClassAug/{stem}.png"] = png(mask)
            lines[split].append(f"JPEGImages/{stem}.jpg SegmentationClassAug/{stem}.png")
            if split == "val":
                devkit[f"{_DEVKIT}/SegmentationClass/{stem}.png"] = palette_png(mask, MADE_UP)
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
    np.savez_compressed(buffer, x=boundary_weights(mask, as_bytes=False), c=present_classes(mask))
    return buffer.getvalue()


def _coco(seed: int) -> tuple[Archives, Archives]:
    annotations, archives, lists = Archives(), Archives(), Archives()
    for split, count in _COCO.items():
        pictures, listed = Archives(), []
        images: list[dict[str, Any]] = []
        shapes: list[dict[str, Any]] = []
        for place in range(count):
            number = place * 7 + 9
            stem = f"COCO_{split}_{number:012d}"
            artist = Artist(seed, "coco-20i", stem)
            scene = artist.scene(5, _COCO_SIZE)
            pictures[f"{split}/{stem}.jpg"] = jpeg(artist.picture(scene), gray=place == 1)
            images.append(coco_image(number, f"{stem}.jpg", scene))
            # The last image has nothing but a crowd: no label, and no line in the list.
            shapes += _shapes(number, artist, scene, crowd=place == count - 1)
            if place < count - 1:
                listed.append(f"{split}/{stem}.jpg {split}_label/{stem}.png")
        files = {
            "instances": coco_json(images, shapes, coco_things()),
            "person_keypoints": keypoints_json(images),
            "captions": captions_json(images, 1),
        }
        annotations |= {f"annotations/{kind}_{split}.json": data for kind, data in files.items()}
        archives[f"{split}.zip"] = pack("a.zip", with_junk(pictures))
        lists[f"{split.removesuffix('2014')}_data_list.txt"] = _list(listed[::-1])
    return {"annotations_trainval2014.zip": pack("a.zip", annotations), **archives}, lists


def _shapes(number: int, artist: Artist, scene: Scene, *, crowd: bool) -> Iterator[dict[str, Any]]:
    """Yield annotations: a large one, shapes with fractions, one of two rings, a crowd at last."""
    rings = [
        [float(value) + 0.37 * (turn % 2) for x, y in outline for turn, value in enumerate((x, y))]
        for outline in scene.outlines
    ]
    wide, high = scene.width, scene.height
    large = [[0.0, high / 2, wide - 1.0, high / 2, wide - 1.0, high - 1.0, 0.0, high - 1.0]]
    categories = artist.rng.choice(COCO_IDS, len(rings) + 2)
    groups = [] if crowd else [large, rings[:2], *([ring] for ring in rings[2:])]
    for place, group in enumerate(groups):
        yield coco_shape(number * 100 + place, number, int(categories[place]), group)
    yield {
        "id": number * 100 + 99,
        "image_id": number,
        "category_id": int(categories[-1]),
        "segmentation": {"size": [high, wide], "counts": [9, high * wide - 9]},
        "area": high * wide - 9,
        "bbox": [0, 0, wide, high],
        "iscrowd": 1,
    }


def _backbones() -> Iterator[tuple[str, bytes]]:
    vit = "B_16-i1k-300ep-lr_0.001-aug_medium1-wd_0.1-do_0.0-sd_0.0--imagenet2012"
    weights = io.BytesIO()
    np.savez(weights, cls=np.zeros((1, 1, 4), np.float32))
    yield f"{vit}-steps_20k-lr_0.01-res_384.npz", weights.getvalue()
    for name in (
        "deit_tiny_distilled_patch16_224-b40b3cf7",
        "deit_small_distilled_patch16_224-649709d9",
        "deit_base_distilled_patch16_384-d0272ac0",
    ):
        yield f"{name}.pth", torch_file(name, {"model": {}})


def _list(lines: list[str]) -> bytes:
    return "".join(f"{line}\n" for line in lines).encode()
