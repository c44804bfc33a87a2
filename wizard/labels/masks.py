"""Where a segment of an image is: the masks of relabel records.

A ``MaskFinder`` knows one taxonomy's way of finding masks and is made once; ``open`` reads what one
image needs, once; ``patch`` answers per segment (fact sheet mseg section 5).
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.labels.drawing.polygons import Patch, PolygonFile, draw_patch, read_polygon_file
from wizard.labels.exported_masks import read_exported
from wizard.labels.lazy import Lazy
from wizard.labels.pixels.decode import read_blue, read_values
from wizard.labels.pixels.panoptic import read_runs
from wizard.labels.pixels.runs import Runs
from wizard.labels.specs.taxonomies import Relabel

Ids = NDArray[np.uint8] | NDArray[np.uint16] | NDArray[np.uint32]
"""Which segment is where, (H, W)."""

REMAKE = "unpack the dataset again: records and images are not of one release"


@dataclass(frozen=True, slots=True)
class ImageContext:
    """One relabelled image: what its mask file is found by, and what it is fitted to."""

    image: str
    """As in the list."""
    parent: str
    stem: str
    split: str
    shape: tuple[int, int]
    """Height and width of the label."""
    base: Callable[[], Ids] | None = None
    """Reads the pixels of the base taxonomy, for masks that are those pixels."""
    runs: Callable[[Path], Runs] = read_runs
    """Reads a panoptic image; lets a pipeline share what it has read already."""


class Masks(Protocol):
    """The segments of one image."""

    def patch(self, segment: int) -> Patch:
        """Return a rectangle that holds all of a segment, and where in it the segment is.

        Nothing is inside if it is nowhere; raises ``LabelError``.
        """
        ...


@dataclass(frozen=True, slots=True)
class IdMasks:
    """Segments as the pixels that hold their number."""

    ids: Ids

    def patch(self, segment: int) -> Patch:
        """Return the whole image: looking for less of it would cost more."""
        return Patch(slice(None), slice(None), _equal(self.ids, segment))


@dataclass(frozen=True, slots=True)
class RunMasks:
    """The same where runs are known: only the rows that a segment spans are compared."""

    runs: Runs

    def patch(self, segment: int) -> Patch:
        """Return the rows from the segment's first run to its last."""
        held = np.flatnonzero(_equal(self.runs.keys, segment))
        rows = slice(0, 0)
        if len(held):
            width = self.runs.pixels.shape[1]
            first, end = self.runs.bounds[held[0]], self.runs.bounds[held[-1] + 1]
            rows = slice(int(first) // width, (int(end) - 1) // width + 1)
        return Patch(rows, slice(None), _equal(self.runs.pixels[rows], segment))


@dataclass(frozen=True, slots=True)
class PolygonMasks:
    """Segments as objects of a polygon file."""

    annotation: PolygonFile
    where: str

    def patch(self, segment: int) -> Patch:
        """Draw the object; raises ``LabelError`` if the file has none of that number."""
        shape = self.annotation.find(segment)
        if shape is None:
            raise LabelError(
                f"no object with id {segment}",
                cause="segment-not-found",
                where=self.where,
                hint=REMAKE,
            )
        return draw_patch(self.annotation, shape, self.where)


@dataclass(frozen=True, slots=True)
class MaskFinder:
    """Finds the masks of one taxonomy's records below the collection root."""

    relabel: Relabel
    root: Path
    _files: Lazy[dict[str, Path]] = field(default_factory=Lazy, compare=False, repr=False)

    def open(self, context: ImageContext) -> Masks:
        """Read what the masks of one image come from.

        Raises ``LabelError`` when it is missing, damaged or of another size than the label.
        """
        if self.relabel.mask == "label" and not self.relabel.source and context.base:
            return IdMasks(_same_size(context.base(), context, context.image))
        if (exported := self._exported(context)) and not self._has_source(context):
            return read_exported(exported, context.shape)
        path = self.path(context)
        if self.relabel.mask == "polygon":
            annotation = read_polygon_file(path)
            _check_size((annotation.img_height, annotation.img_width), context, str(path))
            return PolygonMasks(annotation, str(path))
        if self.relabel.mask == "channel":
            return IdMasks(resize_nearest(read_blue(path), context.shape))
        if self.relabel.mask == "panoptic":
            runs = context.runs(path)
            _check_size(runs.pixels.shape, context, str(path))
            return RunMasks(runs)
        return IdMasks(_same_size(read_values(path), context, str(path)))

    def files(self, context: ImageContext) -> tuple[Path, ...]:
        """Return the files that the masks of one image may come from, there or not."""
        if self.relabel.mask == "label" and not self.relabel.source:
            return ()
        found = [self.root / self._filled(self.relabel.exported, context)]
        with contextlib.suppress(LabelError):
            found.append(self.path(context))
        return tuple(found if self.relabel.exported else found[1:])

    def _exported(self, context: ImageContext) -> Path | None:
        """Return the masks that another lab exported for an image, if there are any."""
        if not self.relabel.exported:
            return None
        path = self.root / self._filled(self.relabel.exported, context)
        return path if path.is_file() else None

    def _has_source(self, context: ImageContext) -> bool:
        try:
            return self.path(context).is_file()
        except LabelError:
            return False

    def _filled(self, template: str, context: ImageContext) -> str:
        return template.format(
            parent=context.parent,
            stem=context.stem.removesuffix(self.relabel.trim),
            split=context.split,
            top=PurePosixPath(context.image).parts[0],
        )

    def path(self, context: ImageContext) -> Path:
        """Return the file the masks of an image come from; raises ``LabelError``."""
        source = self._filled(self.relabel.source, context)
        if "*" not in source:
            return self.root / source
        try:
            return self._files.get(self._scan)[PurePosixPath(source).name]
        except KeyError as error:
            raise LabelError(
                f"no file {source}",
                cause="missing-mask",
                where=str(self.root),
                hint="run again: it is unpacked anew from its archive",
            ) from error

    def _scan(self) -> dict[str, Path]:
        """List, by name, every file the source's wildcards lead to."""
        fixed, _, tail = self.relabel.source.partition("*")
        folder = self.root / fixed.rpartition("/")[0]
        ending = PurePosixPath(tail).name.rpartition("}")[2]
        return {path.name: path for path in folder.rglob(f"*{ending}")}


def resize_nearest(pixels: NDArray[np.uint8], shape: tuple[int, int]) -> NDArray[np.uint8]:
    """Resize uint8 (h, w) to ``shape`` (H, W) as OpenCV's INTER_NEAREST does.

    Source index of target i is ``min(floor(i * (1 / (dst / src))), src - 1)`` in double precision;
    Pillow's NEAREST is another rule (fact sheet mseg section 5).
    """
    rows, columns = (nearest_indices(*ends) for ends in zip(pixels.shape, shape, strict=True))
    return pixels[rows[:, None], columns[None, :]]


@lru_cache(maxsize=512)
def nearest_indices(source: int, target: int) -> NDArray[np.intp]:
    """Return the source index of each target index, intp (target,)."""
    scale = 1.0 / (target / source)
    places = np.floor(np.arange(target, dtype=np.float64) * scale).astype(np.intp)
    return np.minimum(places, source - 1)


def _equal(ids: Ids, segment: int) -> NDArray[np.bool_]:
    """Compare; a number the pixels cannot hold is nowhere."""
    if not 0 <= segment <= np.iinfo(ids.dtype).max:
        return np.zeros(ids.shape, np.bool_)
    found: NDArray[np.bool_] = ids == ids.dtype.type(segment)
    return found


def _same_size(ids: Ids, context: ImageContext, where: str) -> Ids:
    _check_size((ids.shape[0], ids.shape[1]), context, where)
    return ids


def _check_size(shape: tuple[int, ...], context: ImageContext, where: str) -> None:
    if shape != context.shape:
        raise LabelError(
            f"{shape[1]}x{shape[0]} pixels, but the label has"
            f" {context.shape[1]}x{context.shape[0]}",
            cause="wrong-size",
            where=where,
            hint=REMAKE,
        )
