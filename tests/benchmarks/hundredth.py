"""A share of MSeg, drawn: as many images of each dataset as the share says.

Each is of the true size of its dataset, or of a few pixels where only their number matters.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np

from wizard.demo.drawing import Artist, Picture, Polygon, Scene
from wizard.demo.miniature import _MSEG as DRAWERS
from wizard.demo.miniature import MiniArchive, Miniature
from wizard.demo.studio import SPLITS, Book, Studio
from wizard.kinds.registry import load_recipe

SIZES = {
    "ade20k": (683, 512),
    "bdd": (1280, 720),
    "camvid": (960, 720),
    "cityscapes": (2048, 1024),
    "coco": (640, 480),
    "idd": (1920, 1080),
    "kitti": (1242, 375),
    "mapillary": (4032, 3024),
    "pascal-context": (500, 375),
    "scannet": (1296, 968),
    "sunrgbd": (730, 530),
    "voc2012": (500, 375),
    "wilddash": (1920, 1080),
}
"""Width and height of the images, by what their artists are called for."""

COUNTS: dict[str, dict[str, int]] = {
    "ade20k": {"train": 20_210, "val": 2_000},
    "bdd": {"train": 7_000, "val": 1_000},
    "camvid": {"train": 367, "val": 101, "test": 233},
    "cityscapes": {"train": 2_975, "val": 500},
    "coco-panoptic": {"train": 118_287, "val": 5_000},
    "idd": {"train": 6_993, "val": 981, "test": 2_029},
    "kitti": {"train": 150, "val": 50},
    "mapillary": {"train": 18_000, "val": 2_000},
    "pascal-context": {"train": 4_998, "val": 5_105},
    "pascal-voc-2012": {"train": 10_582, "val": 1_449},
    "scannet": {"train": 19_466, "val": 5_436},
    "sunrgbd": {"train": 5_285, "val": 5_050},
    "wilddash": {"train": 70, "val": 70},
}
"""Images of each split that are in the archives."""

RELABELLED = {"mapillary-public65": 24}
"""One image in so many has records, where it is not about every other one."""

_REPEATED = ("wilddash", 16)
"""WildDash's images to train on are those to validate on, listed so many times."""
_LISTED = ("sunrgbd", 475 / 5_050)
"""The share of SUN RGB-D's images to validate on that are listed."""
_FEW = (64, 48)
_FEW_WITH_POLYGONS = (128, 96)
_POLYGONS = ("cityscapes", "idd")
_RECORD = "archives.json"


class TrueSize(Artist):
    """An artist for one size, who paints grain as fine as a camera's."""

    def __init__(self, seed: int, *names: str, size: tuple[int, int]) -> None:
        super().__init__(seed, *names)
        self._true = size

    def scene(self, count: int, size: tuple[int, int] | None = None) -> Scene:
        """Draw a scene of the true size."""
        return super().scene(count, size or self._true)

    def picture(self, scene: Scene) -> Picture:
        """Paint a scene a strip at a time: the noise of one, over and over."""
        tones = self.rng.integers(60, 220, (scene.count, 3)).astype(np.uint8)
        painted = tones[scene.regions]
        strip = self.rng.integers(0, 30, (64, scene.width, 1)).astype(np.uint8)
        for top in range(0, scene.height, 64):
            rows = painted[top : top + 64]
            rows += strip[: len(rows)]
        return painted


class TrueStudio(Studio):
    """A studio whose artists draw at the true size of their dataset."""

    def artist(self, *names: str) -> Artist:
        """Return an artist for one image."""
        size = next(size for name, size in SIZES.items() if names[0].startswith(name))
        return TrueSize(self.seed, *names, size=size)


class Apart(TrueSize):
    """An artist whose outlines cover nothing of each other, as small as the image is."""

    def _outline(self, centre: tuple[int, int], width: int, height: int) -> Polygon:
        return super()._outline(centre, width // 3, height // 3)


class PixelStudio(Studio):
    """A studio whose artists draw a few pixels.

    Where labels are polygons those stay apart: a segment that a record names is to be seen.
    """

    def artist(self, *names: str) -> Artist:
        """Return an artist for one image."""
        if names[0] in _POLYGONS:
            return Apart(self.seed, *names, size=_FEW_WITH_POLYGONS)
        return TrueSize(self.seed, *names, size=_FEW)


@dataclass(frozen=True)
class Drawn:
    """One archive as it is written down beside the others."""

    dataset: str
    name: str
    size: int
    sha256: str


def build_share(folder: Path, share: float, studio: type[Studio] = TrueStudio) -> Miniature:
    """Draw a share of MSeg into a folder, or find it there from an earlier time."""
    record = folder / _RECORD
    said = json.loads(record.read_text()) if record.is_file() else {}
    if said.get("share") != share:
        folder.mkdir(parents=True, exist_ok=True)
        found = [vars(each) for each in _draw(folder, share, studio)]
        said = {"share": share, "archives": found}
        record.write_text(json.dumps(said))
    recipe = load_recipe("mseg")
    archives = tuple(
        MiniArchive(
            each["dataset"],
            each["name"],
            folder / each["name"],
            each["size"],
            each["sha256"],
            "",
            recipe.dataset(each["dataset"]).archive(each["name"]).access,
        )
        for each in said["archives"]
    )
    return Miniature("mseg", folder, archives)


def _draw(folder: Path, share: float, kind: type[Studio]) -> Iterator[Drawn]:
    book = Book()
    studio = kind(0, book)
    usual, splits = dict(SPLITS), cast("dict[str, int]", SPLITS)
    for dataset, draw in DRAWERS.items():
        counts = {split: max(1, round(n * share)) for split, n in COUNTS[dataset].items()}
        splits.update(counts)
        try:
            packed = draw(studio)
        finally:
            splits.clear()
            splits.update(usual)
        print(f"drawn: {dataset}, {sum(map(len, packed.values())) / 1e6:.0f} MB", flush=True)
        yield from (_written(folder, dataset, name, data) for name, data in packed.items())
    _list_as_published(book)
    _forget_records(book)
    yield _written(folder, "mseg-api", "mseg-api.tar.gz", book.archive())


def _list_as_published(book: Book) -> None:
    """Give lists as many lines as they have, where that is not one an image."""
    for (taxonomy, split), lines in book._lists.items():
        name, times = _REPEATED
        if taxonomy.startswith(name) and split == "train":
            lines[:] = book._lists[taxonomy, "val"] * times
        name, kept = _LISTED
        if taxonomy.startswith(name) and split == "val":
            del lines[max(1, round(len(lines) * kept)) :]
    _forget_unlisted(book, name)


def _forget_unlisted(book: Book, name: str) -> None:
    listed = {Path(line.split()[0]).stem for line in book._lists[f"{name}-38", "val"]}
    for (base, split, *_), segments in book._segments.items():
        if base.startswith(name) and split == "val":
            segments[:] = [each for each in segments if each.rpartition("_")[0] in listed]


def _forget_records(book: Book) -> None:
    """Leave records to as many images as have some in MSeg, not to each as the drawers do."""
    for (base, *_), segments in book._segments.items():
        images = sorted({segment.rpartition("_")[0] for segment in segments})
        kept = set(images[:: RELABELLED.get(base, 2)])
        segments[:] = [each for each in segments if each.rpartition("_")[0] in kept]


def _written(folder: Path, dataset: str, name: str, data: bytes) -> Drawn:
    (folder / name).write_bytes(data)
    return Drawn(dataset, name, len(data), hashlib.sha256(data).hexdigest())
