"""Label images from disk: stored values, palette indices, or packed colours.

Only whole files count: every PNG chunk is checked against its CRC before Pillow decodes it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.errors import LabelError, reason_of
from wizard.labels.bounds import IMAGE_BYTES, read_bounded
from wizard.labels.pixels import png
from wizard.labels.pixels.pictures import PICTURE_FAILURES, picture_in
from wizard.labels.pixels.png import Plain, decode_plain, up_lines

Values = NDArray[np.uint8] | NDArray[np.uint16]
"""Stored numbers of a label image, (H, W)."""

Colours = NDArray[np.uint32]
"""Colours packed as R + 256 G + 65536 B."""

UNPACK_AGAIN = "delete this file and run again: it is unpacked anew from its archive"

_STRIP = 1 << 18
"""Pixels of a colour image handled at once: enough to be fast, few enough to stay in cache."""


@dataclass(frozen=True, slots=True)
class Palette:
    """A picture of at most 256 colours: uint8 (H, W) indices and uint32 (256,) packed colours."""

    indices: NDArray[np.uint8]
    colours: Colours


class TrueColour:
    """A picture with three channels, handed out strip by strip so that memory stays small."""

    def __init__(self, image: Image.Image) -> None:
        self._image = image
        self.shape = (image.height, image.width)

    def strips(self) -> Iterator[tuple[slice, Colours]]:
        """Yield rows from top to bottom: their place, and uint32 (rows * W,) packed colours."""
        height, width = self.shape
        step = max(1, _STRIP // width)
        for top in range(0, height, step):
            rows = slice(top, min(height, top + step))
            strip = self._image.crop((0, rows.start, width, rows.stop))
            # Pillow keeps RGB in four bytes a pixel: this is a copy, not a conversion.
            packed = np.frombuffer(strip.tobytes("raw", "RGBX"), "<u4")
            yield rows, packed & np.uint32(0xFFFFFF)

    def blue(self) -> NDArray[np.uint8]:
        """Return the blue channel, uint8 (H, W)."""
        return np.asarray(self._image.getchannel("B"))

    def packed(self) -> Colours:
        """Return the whole picture, uint32 (H, W)."""
        whole = np.empty(self.shape, np.uint32)
        for rows, colours in self.strips():
            whole[rows] = colours.reshape(-1, self.shape[1])
        return whole


@dataclass(frozen=True, slots=True)
class Stored:
    """A label file read once: what it is, and its pixels by number or by colour."""

    path: Path
    image: Plain | Image.Image

    @classmethod
    def read(cls, path: Path) -> Stored:
        """Read and decode a whole file; raises ``LabelError`` for a missing or damaged one."""
        return cls(path, _load(path))

    @property
    def size(self) -> tuple[int, int]:
        """Width and height, pixels."""
        if isinstance(self.image, Plain):
            height, width = self.image.values.shape
            return width, height
        return self.image.size

    @property
    def mode(self) -> str:
        """Pillow's name of the pixel format."""
        if not isinstance(self.image, Plain):
            return self.image.mode
        if self.image.values.dtype != np.uint8:
            return "I;16"
        return "L" if self.image.palette is None else "P"

    def values(self) -> Values:
        """Return the stored numbers, (H, W); see ``read_values``."""
        return _values(self.image, self.path)

    def colours(self) -> Palette | TrueColour:
        """Return the pixels by colour; see ``read_colours``."""
        return _colours(self.image, self.path)

    def packed(self) -> Colours:
        """Return the pixels as packed colours, uint32 (H, W)."""
        picture = self.colours()
        if isinstance(picture, Palette):
            return picture.colours[picture.indices]
        return picture.packed()


def read_values(path: Path) -> Values:
    """Return the stored values of a gray or palette image, uint8 or uint16 ``(H, W)``.

    A palette is not looked at: labels saved with one keep their class numbers as indices (fact
    sheet mseg section 3). Raises ``LabelError`` for damaged files and for colour images.
    """
    return _values(_load(path), path)


def read_up_lines(path: Path) -> NDArray[np.uint8] | None:
    """Return the scan lines of a label as this software writes them, uint8 (H, 1 + W).

    None for any other file, and for one that is missing or damaged in any byte.
    """
    try:
        data = _bytes(path)
        return up_lines([*png.chunks(data, str(path))]) if data.startswith(png.SIGNATURE) else None
    except (LabelError, OSError):
        return None


