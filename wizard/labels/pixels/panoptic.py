"""Panoptic labels: segment ids coded as colours, and the JSON that gives each a category.

An image's classes are one search of its pixels among its segment ids (fact sheet mseg section 3):
255 everywhere, the category where a listed id is.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, NamedTuple

import msgspec
import numpy as np
from msgspec import Struct
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.foreign import open_foreign
from wizard.labels.bounds import JSON_BYTES, JSON_FAILURES, check_picture
from wizard.labels.pixels.decode import UNPACK_AGAIN, read_packed
from wizard.labels.pixels.runs import Runs, SortedKeys

UNLISTED = 255
"""Class of pixels whose id the JSON does not list."""


_PIECE = 4 << 20
"""Bytes of JSON decoded at once."""

_LIST = re.compile(rb'"annotations"\s*:\s*\[')
_CLASS_ONLY = 99
_NO_PART = 99_999
_HIGHEST = 9_999_999
NONE = -1
"""Instance or part of a pixel that has none."""


class _Segment(Struct, frozen=True, gc=False):
    id: int
    category_id: int


class PanopticEntry(Struct, frozen=True, gc=False):
    """The segments of one image; other fields are not read."""

    file_name: str
    segments_info: list[_Segment]


class _Document(Struct, frozen=True, gc=False):
    annotations: list[PanopticEntry]


@dataclass(frozen=True, slots=True)
class ImageSegments:
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
        try:
            check_picture(path, path.stat(), JSON_BYTES)
            with open_foreign(path) as file:
                try:
                    return cls._collect(path, decode_pieces(file))
                except JSON_FAILURES:
                    file.seek(0)
                    return cls._collect(path, [_decode_whole(file)])
        except FileNotFoundError as error:
            raise LabelError(
                "the panoptic JSON is missing",
                cause="missing-json",
                where=str(path),
                hint="run again: it is unpacked anew from its archive",
            ) from error
        except JSON_FAILURES as error:
            raise _broken(path, str(error)) from error

    @classmethod
    def _collect(cls, path: Path, parts: Iterable[list[PanopticEntry]]) -> PanopticIndex:
        starts: dict[str, tuple[int, int]] = {}
        ids: list[NDArray[np.int64]] = []
        categories: list[NDArray[np.int64]] = []
        end = 0
        for part in parts:
            for entry in part:
                start, end = end, end + len(entry.segments_info)
                starts[entry.file_name] = (start, end)
            listed = [segment for entry in part for segment in entry.segments_info]
            ids.append(np.fromiter((each.id for each in listed), np.int64))
            categories.append(np.fromiter((each.category_id for each in listed), np.int64))
        return cls(
            path,
            starts,
            _joined(ids, 1 << 24).astype(np.uint32),
            _joined(categories, UNLISTED + 1).astype(np.uint8),
        )

    def segments(self, file_name: str) -> ImageSegments:
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
        return ImageSegments(self.ids[start:end], self.categories[start:end])


def read_runs(path: Path) -> Runs:
    """Return the runs of segment ids in a panoptic image; raises ``LabelError``."""
    return Runs.of(read_packed(path))


def classify(runs: Runs, segments: ImageSegments, where: str) -> NDArray[np.uint8]:
    """Return the category of every pixel, uint8 (H, W); 255 where no listed id is.

    The reference demands that each listed id occurs and is listed once: raises ``LabelError``
    naming the ids that break it.
    """
    unique, counts = np.unique(segments.ids, return_counts=True)
    if len(unique) != len(segments.ids):
        raise _broken_image(where, "repeated", unique[counts > 1])
    found = SortedKeys(segments.ids).find(runs)
    seen = np.zeros(len(segments.ids) + 1, bool)
    seen[found.rows] = True
    if not seen[:-1].all():
        raise _broken_image(where, "without a pixel", segments.ids[~seen[:-1]])
    # Row -1 takes the last entry, which is the class of ids that are not listed.
    numbers = np.append(segments.categories, np.uint8(UNLISTED))[found.rows]
    return found.spread(numbers).reshape(runs.pixels.shape)


def decode_pieces(file: BinaryIO, piece: int = _PIECE) -> Iterator[list[PanopticEntry]]:
    """Decode the list of annotations about ``piece`` bytes at a time.

    The decoder lets no other thread run: 280 MB at once would freeze a screen for half a second
    and take that much memory. Pieces end where braces balance. Raises ``ValueError`` for what is no
    panoptic JSON, or for one that this does not suit (braces in names).
    """
    start = _list_start(file, piece)
    while True:
        file.seek(start)
        block = file.read(piece)
        end, last = _cut(np.frombuffer(block, np.uint8))
        part = block[:end].lstrip(b", \t\r\n")
        yield msgspec.json.decode(b"[%b]" % part, type=list[PanopticEntry])
        if last:
            return
        start += end


def _cut(codes: NDArray[np.uint8]) -> tuple[int, bool]:
    """Return how many bytes hold whole annotations, and whether the list ends there."""
    steps = (codes == ord("{")).view(np.int8) - (codes == ord("}")).view(np.int8)
    level = np.cumsum(steps, dtype=np.int32) == 0
    closed = np.flatnonzero(level & (codes == ord("]")))
    if len(closed):
        return int(closed[0]), True
    ends = np.flatnonzero(level & (steps < 0))
    if not len(ends):
        raise ValueError("no end of an annotation")
    return int(ends[-1]) + 1, False


def _list_start(file: BinaryIO, piece: int) -> int:
    """Return where the list of annotations begins, just after its bracket."""
    start = 0
    while True:
        file.seek(start)
        # Blocks overlap by more than the pattern is long.
        block = file.read(piece + 64)
        if match := _LIST.search(block):
            return start + match.end()
        if len(block) <= piece:
            raise ValueError("no list of annotations")
        start += piece


def _decode_whole(file: BinaryIO) -> list[PanopticEntry]:
    return msgspec.json.decode(file.read(), type=_Document).annotations


def _joined(parts: list[NDArray[np.int64]], limit: int) -> NDArray[np.int64]:
    """Return all numbers in one array; raises ``ValueError`` if one is not below ``limit``."""
    numbers = np.concatenate([np.empty(0, np.int64), *parts])
    if len(numbers) and not (numbers.min() >= 0 and numbers.max() < limit):
        raise ValueError(f"an id or category outside 0..{limit - 1}")
    return numbers


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


class Parts(NamedTuple):
    """What the ids of an image stand for, int32 (H, W) each."""

    classes: NDArray[np.int32]
    instances: NDArray[np.int32]
    """-1 where there is none."""
    parts: NDArray[np.int32]
    """-1 where there is none; 0 is unlabelled."""


def split_ids(ids: NDArray[np.int32]) -> Parts:
    """Split part ids; raises ``LabelError`` for numbers the format does not know."""
    illegal = (ids < 0) | ((ids > _CLASS_ONLY) & (ids < 1000)) | (ids > _HIGHEST)
    if illegal.any():
        raise LabelError(f"{int(ids[illegal][0])} is no id of a part", cause="illegal-id")
    pairs = whole_ids(ids)
    alone = ids <= _CLASS_ONLY
    return Parts(
        classes=np.where(alone, ids, pairs // 1000).astype(np.int32),
        instances=np.where(alone, NONE, pairs % 1000).astype(np.int32),
        parts=np.where(ids > _NO_PART, ids % 100, NONE).astype(np.int32),
    )


def whole_ids(ids: NDArray[np.int32]) -> NDArray[np.int32]:
    """Return the ids without their parts, as Cityscapes' instance images store them."""
    return np.where(ids > _NO_PART, ids // 100, ids).astype(np.int32)
