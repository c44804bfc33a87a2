"""Miniatures of streets: BDD, CamVid, KITTI, WildDash by pixels; Cityscapes, IDD by polygons."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from PIL import Image, ImageDraw

from wizard.demo.classes import CHOICES, NAMES, colours_of
from wizard.demo.drawing import Artist, Picture, Polygon
from wizard.demo.formats import jpeg, pack, palette_png, png, with_junk
from wizard.demo.studio import SPLITS, Studio, values_of

VOID = 255
_PAPERS = {"README": b"A miniature.\n", "license.txt": b"Made for a demonstration.\n"}


def draw_bdd(studio: Studio) -> dict[str, bytes]:
    """Draw BDD: labels are train ids with 255 for what counts for nothing."""
    files: dict[str, bytes] = {}
    for split, count in SPLITS.items():
        for number in range(count):
            stem = f"{number:02d}c0ffee-{split}{number:04d}"
            artist = studio.artist("bdd", stem)
            scene = artist.scene(8)
            values = values_of(artist, scene, "bdd")
            values[-1] = VOID
            image, label = f"{split}/{stem}.jpg", f"{split}/{stem}_train_id.png"
            files[f"bdd100k/seg/images/{image}"] = jpeg(artist.picture(scene))
            files[f"bdd100k/seg/labels/{label}"] = png(values[scene.regions])
            files[f"bdd100k/seg/color_labels/{split}/{stem}_train_color.png"] = png(
                np.array([*colours_of("bdd"), (0, 0, 0)], np.uint8)[
                    np.minimum(values, len(NAMES["bdd"]))
                ][scene.regions]
            )
            labels = {
                "bdd": f"seg/labels/{label}",
                "bdd-relabeled": f"seg_relabeled/labels/{label}",
            }
            studio.add(split, f"seg/images/{image}", labels)
            for value in sorted({int(value) for value in values} - {VOID}):
                name = NAMES["bdd"][value]
                if name in CHOICES["bdd"]:
                    options, segment = CHOICES["bdd"][name], f"{stem}_{value}.jpg"
                    studio.book.relabel("bdd", split, name, artist, options, segment)
    return {"bdd100k_seg.zip": pack("a.zip", with_junk(files))}


def draw_camvid(studio: Studio) -> dict[str, bytes]:
    """Draw CamVid: labels in colour, one through a palette, one with a colour of no class."""
    frames: dict[str, bytes] = {}
    coded: dict[str, bytes] = {}
    colours = colours_of("camvid-32")
    for split, count in {**SPLITS, "test": SPLITS.get("test", 1)}.items():
        for number in range(count):
            stem = f"0001TP_{('train', 'val', 'test').index(split)}{number:05d}"
            artist = studio.artist("camvid", stem)
            scene = artist.scene(7)
            label = values_of(artist, scene, "camvid-32")[scene.regions]
            coloured = np.array(colours, np.uint8)[label]
            if (split, number) == ("train", 2):
                coloured[-4:, -4:] = (1, 2, 3)
            frames[f"701_StillsRaw_full/{stem}.png"] = png(artist.picture(scene))
            paletted = split == "train" and number == 1
            coded[f"{stem}_L.png"] = palette_png(label, colours) if paletted else png(coloured)
            labels = {
                "camvid-32": f"Labels32-RGB/{stem}_L.png",
                "camvid-11": f"semseg11/{stem}_L.png",
            }
            studio.add(split, f"701_StillsRaw_full/{stem}.png", labels)
    return {
        "701_StillsRaw_full.zip": pack("a.zip", frames),
        "LabeledApproved_full.zip": pack("a.zip", coded, folders=False),
    }


def draw_kitti(studio: Studio) -> dict[str, bytes]:
    """Draw KITTI: everything trained and validated on lies in ``training``."""
    files: dict[str, bytes] = {}
    first = 0
    for split, count in SPLITS.items():
        for number in range(first, first + count):
            name = f"{number:06d}_10.png"
            artist = studio.artist("kitti", name)
            scene = artist.scene(9)
            values = values_of(artist, scene, "kitti-34")
            label = values[scene.regions]
            files[f"training/image_2/{name}"] = png(artist.picture(scene))
            files[f"training/instance/{name}"] = png(label.astype(np.uint16) * 256)
            files[f"training/semantic/{name}"] = png(label)
            coloured = np.array(colours_of("kitti-34"), np.uint8)[label]
            files[f"training/semantic_rgb/{name}"] = png(coloured)
            labels = {
                "kitti-34": f"training/semantic/{name}",
                "kitti-19": f"training/label19/{name}",
            }
            studio.add(split, f"training/image_2/{name}", labels)
        first += count
    artist = studio.artist("kitti", "test")
    files["testing/image_2/000000_10.png"] = png(artist.picture(artist.scene(5)))
    studio.add("test", "testing/image_2/000000_10.png", {"kitti-34": "", "kitti-19": ""})
    return {"data_semantics.zip": pack("a.zip", files)}


def draw_wilddash(studio: Studio) -> dict[str, bytes]:
    """Draw WildDash: the training list repeats the validation images."""
    papers = {
        "anonymized/README.txt": b"Faces and plates are blurred here.\n",
        "authors.txt": b"Drawn by a program.\n",
        "license.txt": b"Made for a demonstration; do as you like.\n",
        "readme.txt": b"A miniature.\n",
    }
    frames: dict[str, bytes] = dict(papers)
    both: dict[str, bytes] = dict(papers)
    for number in range(SPLITS["val"]):
        stem = f"{('fi0004', 'za0002')[number % 2]}_{100_000 + number // 2 * 5}"
        artist = studio.artist("wilddash", stem)
        scene = artist.scene(8)
        label = values_of(artist, scene, "wilddash-34")[scene.regions]
        picture = png(artist.picture(scene))
        frames[f"wd_val_01/{stem}.png"] = both[f"wd_both_01/{stem}.png"] = picture
        frames[f"wd_val_01/{stem}_labelIds.png"] = png(label)
        frames[f"wd_val_01/{stem}_instanceIds.png"] = png(label.astype(np.uint16) * 1000)
        labels = {
            "wilddash-34": f"wd_val_01/{stem}_labelIds.png",
            "wilddash-19": f"wd_val_19class/{stem}_labelIds.png",
        }
        for split in ("val", "train", "train", "train"):
            studio.add(split, f"wd_val_01/{stem}.png", labels)
        studio.add("test", f"wd_both_01/{stem}.png", {"wilddash-34": "", "wilddash-19": ""})
    return {"wd_both_01.zip": pack("a.zip", both), "wd_val_01.zip": pack("a.zip", frames)}


@dataclass(slots=True)
class Sketch:
    """One street as polygons: what the annotation file lists, in drawing order."""

    width: int
    height: int
    picture: Picture
    objects: list[dict[str, Any]] = field(default_factory=list)

    def add(self, label: str, polygon: Polygon, **extra: Any) -> None:
        """Append an object."""
        self.objects.append(
            {"label": label, "polygon": [list(point) for point in polygon], **extra}
        )

    def json(self) -> bytes:
        """Encode as Cityscapes and IDD do."""
        document = {"imgHeight": self.height, "imgWidth": self.width, "objects": self.objects}
        return json.dumps(document, indent=2).encode()

    def label_ids(self, taxonomy: str) -> bytes:
        """Draw the objects as class indices; what no object covers is class 0."""
        canvas = Image.new("L", (self.width, self.height), 0)
        draw = ImageDraw.Draw(canvas)
        for each in self.objects:
            points = [(x, y) for x, y in each["polygon"]]
            draw.polygon(points, fill=NAMES[taxonomy].index(each["label"]))
        return png(np.asarray(canvas, dtype=np.uint8))


def _sketch(artist: Artist, taxonomy: str) -> Sketch:
    """Draw a street: road over everything, then objects, then a person one row high."""
    scene = artist.scene(9)
    sketch = Sketch(scene.width, scene.height, artist.picture(scene))
    right, bottom = scene.width - 1, scene.height - 1
    sketch.add("road", [(0, 0), (right, 0), (right, bottom), (0, bottom)])
    values = values_of(artist, scene, taxonomy)[1:]
    for value, outline in zip(values, scene.outlines, strict=True):
        sketch.add(NAMES[taxonomy][value], outline)
    sketch.add("person", [(8, 6), (20, 6), (14, 6)])
    return sketch


def draw_cityscapes(studio: Studio) -> dict[str, bytes]:
    """Draw Cityscapes: labels, polygons without ids, and the images in an archive of their own."""
    fine: dict[str, bytes] = dict(_PAPERS)
    left: dict[str, bytes] = dict(_PAPERS)
    for split, count in SPLITS.items():
        for number in range(count):
            city = "aachen" if number % 2 else "bochum"
            start = f"{split}/{city}/{city}_{number:06d}_000019"
            artist = studio.artist("cityscapes", start)
            sketch = _sketch(artist, "cityscapes-19")
            fine[f"gtFine/{start}_gtFine_polygons.json"] = sketch.json()
            fine[f"gtFine/{start}_gtFine_labelIds.png"] = sketch.label_ids("cityscapes-34")
            left[f"leftImg8bit/{start}_leftImg8bit.png"] = png(sketch.picture)
            labels = {
                taxonomy: f"{folder}/{start}_gtFine_labelIds.png"
                for taxonomy, folder in {
                    "cityscapes-34": "gtFine",
                    "cityscapes-19": "gtFine_19cls",
                    "cityscapes-19-relabeled": "gtFine_19cls_relabeled",
                    "cityscapes-34-relabeled": "gtFine_34cls_relabeled",
                }.items()
            }
            studio.add(split, f"leftImg8bit/{start}_leftImg8bit.png", labels)
            for place, each in enumerate(sketch.objects):
                key = f"seq{city}_{city}_{number:06d}_000019_leftImg8bit_{place}.jpg"
                _relabel(studio, artist, "cityscapes-19", split, each["label"], key)
    return {
        "gtFine_trainvaltest.zip": pack("a.zip", fine),
        "leftImg8bit_trainvaltest.zip": pack("a.zip", left),
    }


def draw_idd(studio: Studio) -> dict[str, bytes]:
    """Draw IDD: polygons only, with groups, deletions, slips and ids of every kind."""
    files: dict[str, bytes] = {}
    for split, count in {**SPLITS, "test": SPLITS.get("test", 1)}.items():
        for number in range(count):
            sequence, frame = str(100 + number % 2), f"{number:06d}"
            start = f"{split}/{sequence}/{frame}"
            artist = studio.artist("idd", start)
            sketch = _sketch(artist, "idd-39")
            _add_oddities(sketch)
            _number_objects(sketch, ("none", "gaps", "mixed")[number % 3])
            image = f"leftImg8bit/{start}_leftImg8bit.png"
            files[f"IDD_Segmentation/{image}"] = png(sketch.picture)
            if split == "test":
                studio.add(
                    split, image, dict.fromkeys(("idd-40", "idd-39", "idd-39-relabeled"), "")
                )
                continue
            files[f"IDD_Segmentation/gtFine/{start}_gtFine_polygons.json"] = sketch.json()
            labels = {
                "idd-40": f"gtFine/{start}_gtFine_labelids.png",
                "idd-39": f"gtFine39/{start}_gtFine_labelids.png",
                "idd-39-relabeled": f"gtFine39_relabeled/{start}_gtFine_labelids.png",
            }
            studio.add(split, image, labels)
            for place, each in enumerate(sketch.objects):
                key = f"seq{sequence}_{frame}_leftImg8bit_{each.get('id', place)}.jpg"
                if not each.get("deleted"):
                    _relabel(studio, artist, "idd-39", split, each["label"], key)
    return {"idd-segmentation.tar.gz": pack("idd-segmentation.tar.gz", files)}


def _add_oddities(sketch: Sketch) -> None:
    """Append what annotation files hold besides good polygons."""
    sketch.add("cargroup", [(30, 30), (50, 30), (50, 44), (30, 44)])
    sketch.add("tree", [(1, 1), (60, 1), (60, 60)], deleted=1)
    sketch.add("pole", [(5, 5), (9, 9)])
    sketch.add("zeppelin", [(60, 10), (80, 10), (70, 20)])
    sketch.add("sky", [(-5.5, -3.25), (12.75, -3.25), (4.5, 6.5)])  # type: ignore[list-item]


def _number_objects(sketch: Sketch, kind: str) -> None:
    """Give objects ids: none, with gaps, or only every other one, above all positions."""
    for place, each in enumerate(sketch.objects):
        if kind == "gaps":
            each["id"] = place * 2 + 1
        elif kind == "mixed" and place % 2:
            each["id"] = 100 + place


def _relabel(
    studio: Studio, artist: Artist, base: str, split: str, label: str, segment: str
) -> None:
    """Record a rider or person; riders by the class the published records name for them."""
    options = CHOICES[base].get(label)
    if options:
        old = "rider_other" if label == "rider" else label
        studio.book.record(base, split, old, artist.choose(options), segment)
