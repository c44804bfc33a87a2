"""Miniatures of the collections: every dataset drawn on the spot, packed like the real archives."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from wizard.demo.formats import MOMENT
from wizard.demo.indoor import draw_ade20k, draw_scannet, draw_sunrgbd
from wizard.demo.instances import draw_coco, draw_mapillary
from wizard.demo.pascal import draw_pascal_context, draw_voc2012
from wizard.demo.streets import (
    draw_bdd,
    draw_camvid,
    draw_cityscapes,
    draw_idd,
    draw_kitti,
    draw_wilddash,
)
from wizard.demo.studio import Book, Studio
from wizard.errors import UsageError
from wizard.files import write_whole
from wizard.kinds.registry import load_recipe
from wizard.recipes.model import Access, Archive

COLLECTIONS = ("mseg", "fptrans", "openseg", "cosmos", "partdistillation")
"""Collections there are miniatures of."""

Packed = Mapping[str, Mapping[str, bytes]]
"""Bytes of every archive by dataset and name."""

_MSEG: Mapping[str, Callable[[Studio], dict[str, bytes]]] = {
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
    """Id of its dataset in the collection's recipe."""
    name: str
    path: Path
    size: int
    sha256: str
    md5: str
    access: Access
    """How it is gained, as in the recipe."""


@dataclass(frozen=True, slots=True)
class Miniature:
    """A folder of generated archives."""

    collection: str
    folder: Path
    archives: tuple[MiniArchive, ...]

    def archive(self, name: str) -> MiniArchive:
        """Return the archive of that name; raises ``KeyError``."""
        found = next((each for each in self.archives if each.name == name), None)
        if found is None:
            raise KeyError(name)
        return found


def build_miniature(folder: Path, seed: int = 0, collection: str = "mseg") -> Miniature:
    """Draw a collection and write its archives into ``folder``.

    The same seed gives the same bytes with the same libraries. Nothing in it is taken from any
    dataset: images are generated, classes made up. Raises ``UsageError`` for a collection nobody
    draws.
    """
    if collection not in COLLECTIONS:
        hint = f"there are miniatures of {', '.join(COLLECTIONS)}"
        raise UsageError(f"there is no miniature of {collection}", hint=hint)
    recipe = load_recipe(collection)
    archives = tuple(
        _write(folder, dataset, recipe.dataset(dataset).archive(name), data)
        for dataset, files in _draw(collection, seed).items()
        for name, data in files.items()
    )
    return Miniature(collection, folder, archives)


def _draw(collection: str, seed: int) -> Packed:
    """Draw the archives of every dataset; a collection's module is imported when it is drawn."""
    match collection:
        case "fptrans":
            from wizard.demo.fptrans import draw_fptrans

            return draw_fptrans(seed)
        case "openseg":
            from wizard.demo.openseg import draw_openseg

            return draw_openseg(seed)
        case "cosmos":
            from wizard.demo.cosmos import draw_cosmos

            return draw_cosmos(seed)
        case "partdistillation":
            from wizard.demo.partdistillation import draw_partdistillation

            return draw_partdistillation(seed)
        case _:
            return _draw_mseg(seed)


def _draw_mseg(seed: int) -> Packed:
    book = Book()
    studio = Studio(seed, book)
    packed = {dataset: draw(studio) for dataset, draw in _MSEG.items()}
    return {"mseg-api": {"mseg-api.tar.gz": book.archive()}, **packed}


def _write(folder: Path, dataset: str, archive: Archive, data: bytes) -> MiniArchive:
    name = archive.name
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
        access=archive.access,
    )
