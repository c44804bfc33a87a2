"""Miniatures of PASCAL Context and PASCAL VOC 2012: photographs with objects."""

from __future__ import annotations

import io
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray
from scipy.io import savemat

from wizard.demo.classes import NAMES
from wizard.demo.images import jpeg, png
from wizard.demo.packing import pack, with_junk
from wizard.demo.studio import SPLITS, Studio, values_of

_MAT_HEADER = b"MATLAB 5.0 MAT-file, drawn by a program"
_MAT_HEADER_SIZE = 116


def draw_pascal_context(studio: Studio) -> dict[str, bytes]:
    """Draw PASCAL Context: VOC 2010's images, MATLAB labels above 255, one image listed twice."""
    devkit: dict[str, bytes] = {}
    labels: dict[str, bytes] = {}
    for split, count in SPLITS.items():
        for number in range(count):
            stem = f"2008_{number + 100 * (split == 'val'):06d}"
            artist = studio.artist("pascal-context", stem)
            scene = artist.scene(8)
            values = artist.rng.choice(len(NAMES["pascal-context-460"]), scene.count)
            values[1] = 255
            devkit[f"VOCdevkit/VOC2010/JPEGImages/{stem}.jpg"] = jpeg(artist.picture(scene))
            devkit[f"VOCdevkit/VOC2010/Annotations/{stem}.xml"] = b"<annotation/>\n"
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
            stem = f"2011_{number + 100 * (split == 'val'):06d}"
            artist = studio.artist("voc2012", stem)
            scene = artist.scene(6)
            mask = values_of(artist, scene, "voc2012")[scene.regions]
            devkit[f"VOCdevkit/VOC2012/JPEGImages/{stem}.jpg"] = jpeg(artist.picture(scene))
            devkit[f"VOCdevkit/VOC2012/Annotations/{stem}.xml"] = b"<annotation/>\n"
            masks[f"SegmentationClassAug/{stem}.png"] = png(mask)
            image, label = f"JPEGImages/{stem}.jpg", f"SegmentationClassAug/{stem}.png"
            studio.add(split, image, {"voc2012": label})
    return {
        "VOCtrainval_11-May-2012.tar": pack("a.tar", devkit),
        "SegmentationClassAug.zip": pack("a.zip", with_junk(masks)),
    }
