"""Polygon annotations: drawn as a whole label image, or one object as a mask.

The rasteriser is Pillow's, whose fill changed between releases: 11.2.1 to 13.0 agree with the
reference results (fact sheet mseg section 5), and ``fill_differs`` tells if the installed one
does not.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import numpy as np
import PIL
from msgspec import UNSET, Struct, UnsetType
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.labels.bounds import JSON_FAILURES, POLYGON_BYTES, check_pixels, read_bounded
from wizard.labels.pixels.decode import UNPACK_AGAIN

Point = tuple[float, float]


class PolygonObject(Struct, frozen=True, gc=False):
    """One object of an annotation; fields this software has no use for are not read."""

    polygon: list[Point] = []
    label: str = ""
    deleted: Any = False
    id: int | UnsetType | None = UNSET


class PolygonFile(Struct, frozen=True, rename="camel"):
    """The polygon JSON of one image."""

    img_height: int
    img_width: int
    objects: list[PolygonObject]

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, as Pillow wants them."""
        return self.img_width, self.img_height

    def find(self, number: int) -> PolygonObject | None:
        """Return the first object whose id, or else position, is ``number``."""
        for position, shape in enumerate(self.objects):
            if number == (position if shape.id is UNSET else shape.id):
                return shape
        return None


@dataclass(frozen=True, slots=True)
class Drawn:
    """A label image made of polygons, uint8 (H, W), and objects skipped for their label."""

    pixels: NDArray[np.uint8]
    skipped: tuple[str, ...]


_DECODER = msgspec.json.Decoder(PolygonFile)


def read_polygon_file(path: Path) -> PolygonFile:
    """Read a polygon JSON; raises ``LabelError`` naming what is wrong with it."""
    try:
        annotation = _DECODER.decode(read_bounded(path, POLYGON_BYTES))
    except FileNotFoundError as error:
        raise LabelError(
            "this polygon file is missing",
            cause="missing-polygons",
            where=str(path),
            hint="run again: it is unpacked anew from its archive",
        ) from error
    except JSON_FAILURES as error:
        raise _broken(path, str(error)) from error
    check_pixels(*annotation.size, str(path))
    return annotation


def draw_classes(annotation: PolygonFile, classes: Mapping[str, int], background: int) -> Drawn:
    """Draw every object in file order over ``background``; later ones win.

    Deleted objects and those of fewer than three points are left out. A label that is no class
    counts without its ending ``group``; labels still unknown are skipped and returned.
    """
    canvas = Image.new("L", annotation.size, background)
    pen = ImageDraw.Draw(canvas)
    skipped = []
    for shape in annotation.objects:
        if shape.deleted or len(shape.polygon) < 3:
            continue
        value = classes.get(shape.label, classes.get(shape.label.removesuffix("group")))
        if value is None:
            skipped.append(shape.label)
        else:
            pen.polygon(shape.polygon, fill=value)
    return Drawn(np.asarray(canvas), tuple(skipped))


class Patch(NamedTuple):
    """A mask within a rectangle: ``label[rows, columns]`` where ``inside``, bool (h, w)."""

    rows: slice
    columns: slice
    inside: NDArray[np.bool_]


def draw_patch(annotation: PolygonFile, shape: PolygonObject, where: str) -> Patch:
    """Return where one object is; objects in a single row are drawn as a line.

    Labels and ``deleted`` are not looked at (fact sheet mseg section 5). The canvas has the image's
    size, because a fill is not the same in every place. Raises ``LabelError`` for an object of
    fewer than two points.
    """
    if len(shape.polygon) < 2:
        raise LabelError(
            f"object {shape.id} has {len(shape.polygon)} points",
            cause="bad-polygon",
            where=where,
            hint=UNPACK_AGAIN,
        )
    canvas = Image.new("L", annotation.size)
    pen = ImageDraw.Draw(canvas)
    if len({y for _, y in shape.polygon}) == 1:
        pen.line(shape.polygon, fill=1)
    else:
        pen.polygon(shape.polygon, outline=1, fill=1)
    left, top, right, bottom = _bounds(shape.polygon, annotation.size)
    inside = np.asarray(canvas.crop((left, top, right, bottom))).view(np.bool_)
    return Patch(slice(top, bottom), slice(left, right), inside)


def _bounds(points: list[Point], size: tuple[int, int]) -> tuple[int, int, int, int]:
    """Return a box around all that is drawn, within the image and at least a pixel large."""
    sides = []
    for numbers, length in zip(zip(*points, strict=True), size, strict=True):
        low = min(max(int(min(numbers)) - 1, 0), length - 1)
        sides.append((low, max(min(int(max(numbers)) + 2, length), low + 1)))
    (left, right), (top, bottom) = sides
    return left, top, right, bottom


_PROBES: tuple[tuple[tuple[Point, Point, Point], int], ...] = (
    (((4, 2), (18, 4), (17, 3)), 15),
    (((19, 14), (11, 11), (14, 12)), 7),
    (((4, 11), (16, 12), (17, 18)), 44),
    (((15, 10), (19, 18), (0, 5)), 62),
)
"""Triangles, and the pixels Pillow 11.2.1 to 13.0 fill of them; 11.0 and 11.1 each fill others."""


def fill_differs() -> bool:
    """Whether the installed Pillow fills polygons otherwise than for the reference results."""
    for triangle, pixels in _PROBES:
        canvas = Image.new("L", (32, 32))
        ImageDraw.Draw(canvas).polygon(triangle, fill=1)
        if sum(canvas.tobytes()) != pixels:
            return True
    return False


def fill_notes() -> tuple[Finding, ...]:
    """Return what a person should know before polygons are drawn: nothing, or one warning."""
    if not fill_differs():
        return ()
    return (
        Finding(
            "polygon-fill",
            f"Pillow {PIL.__version__}",
            "this Pillow fills polygons a few pixels per image unlike the reference results",
            "install Pillow 11.2.1 to 13.0 to get the reference's pixels",
            fatal=False,
        ),
    )


def _broken(path: Path, reason: str) -> LabelError:
    return LabelError(
        f"not a polygon file ({reason})",
        cause="broken-polygons",
        where=str(path),
        hint=UNPACK_AGAIN,
    )
