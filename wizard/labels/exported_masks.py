"""Masks of relabel records on their own: what another lab needs instead of a lost archive.

An exported file is a zip of ``masks.json``, which says what the masks are of, and one small JSON an
image under ``masks/``: where each segment that a record names is, as runs of pixels within a box.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.foreign import open_foreign
from wizard.labels.drawing.polygons import Patch

_LARGEST = 64 << 20
"""Bytes of one image's masks; a larger file is none of ours."""


class MaskRuns(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One segment: lengths of runs within a box, row by row, outside and inside in turn."""

    box: tuple[int, int, int, int]
    """First and end row, first and end column."""
    runs: tuple[int, ...]


class ImageMasks(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """All segments of one image that records name."""

    shape: tuple[int, int]
    """Height and width of the label."""
    source: str
    """sha256 of the file the masks were read from."""
    segments: dict[str, MaskRuns]
    """By the segment's number."""


@dataclass(frozen=True, slots=True)
class ExportedMasks:
    """The segments of one image as another lab exported them."""

    image: ImageMasks
    where: str

    def patch(self, segment: int) -> Patch:
        """Return the segment's box; raises ``LabelError`` for one that was not exported."""
        found = self.image.segments.get(str(segment))
        if found is None:
            raise LabelError(
                f"no mask of segment {segment} was exported",
                cause="segment-not-found",
                where=self.where,
                hint="the masks are of other records: export them again with these tables",
            )
        top, bottom, left, right = found.box
        return Patch(slice(top, bottom), slice(left, right), _drawn(found))


def _drawn(mask: MaskRuns) -> NDArray[np.bool_]:
    top, bottom, left, right = mask.box
    inside = np.zeros(len(mask.runs), np.bool_)
    inside[1::2] = True
    return np.repeat(inside, mask.runs).reshape(bottom - top, right - left)


def encode_mask(patch: Patch, shape: tuple[int, int]) -> MaskRuns:
    """Return a segment as runs within the smallest box that holds it."""
    whole = np.zeros(shape, np.bool_)
    whole[patch.rows, patch.columns] = patch.inside
    rows, columns = (np.flatnonzero(whole.any(axis=axis)) for axis in (1, 0))
    if not len(rows):
        return MaskRuns((0, 0, 0, 0), ())
    box = (int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)
    flat = whole[box[0] : box[1], box[2] : box[3]].ravel()
    turns = np.flatnonzero(np.diff(flat)) + 1
    lengths = np.diff(np.concatenate(([0], turns, [len(flat)]))).tolist()
    return MaskRuns(box, tuple([0, *lengths] if flat[0] else lengths))


def read_exported(path: Path, shape: tuple[int, int]) -> ExportedMasks:
    """Read and check the masks of one image; raises ``LabelError`` for what cannot be used."""
    try:
        with open_foreign(path) as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        reason = error.strerror or "cannot be read"
        raise LabelError(reason, cause="missing-mask", where=str(path)) from error
    image = parse_exported(data, str(path))
    if image.shape != shape:
        raise LabelError(
            f"masks of {image.shape[1]}x{image.shape[0]} pixels, but the label has"
            f" {shape[1]}x{shape[0]}",
            cause="wrong-size",
            where=str(path),
            hint="the masks are of another release of the images",
        )
    return ExportedMasks(image, str(path))


def parse_exported(data: bytes, where: str) -> ImageMasks:
    """Return the masks of one image as they were written; raises ``LabelError`` naming ``where``.

    What comes from outside is bounded: boxes lie in the image and runs fill them exactly.
    """
    try:
        if len(data) > _LARGEST:
            raise ValueError("is far too large")
        image = msgspec.json.decode(data, type=ImageMasks)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise _fault(f"holds no masks: {error}", where) from error
    if not all(0 < side <= 1 << 16 for side in image.shape):
        raise _fault(f"no image is {image.shape[1]}x{image.shape[0]}", where)
    for name, mask in image.segments.items():
        if reason := _wrong(name, mask, image.shape):
            raise _fault(reason, where)
    return image


def _wrong(name: str, mask: MaskRuns, shape: tuple[int, int]) -> str:
    top, bottom, left, right = mask.box
    if not (name.isascii() and name.isdigit()):
        return f"{name[:20]!r} is no number of a segment"
    if not (0 <= top <= bottom <= shape[0] and 0 <= left <= right <= shape[1]):
        return f"segment {name} lies outside the image"
    area = (bottom - top) * (right - left)
    if any(run < 0 for run in mask.runs) or sum(mask.runs) != area:
        return f"the runs of segment {name} do not fill its box"
    return ""


def _fault(reason: str, where: str) -> LabelError:
    return LabelError(
        reason,
        cause="broken-mask",
        where=where,
        hint="get the exported masks again: this copy is damaged or was changed",
    )


def records_hash(records: Mapping[tuple[str, str], tuple[int, ...]]) -> str:
    """Return the sha256 of which segments of which images records name, in a fixed order."""
    digest = hashlib.sha256()
    for key in sorted(records):
        line = "/".join(key) + ":" + ",".join(map(str, sorted(set(records[key]))))
        digest.update(f"{line}\n".encode())
    return digest.hexdigest()
