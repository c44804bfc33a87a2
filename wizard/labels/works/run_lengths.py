"""Labels painted from the run-length masks of one merged JSON (fact sheet openseg section 3.4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.files import write_whole
from wizard.findings import Finding
from wizard.labels.bounds import JSON_BYTES, JSON_FAILURES, check_pixels, decode_rows, read_bounded
from wizard.labels.lazy import Lazy
from wizard.labels.pixels.decode import UNPACK_AGAIN
from wizard.labels.pixels.png import write_label
from wizard.labels.specs.conversions import RleLabels
from wizard.labels.works.folder_work import FolderWork, read_names, write_names
from wizard.work import Item, Report


class MergedImage(Struct, frozen=True, gc=False):
    """An image of the merged JSON."""

    image_id: int
    file_name: str
    height: int
    width: int
    phase: str


class RunLengths(Struct, frozen=True, gc=False):
    """A mask as COCO writes it: height and width, and compressed column-major counts."""

    size: tuple[int, int]
    counts: str


class Region(Struct, frozen=True, gc=False):
    """One masked region."""

    image_id: int
    category_id: int
    segmentation: RunLengths


class MergedDocument(Struct, frozen=True):
    """The fields of the JSON that painting needs."""

    images: list[MergedImage]
    annos_segmentation: list[Region]


@dataclass(frozen=True, slots=True)
class Painting:
    """An image with its regions in file order."""

    picture: MergedImage
    regions: list[Region]


@dataclass(frozen=True, slots=True)
class RunLengthWork(FolderWork):
    """Paint every image of the splits asked for."""

    root: Path
    spec: RleLabels
    kept: Path | None = None
    """File to keep the items' names in, so that looking need not read the JSON again."""
    unit: str = field(default="images", init=False)
    _paintings: Lazy[dict[str, Painting]] = field(default_factory=Lazy, repr=False, compare=False)

    def items(self) -> Sequence[Item]:
        """List the images to paint; raises ``LabelError`` when the JSON is missing or broken."""
        return [
            Item(name, (self._label(name, painting),)) for name, painting in self._read().items()
        ]

    def expected(self) -> Iterator[tuple[str, ...]]:
        """Yield the label of each image."""
        paths = read_names(self.kept, self.root / self.spec.json)
        for path in self._labels() if paths is None else paths:
            yield (str(self.root / path),)

    def start(self) -> tuple[Finding, ...]:
        """Forget what an earlier run read."""
        self._paintings.drop()
        return ()

    def process(self, item: Item) -> Report:
        """Paint one image; raises ``LabelError`` for a region of no known class."""
        write_label(item.outputs[0], paint(self._read()[item.key], self.spec.classes))
        return Report()

    def finish(self) -> None:
        """Write each split's list, sorted, keep the names and free the annotations."""
        source = self.root / self.spec.json
        if read_names(self.kept, source) is None:
            write_names(self.kept, self._labels(), source)
        for split in self.spec.splits if self.spec.lists else ():
            stems = sorted(
                Path(name).stem
                for name, painting in self._read().items()
                if painting.picture.phase == split
            )
            path = self.root / self.spec.lists.format(split=split)
            write_whole(path, "".join(f"{stem}\n" for stem in stems).encode())
        self._paintings.drop()

    def _labels(self) -> Iterator[str]:
        for name, painting in self._read().items():
            yield self._label(name, painting).relative_to(self.root).as_posix()

    def _label(self, name: str, painting: Painting) -> Path:
        split = painting.picture.phase
        return self.root / self.spec.into.format(split=split) / _png(name)

    def _read(self) -> dict[str, Painting]:
        path, splits = self.root / self.spec.json, self.spec.splits
        return self._paintings.get(lambda: read_paintings(path, splits))


def read_paintings(path: Path, splits: Sequence[str]) -> dict[str, Painting]:
    """Return what to paint by file name; raises ``LabelError`` for a missing or broken file."""
    try:
        document = decode_rows(read_bounded(path, JSON_BYTES), MergedDocument)
    except JSON_FAILURES as error:
        raise LabelError(
            f"not a merged annotation file ({error})",
            cause="broken-json",
            where=str(path),
            hint=UNPACK_AGAIN,
        ) from error
    chosen = {
        picture.image_id: Painting(picture, [])
        for picture in document.images
        if picture.phase in splits
    }
    for region in document.annos_segmentation:
        if region.image_id in chosen:
            chosen[region.image_id].regions.append(region)
    return {painting.picture.file_name: painting for painting in chosen.values()}


def paint(painting: Painting, classes: Sequence[int]) -> NDArray[np.uint8]:
    """Return the label, uint8 (H, W): a pixel's class is the place of its last region's category.

    Crowds count like any region. Raises ``LabelError`` for a category that is not in ``classes``
    and for a mask of another size.
    """
    from pycocotools import mask as coco

    shape = (painting.picture.height, painting.picture.width)
    check_pixels(shape[1], shape[0], painting.picture.file_name)
    canvas = np.zeros(shape, np.uint8)
    for region in painting.regions:
        if region.category_id not in classes:
            raise _fault(painting, f"category {region.category_id} is none of the classes")
        if region.segmentation.size != shape:
            raise _fault(painting, f"a mask of {region.segmentation.size} in an image of {shape}")
        counts = region.segmentation.counts.encode()
        mask = coco.decode({"size": list(shape), "counts": counts})
        canvas[mask.view(bool)] = classes.index(region.category_id)
    return canvas


def _png(name: str) -> str:
    """Return the label's name: every ``jpg`` in the image's name becomes ``png``."""
    return name.replace("jpg", "png")


def _fault(painting: Painting, reason: str) -> LabelError:
    name = painting.picture.file_name
    return LabelError(reason, cause="bad-region", where=name, hint=UNPACK_AGAIN)
