"""Image files as they lie on disk: what they claim to be and whether they are whole."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.foreign import open_foreign
from wizard.labels.pixels.pictures import NO_PICTURE, open_picture

END_MARKS = {"JPEG": b"\xff\xd9", "PNG": b"IEND\xae\x42\x60\x82"}
"""The bytes a whole file of a format ends with; cameras may leave padding after them."""

TAIL = 4096
"""Bytes at the end in which the end mark is looked for."""


class UnreadableImage(Exception):
    """A file no pixels can be had from; ``truncated`` tells a short file from a foreign one."""

    def __init__(self, reason: str, *, truncated: bool = False, missing: bool = False) -> None:
        super().__init__(reason)
        self.truncated = truncated
        self.missing = missing


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of itself."""

    size: tuple[int, int]
    """Width and height, pixels."""
    mode: str
    """Pillow's name of the pixel format."""
    ended: bool
    """Whether the end mark is where it should be."""


def read_header(path: Path) -> Header:
    """Read an image's size and look for its end, without decoding it; raises ``Unreadable``."""
    with _opened(path) as image:
        return Header(image.size, image.mode, _ended(path, image.format or ""))


def decode_fully(path: Path) -> None:
    """Decode every pixel of an image; raises ``Unreadable`` when that fails."""
    with _opened(path) as image:
        image.load()


def read_pixels(path: Path) -> tuple[str, NDArray[Any]]:
    """Return Pillow's name of the pixel format and the stored pixels; raises ``Unreadable``."""
    with _opened(path) as image:
        return image.mode, np.asarray(image)


@contextmanager
def _opened(path: Path) -> Iterator[Image.Image]:
    """Open a file with Pillow, every way it can fail turned into ``Unreadable``."""
    try:
        with open_picture(path) as image:
            yield image
    except FileNotFoundError as error:
        raise UnreadableImage("nothing is there", missing=True) from error
    except NO_PICTURE as error:
        # Pillow names the file object, which tells nobody anything.
        reason = re.sub(r" <_io\..*>$", "", str(error))
        raise UnreadableImage(reason, truncated="truncated" in reason.lower()) from error


def _ended(path: Path, form: str) -> bool:
    mark = END_MARKS.get(form)
    if mark is None:
        return True
    with open_foreign(path) as file:
        file.seek(max(0, path.stat().st_size - TAIL))
        return mark in file.read()
