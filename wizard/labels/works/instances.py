"""COCO instance annotations drawn as class labels (fact sheet fptrans section 4)."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.bounds import (
    JSON_BYTES,
    JSON_FAILURES,
    POLYGON_BYTES,
    check_pixels,
    decode_rows,
    read_bounded,
)
from wizard.labels.drawing.scanfill import fill_polygon
from wizard.labels.lazy import Lazy
from wizard.labels.pixels.decode import UNPACK_AGAIN
from wizard.labels.pixels.png import write_label
from wizard.labels.specs.conversions import Instances
from wizard.labels.works.folder_work import FolderWork, read_names, write_names
from wizard.work import Item, Report


class InstanceImage(Struct, frozen=True, gc=False):
    """An image of the JSON."""

    id: int
    file_name: str
    height: int
    width: int


class InstanceCategory(Struct, frozen=True, gc=False):
    """A category of the JSON."""

    id: int


class InstanceShape(Struct, frozen=True, gc=False):
    """An annotation; ``segmentation`` stays undecoded, since crowds hold something else there."""

    image_id: int
    category_id: int
    segmentation: msgspec.Raw
    iscrowd: int = 0


class InstanceDocument(Struct, frozen=True):
    """The fields of the JSON that drawing needs."""

    images: list[InstanceImage]
    annotations: list[InstanceShape]
    categories: list[InstanceCategory]


@dataclass(frozen=True, slots=True)
class Drawing:
    """An image with its shapes in file order: class and undecoded rings."""

    picture: InstanceImage
    shapes: list[tuple[int, msgspec.Raw]]


_RINGS = msgspec.json.Decoder(list[list[float]])


@dataclass(frozen=True, slots=True)
class InstanceWork(FolderWork):
    """Draw every image of ``spec.json`` that has an annotation which is not a crowd."""

    root: Path
    spec: Instances
    kept: Path | None = None
    """File to keep the items' names in, so that looking need not read the JSON again."""
    unit: str = field(default="images", init=False)
    _drawings: Lazy[dict[str, Drawing]] = field(default_factory=Lazy, repr=False, compare=False)

    def items(self) -> Sequence[Item]:
        """List the images to draw; raises ``LabelError`` when the JSON is missing or broken."""
        return [Item(stem, (self._label(stem),)) for stem in self._read()]

    def expected(self) -> Iterator[tuple[str, ...]]:
        """Yield the label of each image."""
        stems = read_names(self.kept, self.root / self.spec.json)
        for stem in self._read() if stems is None else stems:
            yield (str(self._label(stem)),)

    def start(self) -> tuple[Finding, ...]:
        """Forget what an earlier run read."""
        self._drawings.drop()
        return ()

    def process(self, item: Item) -> Report:
        """Draw one image."""
        write_label(item.outputs[0], draw(self._read()[item.key]))
        return Report()

    def finish(self) -> None:
        """Keep the names and free the annotations."""
        source = self.root / self.spec.json
        if read_names(self.kept, source) is None:
            write_names(self.kept, self._read(), source)
        self._drawings.drop()

    def _label(self, stem: str) -> Path:
        return self.root / self.spec.into / f"{stem}.png"

    def _read(self) -> dict[str, Drawing]:
        return self._drawings.get(lambda: read_drawings(self.root / self.spec.json))


def read_drawings(path: Path) -> dict[str, Drawing]:
    """Return what to draw by the stem of the image's name, up to its first dot.

    The class of a shape is the place of its category in the JSON, from 1. Images without shapes
    are not in it. Raises ``LabelError`` for a missing or broken file.
    """
    document = _decode(path)
    classes = {category.id: place for place, category in enumerate(document.categories, 1)}
    pictures = {picture.id: picture for picture in document.images}
    drawings: dict[str, Drawing] = {}
    for shape in document.annotations:
        if shape.iscrowd:
            continue
        picture, number = pictures.get(shape.image_id), classes.get(shape.category_id)
        if picture is None or number is None:
            raise _broken(path, f"an annotation of image {shape.image_id}, which it does not list")
        stem = picture.file_name.partition(".")[0]
        drawings.setdefault(stem, Drawing(picture, [])).shapes.append((number, shape.segmentation))
    return drawings


def draw(drawing: Drawing) -> NDArray[np.uint8]:
    """Return the label of an image, uint8 (H, W): 0 where nothing is, later shapes on top.

    Every ring is filled on its own, so that a hole told as a second ring is filled too.
    """
    check_pixels(drawing.picture.width, drawing.picture.height, drawing.picture.file_name)
    canvas = np.zeros((drawing.picture.height, drawing.picture.width), np.uint8)
    for number, rings in drawing.shapes:
        try:
            decoded = _decode_rings(rings)
        except JSON_FAILURES as error:
            raise _broken(Path(drawing.picture.file_name), f"a polygon: {error}") from error
        for ring in decoded:
            points = np.array(ring[: len(ring) // 2 * 2]).reshape(-1, 2)
            fill_polygon(canvas, np.trunc(points).astype(np.int64), number)
    return canvas


def _decode_rings(rings: msgspec.Raw) -> list[list[float]]:
    if len(memoryview(rings)) > POLYGON_BYTES:
        raise ValueError("it is larger than any object's")
    return _RINGS.decode(rings)


def _decode(path: Path) -> InstanceDocument:
    try:
        return decode_rows(read_bounded(path, JSON_BYTES), InstanceDocument)
    except FileNotFoundError as error:
        raise LabelError(
            "the annotations are missing",
            cause="missing-json",
            where=str(path),
            hint="run again: they are unpacked anew from their archive",
        ) from error
    except JSON_FAILURES as error:
        raise _broken(path, str(error)) from error


def _broken(path: Path, reason: str) -> LabelError:
    message = f"not instance annotations ({reason})"
    return LabelError(message, cause="broken-json", where=str(path), hint=UNPACK_AGAIN)
