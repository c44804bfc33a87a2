"""Miniatures of BDD, CamVid, KITTI and WildDash: streets labelled pixel by pixel."""

from __future__ import annotations

import numpy as np

from wizard.demo.classes import CHOICES, NAMES, colours_of
from wizard.demo.formats import jpeg, palette_png, png
from wizard.demo.packing import pack, with_junk
from wizard.demo.studio import SPLITS, Studio, values_of

VOID = 255


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
