"""A miniature of everything MSeg is made of: 13 datasets drawn on the spot, in 22 archives."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.demo.book import Book
from wizard.demo.indoor import draw_ade20k, draw_scannet, draw_sunrgbd
from wizard.demo.instances import draw_coco, draw_mapillary
from wizard.demo.outlines import draw_cityscapes, draw_idd
from wizard.demo.packing import MOMENT
from wizard.demo.pascal import draw_pascal_context, draw_voc2012
from wizard.demo.streets import draw_bdd, draw_camvid, draw_kitti, draw_wilddash
from wizard.demo.studio import Studio
from wizard.files import write_whole

_DATASETS: Mapping[str, Callable[[Studio], dict[str, bytes]]] = {
    "ade20k": draw_ade20k,
    "camvid": draw_camvid,
    "coco-panoptic": draw_coco,
    "pascal-context": draw_pascal_context,
    "pascal-voc-2012": draw_voc2012,
    "sunrgbd": draw_sunrgbd,
    "bdd": draw_bdd,
    "cityscapes": draw_cityscapes,
    "idd": draw_idd,
    "kitti": draw_kitti,
    "mapillary": draw_mapillary,
    "scannet": draw_scannet,
    "wilddash": draw_wilddash,
}


@dataclass(frozen=True, slots=True)
class MiniArchive:
    """One archive of the miniature, with what proves it."""

    dataset: str
    """Id of its dataset in the ``mseg`` recipe."""
    name: str
    path: Path
    size: int
    sha256: str
    md5: str


@dataclass(frozen=True, slots=True)
class Miniature:
    """A folder of generated archives."""

    folder: Path
    archives: tuple[MiniArchive, ...]

    def archive(self, name: str) -> MiniArchive:
        """Return the archive of that name; raises ``KeyError``."""
        found = next((each for each in self.archives if each.name == name), None)
        if found is None:
            raise KeyError(name)
        return found


def build_miniature(folder: Path, seed: int = 0) -> Miniature:
    """Draw the collection and write its archives into ``folder``.

    The same seed gives the same bytes with the same libraries. Nothing in it is taken from any
    dataset: images are generated, classes made up.
    """
    book = Book()
    studio = Studio(seed, book)
    packed = {dataset: draw(studio) for dataset, draw in _DATASETS.items()}
    packed = {"mseg-api": {"mseg-api.tar.gz": book.archive()}, **packed}
    archives = tuple(
        _write(folder, dataset, name, data)
        for dataset, files in packed.items()
        for name, data in files.items()
    )
    return Miniature(folder, archives)


def _write(folder: Path, dataset: str, name: str, data: bytes) -> MiniArchive:
    path = folder / name
    write_whole(path, data)
    os.utime(path, (MOMENT, MOMENT))
    return MiniArchive(
        dataset=dataset,
        name=name,
        path=path,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        md5=hashlib.md5(data, usedforsecurity=False).hexdigest(),
    )