def _bytes(path: Path) -> bytes:
    return read_bounded(path, IMAGE_BYTES)


def _values(image: Plain | Image.Image, path: Path) -> Values:
    if isinstance(image, Plain):
        return image.values
    if image.mode in ("L", "P"):
        return np.asarray(image)
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16, copy=False)
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8)
    if image.mode in ("LA", "PA"):
        return np.asarray(image.getchannel(0))
    if image.mode == "I":
        return _narrowed(np.asarray(image), path)
    raise _not_a_label(image.mode, "numbers, one per pixel,", path)


def read_colours(path: Path) -> Palette | TrueColour:
    """Return a picture by its colours, alpha dropped; raises ``LabelError`` for damaged files."""
    return _colours(_load(path), path)


def _colours(image: Plain | Image.Image, path: Path) -> Palette | TrueColour:
    if isinstance(image, Plain):
        if image.values.dtype == np.uint8:
            indices = cast("NDArray[np.uint8]", image.values)
            return Palette(indices, _palette_colours(image.palette))
        raise _not_a_label("16-bit gray", "colours", path)
    if image.mode == "P":
        return Palette(np.asarray(image), _palette_colours(bytes(image.getpalette("RGB") or ())))
    if image.mode == "L":
        return Palette(np.asarray(image), _palette_colours(None))
    return TrueColour(image if image.mode == "RGB" else image.convert("RGB"))


def read_packed(path: Path) -> Colours:
    """Return a picture as packed colours, uint32 (H, W); raises ``LabelError``."""
    return Stored.read(path).packed()


def read_blue(path: Path) -> NDArray[np.uint8]:
    """Return the blue channel of a colour image, uint8 (H, W); raises ``LabelError``."""
    picture = read_colours(path)
    if isinstance(picture, TrueColour):
        return picture.blue()
    return (picture.colours >> np.uint32(16)).astype(np.uint8)[picture.indices]


def pack_colours(rows: NDArray[np.uint8]) -> Colours:
    """Pack colours of uint8 (n, 3) rows, uint32 (n,)."""
    wide = rows.astype(np.uint32)
    packed: Colours = wide[:, 0] | wide[:, 1] << np.uint32(8) | wide[:, 2] << np.uint32(16)
    return packed


def _load(path: Path) -> Plain | Image.Image:
    """Decode a file from one read of its bytes, without Pillow where that is faster."""
    where = str(path)
    try:
        data = _bytes(path)
    except FileNotFoundError as error:
        raise LabelError(
            "this label is missing",
            cause="missing-label",
            where=where,
            hint="run again: it is unpacked or converted anew",
        ) from error
    except OSError as error:
        raise LabelError(
            f"this label cannot be read: {reason_of(error)}",
            cause="undecodable-image",
            where=where,
            hint=UNPACK_AGAIN,
        ) from error
    if data.startswith(png.SIGNATURE) and (plain := decode_plain([*_proven(data, where)])):
        return plain
    try:
        image = picture_in(io.BytesIO(data), where)
        image.load()
    except PICTURE_FAILURES as error:
        raise LabelError(
            f"this image does not decode ({error})",
            cause="undecodable-image",
            where=where,
            hint=UNPACK_AGAIN,
        ) from error
    return image


def _proven(data: bytes, where: str) -> Iterator[png.Chunk]:
    try:
        yield from png.chunks(data, where)
    except LabelError as error:
        error.hint = UNPACK_AGAIN
        raise


def _palette_colours(palette: bytes | None) -> Colours:
    """Return what each index looks like to Pillow: past a short palette's end, gray."""
    shown = np.repeat(np.arange(256, dtype=np.uint8), 3)
    if palette is not None:
        given = np.frombuffer(palette[:768], np.uint8)
        shown[: len(given)] = given
    return pack_colours(shown.reshape(256, 3))


def _narrowed(wide: NDArray[np.int32], path: Path) -> NDArray[np.uint16]:
    if wide.min() < 0 or wide.max() > np.iinfo(np.uint16).max:
        raise _not_a_label("more than 16-bit", "16 bits", path)
    return wide.astype(np.uint16)


def _not_a_label(found: str, wanted: str, path: Path) -> LabelError:
    return LabelError(
        f"a {found} image where {wanted} were expected",
        cause="not-a-label",
        where=str(path),
        hint=UNPACK_AGAIN,
    )
