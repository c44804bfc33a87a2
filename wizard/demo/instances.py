"""Miniatures of COCO Panoptic and Mapillary Vistas: streets and rooms with numbered segments."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
from numpy.typing import NDArray

from wizard.demo.classes import CHOICES, NAMES, colours_of
from wizard.demo.drawing import Artist, Scene
from wizard.demo.formats import colour_ids, jpeg, pack, palette_png, png, with_junk
from wizard.demo.studio import SPLITS, Studio, first_number, values_of
from wizard.labels.tables.taxonomies import UNLABELED_NAME

_UNKNOWN = (250, 251, 252)


def draw_coco(studio: Studio) -> dict[str, bytes]:
    """Draw COCO: images, and an archive of two archives and two lists of segments."""
    archives: dict[str, bytes] = {}
    annotations: dict[str, bytes] = {}
    for split, count in SPLITS.items():
        images: dict[str, bytes] = {}
        labels: dict[str, bytes] = {}
        listed, photos = [], []
        first = first_number(split, 500) + 1
        for number in range(first, first + count):
            stem = f"{number:012d}"
            artist = studio.artist("coco", stem)
            scene = artist.scene(7)
            ids = _ids(artist, scene.count)
            info = _segments_info(artist, scene, ids)
            images[f"{split}2017/{stem}.jpg"] = jpeg(artist.picture(scene))
            labels[f"panoptic_{split}2017/{stem}.png"] = png(colour_ids(ids[scene.regions]))
            listed.append(
                {"file_name": f"{stem}.png", "image_id": int(stem), "segments_info": info}
            )
            photos.append(
                {
                    "id": int(stem),
                    "file_name": f"{stem}.jpg",
                    "height": scene.height,
                    "width": scene.width,
                }
            )
            _list_coco(studio, artist, split, stem, info)
        archives[f"{split}2017.zip"] = pack("a.zip", images)
        document = {
            "info": {"description": "A miniature made by segwizard"},
            "images": photos,
            "annotations": listed,
            "categories": _categories(),
        }
        annotations[f"annotations/panoptic_{split}2017.json"] = json.dumps(document).encode()
        inner = pack("a.zip", with_junk(labels))
        annotations[f"annotations/panoptic_{split}2017.zip"] = inner
    outer = pack("a.zip", with_junk(annotations))
    return {**archives, "panoptic_annotations_trainval2017.zip": outer}


def _categories() -> list[dict[str, Any]]:
    """Name every category in use, as COCO does: id, name, whether it is countable."""
    names = NAMES["coco-panoptic-201"]
    return [
        {"id": place, "name": name, "supercategory": "miniature", "isthing": int(place % 2)}
        for place, name in enumerate(names)
        if name != UNLABELED_NAME
    ]


def _ids(artist: Artist, count: int) -> NDArray[np.uint32]:
    """Choose ids of up to 24 bits, uint32 (count,); the background is 0, which is never listed."""
    ids = artist.rng.choice(1 << 24, count, replace=False).astype(np.uint32)
    ids[0] = 0
    return ids


def _segments_info(artist: Artist, scene: Scene, ids: NDArray[np.uint32]) -> list[dict[str, Any]]:
    """List every segment but the background and one more, a crowd among them."""
    names = NAMES["coco-panoptic-201"]
    used = [place for place, name in enumerate(names) if name != UNLABELED_NAME]
    told_apart = [place for place in used if names[place] in CHOICES["coco-panoptic-133"]]
    categories = artist.pick([used[-1], *told_apart, *used], scene.count)
    return [
        {
            "id": int(ids[region]),
            "category_id": int(categories[region]),
            "iscrowd": int(region == 2),
            "area": int((scene.regions == region).sum()),
            "bbox": _box(scene.regions == region),
        }
        for region in range(1, scene.count - 1)
    ]


def _box(inside: NDArray[np.bool_]) -> list[int]:
    """Left, top, width and height."""
    rows, columns = np.nonzero(inside)
    if not len(rows):
        return [0, 0, 0, 0]
    left, top = int(columns.min()), int(rows.min())
    return [left, top, int(columns.max()) - left + 1, int(rows.max()) - top + 1]


def _list_coco(
    studio: Studio, artist: Artist, split: str, stem: str, info: list[dict[str, Any]]
) -> None:
    folder = f"{split}2017"
    labels = {
        "coco-panoptic-inst-201": f"annotations/panoptic_{folder}/{stem}.png",
        "coco-panoptic-201": f"semantic_annotations201/{folder}/{stem}.png",
        "coco-panoptic-133": f"semantic_annotations133/{folder}/{stem}.png",
        "coco-panoptic-133-relabeled": f"semantic_relabeled133/{folder}/{stem}.png",
    }
    studio.add(split, f"images/{folder}/{stem}.jpg", labels)
    for segment in info:
        name = NAMES["coco-panoptic-201"][segment["category_id"]]
        options = CHOICES["coco-panoptic-133"].get(name)
        if options:
            key = f"{stem}_{segment['id']}.png"
            studio.book.relabel("coco-panoptic-133", split, name, artist, options, key)


def draw_mapillary(studio: Studio) -> dict[str, bytes]:
    """Draw Vistas: palette labels, one in plain colours, one with a colour of no class."""
    files = {
        "config.json": _vistas_config(),
        "README": b"A miniature.\n",
        "LICENSE": b"As you like.\n",
    }
    for split, count in SPLITS.items():
        folder = {"train": "training", "val": "validation"}[split]
        for number in range(count):
            stem = f"{'-_x'[number % 3]}{split}V1stas{number:014d}"
            artist = studio.artist("mapillary", stem)
            scene = artist.scene(8)
            values = values_of(artist, scene, "mapillary-public66")
            instances = values.astype(np.uint16) * 256 + np.arange(scene.count, dtype=np.uint16)
            files[f"{folder}/images/{stem}.jpg"] = jpeg(artist.picture(scene))
            files[f"{folder}/labels/{stem}.png"] = _vistas_label(scene, values, number)
            files[f"{folder}/instances/{stem}.png"] = png(instances[scene.regions])
            files[f"{folder}/panoptic/{stem}.png"] = png(scene.regions)
            labels = {
                "mapillary-public66": f"{folder}/labels/{stem}.png",
                "mapillary-public65": f"{folder}_semseg65/labels/{stem}.png",
                "mapillary-public65-relabeled": f"{folder}_semseg65_relabeled/labels/{stem}.png",
            }
            studio.add(split, f"{folder}/images/{stem}.jpg", labels)
            for region, value in enumerate(values[1:], start=1):
                name = NAMES["mapillary-public66"][value]
                options = CHOICES["mapillary-public65"].get(name)
                if options:
                    key = f"mapillary_{stem}_{instances[region]}.jpg"
                    studio.book.relabel("mapillary-public65", split, name, artist, options, key)
    artist = studio.artist("mapillary", "testing")
    files["testing/images/test.jpg"] = jpeg(artist.picture(artist.scene(5)))
    return {"mapillary-vistas-dataset_public_v1.1.zip": pack("a.zip", files)}


def _vistas_config() -> bytes:
    """Describe the classes as Vistas does, in the order of their values."""
    names = NAMES["mapillary-public66"]
    labels = [
        {
            "name": f"miniature--{name.lower().replace(' ', '-')}",
            "readable": name,
            "color": list(colour),
            "instances": bool(place % 2),
            "evaluate": name != names[-1],
        }
        for place, (name, colour) in enumerate(
            zip(names, colours_of("mapillary-public66"), strict=True)
        )
    ]
    return json.dumps({"labels": labels, "version": 1.1, "folder_structure": {}}).encode()


def _vistas_label(scene: Scene, values: NDArray[np.uint8], number: int) -> bytes:
    """Encode a label; in the second image of a split the background has a colour of no class."""
    colours = colours_of("mapillary-public66")
    if number == 2:
        return png(np.array(colours, np.uint8)[values][scene.regions])
    indices = values[scene.regions]
    if number == 1:
        indices[scene.regions == 0] = len(colours)
    return palette_png(indices, [*colours, _UNKNOWN])
