"""Miniatures of ADE20K, SUN RGB-D and ScanNet: rooms."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.demo.classes import CHOICES, NAMES
from wizard.demo.drawing import Artist, Scene
from wizard.demo.formats import jpeg, pack, png
from wizard.demo.studio import SPLITS, Studio, first_number, values_of

_SCANS = {"train": 1_201, "val": 312}
"""Rooms walked through, each of which has a folder; more frames than that share them."""


def draw_ade20k(studio: Studio) -> dict[str, bytes]:
    """Draw ADE20K: challenge images, and the full release with larger segment images."""
    challenge: dict[str, bytes] = {}
    full: dict[str, bytes] = {}
    for split, count in SPLITS.items():
        folder = {"train": "training", "val": "validation"}[split]
        for number in range(1, count + 1):
            stem = f"ADE_{split}_{number:08d}"
            artist = studio.artist("ade20k", stem)
            scene = artist.scene(7)
            values = values_of(artist, scene, "ade20k-151")
            picture = jpeg(artist.picture(scene), gray=number == 2)
            challenge[f"images/{folder}/{stem}.jpg"] = picture
            challenge[f"annotations/{folder}/{stem}.png"] = png(values[scene.regions])
            place = "outliers/k/kitchen" if number == 2 else "a/attic"
            start = f"images/{folder}/{place}/{stem}"
            full[f"{start}.jpg"] = picture
            full[f"{start}_seg.png"] = png(_segments(scene, values))
            full[f"{start}_atr.txt"] = b'001 # 0 # 0 # shape # shape # ""\n'
            full[f"{start}_parts_1.png"] = png(_segments(scene, values // 2))
            _list_ade20k(studio, split, folder, stem)
            _relabel_ade20k(studio, artist, split, stem, values)
    return {
        "ADEChallengeData2016.zip": pack("a.zip", _below("ADEChallengeData2016", challenge)),
        "ADE20K_2016_07_26.zip": pack("a.zip", _below("ADE20K_2016_07_26", full)),
    }


def _segments(scene: Scene, values: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Code classes in red and green, segment ids in blue, at 1.7 times the challenge's size."""
    size = (round(scene.width * 1.7), round(scene.height * 1.7))
    grown = np.asarray(Image.fromarray(scene.regions).resize(size, Image.Resampling.NEAREST))
    classes = values[grown]
    return np.stack([classes // 10 * 10, classes * 25, segment_ids(grown)], axis=2).astype(np.uint8)


def segment_ids(regions: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Number segments with gaps between, as annotation tools do; uint8, same shape."""
    return regions * 7 + 3


def _relabel_ade20k(
    studio: Studio, artist: Artist, split: str, stem: str, values: NDArray[np.uint8]
) -> None:
    for region, value in enumerate(values):
        name = NAMES["ade20k-151"][value]
        if name in CHOICES["ade20k-150"]:
            options = CHOICES["ade20k-150"][name]
            segment = f"{stem}_{region * 7 + 3}.png"
            studio.book.relabel("ade20k-150", split, name, artist, options, segment)


def _list_ade20k(studio: Studio, split: str, folder: str, stem: str) -> None:
    labels = {
        "ade20k-151": f"annotations/{folder}/{stem}.png",
        "ade20k-150": f"annotations_semseg150/{folder}/{stem}.png",
        "ade20k-150-relabeled": f"annotations_semseg150_relabeled/{folder}/{stem}.png",
    }
    studio.add(split, f"images/{folder}/{stem}.jpg", labels)


def draw_sunrgbd(studio: Studio) -> dict[str, bytes]:
    """Draw SUN RGB-D; the same image number stands in both splits, as in the original."""
    files: dict[str, bytes] = {}
    for split, count in SPLITS.items():
        folder = {"train": "train", "val": "test"}[split]
        for number in range(101, 101 + count):
            artist = studio.artist("sunrgbd", folder, str(number))
            scene = artist.scene(8)
            values = values_of(artist, scene, "sunrgbd-38")
            label = values[scene.regions]
            image, name = f"img-{number:06d}", f"{folder}/{number:08d}.png"
            files[f"image/{folder}/{image}.jpg"] = jpeg(artist.picture(scene))
            files[f"label37/{name}"] = png(label)
            files[f"label13/{folder}/img13labels-{number:06d}.png"] = png(label // 3)
            files[f"depth/{name}"] = png(label.astype(np.uint16) * 500)
            labels = {
                "sunrgbd-38": f"label38/{name}",
                "sunrgbd-37": f"semseg-label37/{name}",
                "sunrgbd-37-relabeled": f"semseg-relabeled37/{name}",
            }
            studio.add(split, f"image/{folder}/{image}.jpg", labels)
            for value in sorted({int(value) for value in values} - {0}):
                name = NAMES["sunrgbd-38"][value]
                options = CHOICES["sunrgbd-37"].get(name)
                if options:
                    segment = f"{image}_{value - 1}.jpg"
                    studio.book.relabel("sunrgbd-37", split, name, artist, options, segment)
    return {"sun_rgbd.tgz": pack("sun_rgbd.tgz", files, dotted=True)}


def draw_scannet(studio: Studio) -> dict[str, bytes]:
    """Draw ScanNet frames; frame numbers repeat per scene, and one label has 16 bits."""
    files: dict[str, bytes] = {}
    for split, count in SPLITS.items():
        for number in range(count):
            place = number % _SCANS[split]
            scan = f"scene{place + min(first_number(split, 40), _SCANS['train']):04d}_0{place % 2}"
            frame = f"{number // _SCANS[split] * 100 + 100:06d}"
            artist = studio.artist("scannet", scan, frame)
            scene = artist.scene(6)
            label = values_of(artist, scene, "scannet-41")[scene.regions]
            wide = split == "train" and number == 1
            frames = {
                f"color/{frame}.jpg": jpeg(artist.picture(scene)),
                f"depth/{frame}.png": png(label.astype(np.uint16) * 300),
                f"instance/{frame}.png": png(scene.regions),
                f"label/{frame}.png": png(label.astype(np.uint16) if wide else label),
                f"pose/{frame}.txt": b"1 0 0 0\n0 1 0 0\n0 0 1 0\n0 0 0 1\n",
                "intrinsics_color.txt": b"500 0 64\n0 500 48\n0 0 1\n",
            }
            files |= _below(f"scannet_frames_25k/{scan}", frames)
            labels = {
                "scannet-41": f"{scan}/label/{frame}.png",
                "scannet-20": f"{scan}/label20/{frame}.png",
            }
            studio.add(split, f"{scan}/color/{frame}.jpg", labels)
    for taxonomy in ("scannet-41", "scannet-20"):
        # The test frames are in another archive, which nothing needs.
        studio.book.add(
            taxonomy, "test", "scene0707_00/color/000000.jpg", "scene0707_00/label/000000.png"
        )
    return {"scannet_frames_25k.zip": pack("a.zip", files)}


def _below(folder: str, files: dict[str, bytes]) -> dict[str, bytes]:
    return {f"{folder}/{path}": data for path, data in files.items()}
