"""Pictures of others, opened with Pillow within the bounds."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from PIL import Image

from wizard.errors import LabelError
from wizard.foreign import open_foreign
from wizard.labels.bounds import IMAGE_BYTES, check_picture, check_pixels

FORMATS = ("JPEG", "PNG", "BMP", "GIF", "TIFF", "WEBP")
"""What data sets hold. Pillow knows fifty more, and starts another program for one of them."""

PICTURE_FAILURES: tuple[type[Exception], ...] = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    MemoryError,
    OverflowError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises for files that are not the image they claim to be."""
NO_PICTURE: tuple[type[Exception], ...] = (LabelError, *PICTURE_FAILURES)
"""What ``open_picture`` and decoding raise."""


def picture_in(file: BinaryIO, where: str) -> Image.Image:
    """Return a picture that is not decoded yet.

    Raises ``LabelError`` for one beyond the bounds, and any of ``PICTURE_FAILURES``.
    """
    image = Image.open(file, formats=FORMATS)
    check_pixels(*image.size, where)
    return image


@contextmanager
def open_picture(path: Path) -> Iterator[Image.Image]:
    """Yield the picture in a file; raises as ``picture_in`` does."""
    with open_foreign(path) as file:
        check_picture(path, path.stat(), IMAGE_BYTES)
        with picture_in(file, str(path)) as image:
            yield image
