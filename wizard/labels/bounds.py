"""How much of a file from outside is believed: one table, each bound with its reason.

=========  =========================  ==========================================================
what       bound                      reason
=========  =========================  ==========================================================
pixels     2**26 (67 million)         three times the largest label of any dataset (Mapillary,
                                      22 million); as colours it takes 0.3 GB
image      256 MiB                    no label or part file packs 67 million pixels worse
JSON       2 GiB                      LVIS, the largest annotation file read here, has 1.1 GB
           8 million objects          where only named fields are kept: a row of one takes up to
                                      200 bytes; LVIS has 1.3 million
           64 million values          where all of it is kept: about 2 GB of numbers
polygons   64 MiB                     one image's objects; the largest have 3 MB
MATLAB     256 MiB                    one image's label map or parts, or a table of synsets
           1 GiB, 2**27 numbers and   unpacked; the largest table, ImageNet's, has 15,000
           4 million cells, 32 deep   cells in cells of cells
pickle     2 GiB, 4 million steps     one file of label images; each takes a dozen steps
tables     64 MiB                     lists and names of classes; COCO's longest list has 9 MB
=========  =========================  ==========================================================

Nesting is bounded by the decoder itself, numbers by what the fields can hold. What lies beyond
becomes an error that names the file.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import TypeVar

import msgspec

from wizard import figures
from wizard.errors import LabelError

PIXELS = 1 << 26
IMAGE_BYTES = 1 << 28
JSON_BYTES = 2 << 30
JSON_OBJECTS = 1 << 23
JSON_VALUES = 1 << 26
POLYGON_BYTES = 64 << 20
MATLAB_BYTES = 1 << 28
MATLAB_INFLATED = 1 << 30
MATLAB_NUMBERS = 1 << 27
MATLAB_PARTS = 4_000_000
MATLAB_DEEPEST = 32
PICKLE_BYTES = 2 << 30
PICKLE_STEPS = 4_000_000
TABLE_BYTES = 64 << 20

DocumentT = TypeVar("DocumentT")

JSON_FAILURES: tuple[type[Exception], ...] = (
    OSError,
    ValueError,
    msgspec.MsgspecError,
    OverflowError,
    RecursionError,
    MemoryError,
)
"""Everything a JSON file from outside can make a decoder raise."""


def decode_rows(data: bytes, shape: type[DocumentT]) -> DocumentT:
    """Decode JSON of which only the fields of ``shape`` are kept; raises as ``JSON_FAILURES``.

    Two bytes of text may become a hundred in memory, so what is in it is counted first.
    """
    _check_count(data.count(b"{"), JSON_OBJECTS, "objects")
    return msgspec.json.decode(data, type=shape)


def decode_whole(data: bytes, shape: type[DocumentT]) -> DocumentT:
    """Decode JSON of which everything is kept; raises as ``JSON_FAILURES``."""
    # Every value but the first follows one of these.
    _check_count(sum(map(data.count, (b"{", b"[", b",", b":"))), JSON_VALUES, "values")
    return msgspec.json.decode(data, type=shape)


def _check_count(found: int, most: int, what: str) -> None:
    if found > most:
        raise ValueError(f"{found:,} {what}, where at most {most:,} are read")


def read_bounded(path: Path, largest: int) -> bytes:
    """Return the bytes of a regular file of at most ``largest``.

    Raises ``LabelError`` for anything else, and ``OSError`` for what cannot be opened.
    """
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    # No buffer: a file object of its own costs three times the calls.
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        check_picture(path, os.fstat(descriptor), largest)
        return file.read()


def check_picture(path: Path, status: os.stat_result, largest: int) -> None:
    """Raise ``LabelError`` unless a file is a regular one of at most ``largest`` bytes."""
    if not stat.S_ISREG(status.st_mode):
        raise LabelError("no regular file", cause="not-a-file", where=str(path))
    if status.st_size > largest:
        size, most = figures.size(status.st_size), figures.size(largest)
        raise LabelError(
            f"{size}, where at most {most} are read",
            cause="too-large",
            where=str(path),
            hint="It is not the file it should be. Fetch its archive again.",
        )


def check_pixels(width: int, height: int, where: str) -> None:
    """Raise ``LabelError`` for an image without pixels, or with more than any label has."""
    if not (width > 0 and height > 0 and width * height <= PIXELS):
        raise LabelError(
            f"{width} x {height} pixels, where labels have 1 to {PIXELS:,}",
            cause="too-many-pixels",
            where=where,
            hint="It is not the file it should be. Fetch its archive again.",
        )
