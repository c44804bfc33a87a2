"""Miniatures of PASCAL Context and PASCAL VOC 2012: photographs with objects."""

from __future__ import annotations

import io
from typing import Any, cast
from xml.etree import ElementTree

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from wizard.demo.classes import NAMES
from wizard.demo.formats import jpeg, pack, png, with_junk
from wizard.demo.studio import SPLITS, Studio, first_number, values_of

_MAT_HEADER = b"MATLAB 5.0 MAT-file, drawn by a program"
_MAT_HEADER_SIZE = 116

CLASSES = ("person", "bird", "cat", "cow", "dog", "horse", "sheep", "boat", "bus", "sofa")
"""Some of the twenty names of PASCAL VOC."""


def draw_pascal_context(studio: Studio) -> dict[str, bytes]:
    """Draw PASCAL Context: VOC 2010's images, MATLAB labels above 255, one image listed twice."""
    devkit: dict[str, bytes] = {}
    labels: dict[str, bytes] = {}
    for split, count in SPLITS.items():
        for number in range(count):
            stem = f"2008_{number + first_number(split, 100):06d}"
            artist = studio.artist("pascal-context", stem)
            scene = artist.scene(8)
            values = artist.rng.choice(len(NAMES["pascal-context-460"]), scene.count)
            values[1] = 255
            devkit[f"VOCdevkit/VOC2010/JPEGImages/{stem}.jpg"] = jpeg(artist.picture(scene))
            devkit[f"VOCdevkit/VOC2010/Annotations/{stem}.xml"] = voc_xml(
                stem, scene.regions, "VOC2010"
            )
            labels[f"trainval/{stem}.mat"] = _mat(values.astype(np.uint16)[scene.regions])
            for _ in range(2 if (split, number) == ("train", 1) else 1):
                lines = {
                    "pascal-context-460": f"Segmentation_GT_460cls/{stem}.png",
                    "pascal-context-60": f"Segmentation_GT_60cls/{stem}.png",
                }
                studio.add(split, f"JPEGImages/{stem}.jpg", lines)
    return {
        "VOCtrainval_03-May-2010.tar": pack("a.tar", devkit),
        "trainval.tar.gz": pack("trainval.tar.gz", labels),
    }


def _mat(label: NDArray[np.uint16]) -> bytes:
    """Encode a label as a MATLAB file, without the moment of its making."""
    buffer = io.BytesIO()
    savemat(cast("Any", buffer), {"LabelMap": label}, do_compression=True)
    return _MAT_HEADER.ljust(_MAT_HEADER_SIZE) + buffer.getvalue()[_MAT_HEADER_SIZE:]


def draw_voc2012(studio: Studio) -> dict[str, bytes]:
    """Draw PASCAL VOC 2012: images, and gray masks from somewhere else."""
    devkit: dict[str, bytes] = {}
    masks: dict[str, bytes] = {}
    for split, count in SPLITS.items():
        for number in range(count):
            stem = f"2011_{number + first_number(split, 100):06d}"
            artist = studio.artist("voc2012", stem)
            scene = artist.scene(6)
            mask = values_of(artist, scene, "voc2012")[scene.regions]
            devkit[f"VOCdevkit/VOC2012/JPEGImages/{stem}.jpg"] = jpeg(artist.picture(scene))
            devkit[f"VOCdevkit/VOC2012/Annotations/{stem}.xml"] = voc_xml(stem, scene.regions)
            masks[f"SegmentationClassAug/{stem}.png"] = png(mask)
            image, label = f"JPEGImages/{stem}.jpg", f"SegmentationClassAug/{stem}.png"
            studio.add(split, image, {"voc2012": label})
    return {
        "VOCtrainval_11-May-2012.tar": pack("a.tar", devkit),
        "SegmentationClassAug.zip": pack("a.zip", with_junk(masks)),
    }


def voc_xml(stem: str, regions: NDArray[np.integer], folder: str = "VOC2012") -> bytes:
    """Describe every region but the background as an object with its box.

    ``regions`` numbers the regions of an image, (H, W); boxes count pixels from 1, ends included.
    """
    height, width = regions.shape
    root = ElementTree.Element("annotation")
    for name, value in (("folder", folder), ("filename", f"{stem}.jpg"), ("segmented", "1")):
        ElementTree.SubElement(root, name).text = value
    source = ElementTree.SubElement(root, "source")
    ElementTree.SubElement(source, "database").text = "A miniature made by segwizard"
    size = ElementTree.SubElement(root, "size")
    for name, number in (("width", width), ("height", height), ("depth", 3)):
        ElementTree.SubElement(size, name).text = str(number)
    for region in (int(value) for value in np.unique(regions) if value):
        _add(root, CLASSES[region % len(CLASSES)], regions == region)
    ElementTree.indent(root, "\t")
    return ElementTree.tostring(root) + b"\n"


def _add(root: ElementTree.Element, name: str, inside: NDArray[np.bool_]) -> None:
    rows, columns = np.nonzero(inside)
    box = {
        "xmin": int(columns.min()) + 1,
        "ymin": int(rows.min()) + 1,
        "xmax": int(columns.max()) + 1,
        "ymax": int(rows.max()) + 1,
    }
    found = ElementTree.SubElement(root, "object")
    told = {"name": name, "pose": "Unspecified", "truncated": "0", "difficult": "0"}
    for key, value in told.items():
        ElementTree.SubElement(found, key).text = value
    outline = ElementTree.SubElement(found, "bndbox")
    for key, number in box.items():
        ElementTree.SubElement(outline, key).text = str(number)
