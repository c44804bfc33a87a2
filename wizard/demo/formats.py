"""Files as other programs read them, and archives as datasets come in, the same bytes each time."""

from __future__ import annotations

import gzip
import io
import json
import pickle
import tarfile
import time
import zipfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.demo.drawing import Picture, Scene

Files = Mapping[str, bytes]
"""Paths inside an archive and what is there, in order."""

Archives = dict[str, bytes]
"""Packed archives by name."""

MOMENT = 1_525_429_200
"""When everything was packed: 4 May 2018, 10:20, in seconds since the epoch, UTC."""

_ZIP_MOMENT = time.gmtime(MOMENT)[:6]
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


def pack(name: str, files: Files, *, folders: bool = True, dotted: bool = False) -> bytes:
    """Pack files as the archive of that name: zip, tar or gzipped tar.

    Args:
        name: Its ending decides the format.
        files: What goes in.
        folders: Whether folders get entries of their own.
        dotted: Whether a tar's paths start with ``./``.
    """
    if name.endswith(".zip"):
        return _zip(files, folders=folders)
    data = _tar(files, folders=folders, start="./" if dotted else "")
    return data if name.endswith(".tar") else gzip.compress(data, 6, mtime=0)


def with_junk(files: Files) -> dict[str, bytes]:
    """Add what macOS leaves in zips: a shadow of every file below ``__MACOSX``."""
    shadows = {}
    for path in files:
        folder, _, name = path.rpartition("/")
        shadows["/".join(filter(None, ("__MACOSX", folder, f"._{name}")))] = b"\0\5\x16\7" + bytes(
            60
        )
    return {**files, **shadows}


def stored_zip(files: Files) -> bytes:
    """Pack a zip without compression and without entries of folders."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for path, data in files.items():
            packed.writestr(zipfile.ZipInfo(path, _ZIP_MOMENT), data)
    return buffer.getvalue()


def _zip(files: Files, *, folders: bool) -> bytes:
    """Pack a zip; images are stored and deflated in turn, as publishers differ."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for path in _folders(files) if folders else ():
            packed.writestr(zipfile.ZipInfo(f"{path}/", _ZIP_MOMENT), b"")
        for place, (path, data) in enumerate(files.items()):
            method = zipfile.ZIP_STORED if place % 3 == 2 else zipfile.ZIP_DEFLATED
            info = zipfile.ZipInfo(path, _ZIP_MOMENT)
            info.external_attr = 0o100644 << 16
            packed.writestr(info, data, method)
    return buffer.getvalue()


def _tar(files: Files, *, folders: bool, start: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as packed:
        for path in _folders(files) if folders else ():
            info = tarfile.TarInfo(f"{start}{path}")
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, MOMENT
            packed.addfile(info)
        for path, data in files.items():
            info = tarfile.TarInfo(f"{start}{path}")
            info.size, info.mtime = len(data), MOMENT
            packed.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _folders(files: Files) -> Iterator[str]:
    """Yield every folder the files need, parents first."""
    seen: set[str] = set()
    for path in files:
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in seen:
                seen.add(folder)
                yield folder


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
