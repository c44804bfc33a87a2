"""Boundaries of classes: weights that fall off with the distance, ready ones, and edges."""

from __future__ import annotations

import io
import struct
import tarfile
import zipfile
import zlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

import numpy as np
from numpy.typing import NDArray

from wizard.errors import LabelError
from wizard.files import whole
from wizard.foreign import open_foreign, read_foreign
from wizard.labels.bounds import IMAGE_BYTES, JSON_FAILURES
from wizard.labels.tables.taxonomies import UNLABELED

SIGMA = 5.0
"""Distance in pixels, squared in the exponent's denominator."""

_HEADS = 1 << 16
"""Bytes of an npz beside its numbers."""

LossWeights = NDArray[np.float32] | NDArray[np.uint8]
"""One map a class, (n, H, W): float32 in 0..1, or the same times 255 cut to uint8."""


_FAILURES: tuple[type[Exception], ...] = (
    *JSON_FAILURES,
    KeyError,
    EOFError,
    SyntaxError,
    RuntimeError,
    struct.error,
    zlib.error,
    zipfile.BadZipFile,
)
"""What numpy and zipfile raise for files that are no weights; encrypted ones say so on their own.
"""
EDGE = 255
DEFAULT_WIDTH = 3


def present_classes(label: NDArray[np.uint8]) -> NDArray[np.int64]:
    """Return the classes of a label image in ascending order, background included, int64 (n,)."""
    present = np.flatnonzero(np.bincount(label.ravel(), minlength=256))
    classes: NDArray[np.int64] = present[present != UNLABELED].astype(np.int64)
    return classes


def boundary_weights(
    label: NDArray[np.uint8], *, as_bytes: bool, sigma: float = SIGMA
) -> LossWeights:
    """Return ``exp(-d / sigma**2)`` for every class of a label image, uint8 (H, W).

    ``d`` is the Euclidean distance to the class's boundary, a pixel wide on either side of it;
    outside the image counts as another class, so that no boundary is empty.
    """
    from scipy.ndimage import distance_transform_edt

    classes = present_classes(label)
    weights = np.empty((len(classes), *label.shape), np.float32)
    for place, number in enumerate(classes):
        distance = distance_transform_edt(~_boundary(label == number))
        weights[place] = np.exp(-distance / sigma**2)
    return (weights * np.float32(255)).astype(np.uint8) if as_bytes else weights


def _boundary(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return pixels whose 3x3 neighbourhood is neither empty nor full of the class."""
    padded = np.pad(mask.view(np.uint8), 1)
    rows = padded[:-2] + padded[1:-1] + padded[2:]
    count = rows[:, :-2] + rows[:, 1:-1] + rows[:, 2:]
    boundary: NDArray[np.bool_] = (count > 0) & (count < 9)
    return boundary


def write_weights(path: Path, label: NDArray[np.uint8], *, as_bytes: bool) -> None:
    """Write the arrays ``x`` (weights) and ``c`` (classes) as a compressed npz, whole."""
    weights = boundary_weights(label, as_bytes=as_bytes)
    with whole(path) as file:
        np.savez_compressed(file, x=weights, c=present_classes(label))


def check_weights(path: Path, label: NDArray[np.uint8], *, as_bytes: bool) -> None:
    """Raise ``LabelError`` unless every byte of a weight file reads back and fits its label.

    Published weight archives are known to hold truncated files (fact sheet fptrans section 5).
    """
    try:
        data = read_foreign(path, IMAGE_BYTES)
    except OSError as error:
        raise _unfit(path, f"not a whole weight file ({error})") from error
    check_stored(data, path, label, as_bytes=as_bytes)


def check_stored(data: bytes, path: Path, label: NDArray[np.uint8], *, as_bytes: bool) -> None:
    """Do the same for bytes; ``path`` is what the error names."""
    most = label.size * 4 * (len(present_classes(label)) + 1) + _HEADS
    try:
        with zipfile.ZipFile(io.BytesIO(data)) as packed:
            if sum(each.file_size for each in packed.infolist()) > most:
                raise ValueError("it holds more than the weights of its label")
        with np.load(io.BytesIO(data)) as stored:
            weights, classes = stored["x"], stored["c"]
    except _FAILURES as error:
        raise _unfit(path, f"not a whole weight file ({error})") from error
    expected = np.uint8 if as_bytes else np.float32
    if weights.dtype != expected:
        raise _unfit(path, f"weights of {weights.dtype}, where training reads {expected.__name__}")
    if weights.shape != (len(classes), *label.shape):
        raise _unfit(path, f"weights {weights.shape} for a label of {label.shape}")
    if not np.array_equal(classes, present_classes(label)):
        raise _unfit(path, "its classes are not those of the label")


def _unfit(path: Path, reason: str) -> LabelError:
    hint = "delete it and run again: it is computed anew"
    return LabelError(reason, cause="broken-weights", where=str(path), hint=hint)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Where a member's bytes lie in the tar."""

    offset: int
    size: int


@dataclass(frozen=True, slots=True)
class ReadyWeights:
    """A tar of npz files and where each of them lies, by stem."""

    archive: Path
    members: Mapping[str, Stretch]

    @classmethod
    def index(cls, archive: Path | None) -> ReadyWeights | None:
        """List an uncompressed tar whatever its folder is called; None when it is none.

        A tar that was cut short gives the members before the cut.
        """
        if archive is None:
            return None
        members: dict[str, Stretch] = {}
        try:
            with open_foreign(archive) as file, tarfile.open(fileobj=file, mode="r:") as packed:
                for member in packed:
                    path = PurePosixPath(member.name)
                    if member.isreg() and path.suffix == ".npz":
                        members[path.stem] = Stretch(member.offset_data, member.size)
        except (OSError, tarfile.TarError):
            if not members:
                return None
        return cls(archive, members)

    def read(self, stem: str) -> bytes | None:
        """Return the bytes of one member, or None when it is not in the tar."""
        stretch = self.members.get(stem)
        if stretch is None:
            return None
        with open_foreign(self.archive) as file:
            file.seek(stretch.offset)
            return file.read(stretch.size)


def edges(label: NDArray[np.uint8], width: int = DEFAULT_WIDTH) -> NDArray[np.uint8]:
    """Return 255 on class borders of a label, uint8 (H, W), and 0 elsewhere.

    A vertical pair marks its lower pixel, a horizontal pair its left, a diagonal its upper left
    and an anti-diagonal its upper right; pairs with an ignored pixel mark nothing.
    """
    marks = np.zeros(label.shape, bool)
    marks[1:] |= _differ(label[:-1], label[1:])
    marks[:, :-1] |= _differ(label[:, :-1], label[:, 1:])
    marks[:-1, :-1] |= _differ(label[:-1, :-1], label[1:, 1:])
    marks[:-1, 1:] |= _differ(label[:-1, 1:], label[1:, :-1])
    return _widened(marks, width).astype(np.uint8) * np.uint8(EDGE)


def _differ(first: NDArray[np.uint8], second: NDArray[np.uint8]) -> NDArray[np.bool_]:
    differ: NDArray[np.bool_] = (first != second) & (first != UNLABELED) & (second != UNLABELED)
    return differ


def _widened(marks: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """Dilate by a square of ``width`` whose anchor is ``width // 2``, one axis after the other."""
    for axis in (0, 1):
        length = marks.shape[axis]
        padded = np.pad(marks, [(width, width) if a == axis else (0, 0) for a in (0, 1)])
        wide = np.zeros_like(marks)
        for offset in range(width):
            start = width + offset - width // 2
            wide |= padded.take(range(start, start + length), axis=axis)
        marks = wide
    return marks
