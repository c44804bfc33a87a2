"""Files as other programs read them: images, PyTorch's, Cityscapes' polygons, COCO's lists."""

from __future__ import annotations

import io
import json
import pickle
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.demo.drawing import Picture, Scene
from wizard.demo.packing import stored_zip

COCO_IDS = tuple(
    number for number in range(1, 91) if number not in {12, 26, 29, 30, 45, 66, 68, 69, 71, 83}
)
"""Ids of COCO's eighty things, with the gaps they have."""
CITYSCAPES_NAMES = {
    0: "unlabeled", 4: "static", 7: "road", 8: "sidewalk", 11: "building", 17: "pole",
    19: "traffic light", 21: "vegetation", 23: "sky", 24: "person", 25: "rider", 26: "car",
    28: "bus", 33: "bicycle",
}  # fmt: skip
"""Names of the label ids that are drawn."""
MADE_UP = [(place * 37 % 256, place * 91 % 256, place * 53 % 256) for place in range(256)]
"""A palette that no data set has."""
_KEYPOINTS = 17
_FORMAT_VERSION = b"3\n"


def png(pixels: NDArray[Any]) -> bytes:
    """Encode gray of 8 or 16 bits (H, W), or RGB (H, W, 3), as PNG."""
    return _encode(Image.fromarray(pixels), "PNG")


def palette_png(indices: NDArray[np.uint8], colours: Sequence[tuple[int, int, int]]) -> bytes:
    """Encode indices uint8 (H, W) as a PNG with a palette."""
    image = Image.fromarray(indices)
    image.putpalette([channel for colour in colours for channel in colour])
    return _encode(image, "PNG")


def jpeg(picture: Picture, *, gray: bool = False) -> bytes:
    """Encode a picture uint8 (H, W, 3) as JPEG, in colour or gray."""
    image = Image.fromarray(picture)
    return _encode(image.convert("L") if gray else image, "JPEG")


def colour_ids(ids: NDArray[np.uint32]) -> Picture:
    """Code segment ids as colours, red lowest: uint32 (H, W) -> uint8 (H, W, 3)."""
    return np.stack([ids >> shift & 255 for shift in (0, 8, 16)], axis=2).astype(np.uint8)


def _encode(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()


def torch_file(name: str, content: Any) -> bytes:
    """Pack what holds no tensor as ``torch.save`` does: a zip of a pickle and its version."""
    parts = {
        "data.pkl": pickle.dumps(content, protocol=2),
        "byteorder": b"little",
        "version": _FORMAT_VERSION,
    }
    return stored_zip({f"{name}/{part}": data for part, data in parts.items()})


def polygons_json(scene: Scene, ids: Sequence[int]) -> bytes:
    """Describe a scene as Cityscapes does: its size, then the background and each outline.

    ``ids`` are the label ids of the regions, or pixel values that begin with them.
    """
    right, bottom = scene.width - 1, scene.height - 1
    outlines = ([(0, 0), (right, 0), (right, bottom), (0, bottom)], *scene.outlines)
    objects = [
        {"label": CITYSCAPES_NAMES[number], "polygon": [list(point) for point in outline]}
        for number, outline in zip(ids, outlines, strict=True)
    ]
    document = {"imgHeight": scene.height, "imgWidth": scene.width, "objects": objects}
    return json.dumps(document).encode()


def coco_image(number: int, name: str, scene: Scene) -> dict[str, Any]:
    """Describe an image as COCO does."""
    return {"id": number, "file_name": name, "height": scene.height, "width": scene.width}


def coco_things() -> list[dict[str, Any]]:
    """List the eighty things, under names that are made up."""
    return [{"id": n, "name": f"thing {n}", "supercategory": "things"} for n in COCO_IDS]


def coco_shape(
    number: int, image: int, category: int, rings: Sequence[Sequence[float]]
) -> dict[str, Any]:
    """Describe an object by its rings, each x, y, x, y and so on, with their area and box."""
    across = [value for ring in rings for value in ring[::2]]
    down = [value for ring in rings for value in ring[1::2]]
    left, top = min(across), min(down)
    return {
        "id": number,
        "image_id": image,
        "category_id": category,
        "segmentation": [list(ring) for ring in rings],
        "area": sum(map(_area, rings)),
        "bbox": [left, top, max(across) - left, max(down) - top],
        "iscrowd": 0,
    }


def _area(ring: Sequence[float]) -> float:
    points = list(zip(ring[::2], ring[1::2], strict=True))
    turns = zip(points, [*points[1:], points[0]], strict=True)
    return abs(sum(x * v - u * y for (x, y), (u, v) in turns)) / 2


def captions_json(images: Sequence[dict[str, Any]], each: int) -> bytes:
    """Caption every image of a COCO file as often as asked."""
    captions = [
        {"id": 10 * place + turn, "image_id": image["id"], "caption": f"Shapes, seen {turn} times."}
        for place, image in enumerate(images)
        for turn in range(each)
    ]
    return coco_json(images, captions)


def keypoints_json(images: Sequence[dict[str, Any]]) -> bytes:
    """Give every image of a COCO file a person without a visible keypoint."""
    people = [
        {
            **coco_shape(place, image["id"], 1, [[1, 1, 9, 1, 9, 9]]),
            "keypoints": [0] * 3 * _KEYPOINTS,
            "num_keypoints": 0,
        }
        for place, image in enumerate(images, start=1)
    ]
    names = [f"point {number}" for number in range(_KEYPOINTS)]
    person = {"id": 1, "name": "person", "supercategory": "person", "keypoints": names}
    return coco_json(images, people, [{**person, "skeleton": [[1, 2]]}])


def coco_json(
    images: Sequence[dict[str, Any]],
    annotations: Iterable[dict[str, Any]],
    categories: Sequence[dict[str, Any]] | None = None,
) -> bytes:
    """Encode a COCO file; captions have no categories."""
    document: dict[str, Any] = {
        "info": {"description": "A miniature made by segwizard", "year": 2018},
        "licenses": [{"id": 1, "name": "As you like", "url": "http://127.0.0.1/licence"}],
        "images": list(images),
        "annotations": list(annotations),
    }
    if categories is not None:
        document["categories"] = list(categories)
    return json.dumps(document).encode()
