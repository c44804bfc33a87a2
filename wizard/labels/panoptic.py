"""Panoptic labels: segment ids coded as colours, and the JSON that gives each a category.

An image's classes are one search of its pixels among its segment ids (fact sheet mseg section 3):
255 everywhere, the category where a listed id is.
"""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.labels.decode import UNPACK_AGAIN, Colours
from wizard.labels.search import SortedKeys

UNLISTED = 255
"""Class of pixels whose id the JSON does not list."""


class _Segment(Struct, frozen=True, gc=False):
    id: int
    category_id: int


class _Annotation(Struct, frozen=True, gc=False):
    file_name: str
    segments_info: list[_Segment]


class _Document(Struct, frozen=True, gc=False):
    annotations: list[_Annotation]


@dataclass(frozen=True, slots=True)
class Segments:
    """The listed segments of one image: uint32 (n,) ids and uint8 (n,) categories."""

    ids: NDArray[np.uint32]
    categories: NDArray[np.uint8]


@dataclass(frozen=True, slots=True)
class PanopticIndex:
    """Every image's segments in flat arrays: 5 bytes a segment, whatever the JSON weighs."""

    path: Path
    starts: dict[str, tuple[int, int]]
    """File name -> first segment and the one after its last."""
    ids: NDArray[np.uint32]
    categories: NDArray[np.uint8]

    @classmethod
    def read(cls, path: Path) -> PanopticIndex:
        """Parse the JSON, once, keeping only ids and categories; raises ``LabelError``."""
        document = _decode(path)
        starts: dict[str, tuple[int, int]] = {}
        end = 0
        for annotation in document.annotations:
            start, end = end, end + len(annotation.segments_info)
            starts[annotation.file_name] = (start, end)
        flat = [segment for entry in document.annotations for segment in entry.segments_info]
        ids = np.fromiter((segment.id for segment in flat), np.int64, len(flat))
        categories = np.fromiter((segment.category_id for segment in flat), np.int64, len(flat))
        if len(flat) and (ids.min() < 0 or ids.max() >= 1 << 24):
            raise _broken(path, "a segment id that no colour can code")
        if len(flat) and (categories.min() < 0 or categories.max() > UNLISTED):
            raise _broken(path, "a category outside 0..255")
        return cls(path, starts, ids.astype(np.uint32), categories.astype(np.uint8))

    def segments(self, file_name: str) -> Segments:
        """Return one image's segments; raises ``LabelError`` if the JSON does not name it."""
        try:
            start, end = self.starts[file_name]
        except KeyError as error:
            raise LabelError(
                f"{self.path.name} does not name {file_name}",
                cause="not-in-panoptic-json",
                where=str(self.path),
                hint=UNPACK_AGAIN,
            ) from error
        return Segments(self.ids[start:end], self.categories[start:end])


def classify(pixels: Colours, segments: Segments, where: str) -> NDArray[np.uint8]:
    """Return the category of every pixel, uint8 (H, W); 255 where no listed id is.

    The reference demands that each listed id occurs and is listed once: raises ``LabelError``
    naming the ids that break it.
    """
    unique, counts = np.unique(segments.ids, return_counts=True)
    if len(unique) != len(segments.ids):
        raise _broken_image(where, "repeated", unique[counts > 1])
    found = SortedKeys(segments.ids).find(pixels.ravel())
    seen = np.zeros(len(segments.ids) + 1, bool)
    seen[found.rows] = True
    if not seen[:-1].all():
        raise _broken_image(where, "without a pixel", segments.ids[~seen[:-1]])
    # Row -1 takes the last entry, which is the class of ids that are not listed.
    numbers = np.append(segments.categories, np.uint8(UNLISTED))[found.rows]
    return found.spread(numbers).reshape(pixels.shape)


def _decode(path: Path) -> _Document:
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as view:
            return msgspec.json.decode(view, type=_Document)
    except FileNotFoundError as error:
        raise LabelError(
            "the panoptic JSON is missing",
            cause="missing-json",
            where=str(path),
            hint="run again: it is unpacked anew from its archive",
        ) from error
    except (OSError, ValueError) as error:
        raise _broken(path, str(error)) from error


def _broken(path: Path, reason: str) -> LabelError:
    return LabelError(
        f"not a panoptic JSON ({reason})",
        cause="broken-json",
        where=str(path),
        hint=UNPACK_AGAIN,
    )


def _broken_image(where: str, fault: str, ids: NDArray[np.uint32]) -> LabelError:
    shown = ", ".join(map(str, ids[:5].tolist()))
    return LabelError(
        f"{len(ids)} segment ids {fault}: {shown}",
        cause="panoptic-mismatch",
        where=where,
        hint="the image and the JSON are not of one release: unpack both again",
    )
