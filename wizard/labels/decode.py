"""Label images from disk: stored values, palette indices, or packed colours.

Only whole files count: every PNG chunk is checked against its CRC before Pillow decodes it.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.errors import LabelError
from wizard.labels import png

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

    def packed(self) -> Colours:
        """Return the whole picture, uint32 (H, W)."""
        whole = np.empty(self.shape, np.uint32)
        for rows, colours in self.strips():
            whole[rows] = colours.reshape(-1, self.shape[1])
        return whole


def read_values(path: Path) -> Values:
    """Return the stored values of a gray or palette image, uint8 or uint16 ``(H, W)``.

    A palette is not looked at: labels saved with one keep their class numbers as indices (fact
    sheet mseg section 3). Raises ``LabelError`` for damaged files and for colour images.
    """
    image = _load(path)
    if image.mode in ("L", "P"):
        return _gray(image)
    if image.mode.startswith("I;16"):
        return np.asarray(image).astype(np.uint16, copy=False)
    if image.mode == "1":
        return np.asarray(image).astype(np.uint8)
    if image.mode in ("LA", "PA"):
        return np.asarray(image.getchannel(0))
    if image.mode == "I":
        return _narrowed(np.asarray(image), path)
    raise LabelError(
        f"a {image.mode} image where one number per pixel was expected",
        cause="not-a-label",
        where=str(path),
        hint=UNPACK_AGAIN,
    )


def read_colours(path: Path) -> Palette | TrueColour:
    """Return a picture by its colours, alpha dropped; raises ``LabelError`` for damaged files."""
    image = _load(path)
    if image.mode == "P":
        return Palette(_gray(image), _palette_colours(image))
    if image.mode == "L":
        gray = np.arange(256, dtype=np.uint32)
        return Palette(_gray(image), gray * np.uint32(0x010101))
    return TrueColour(image if image.mode == "RGB" else image.convert("RGB"))


def read_packed(path: Path) -> Colours:
    """Return a picture as packed colours, uint32 (H, W); raises ``LabelError``."""
    picture = read_colours(path)
    if isinstance(picture, Palette):
        return picture.colours[picture.indices]
    return picture.packed()


def read_blue(path: Path) -> NDArray[np.uint8]:
    """Return the blue channel of a colour image, uint8 (H, W); raises ``LabelError``."""
    image = _load(path)
    if image.mode not in ("RGB", "RGBA"):
        image = image.convert("RGB")
    return np.asarray(image.getchannel("B"))


def pack(rows: NDArray[np.uint8]) -> Colours:
    """Pack colours of uint8 (n, 3) rows, uint32 (n,)."""
    wide = rows.astype(np.uint32)
    packed: Colours = wide[:, 0] | wide[:, 1] << np.uint32(8) | wide[:, 2] << np.uint32(16)
    return packed


def _load(path: Path) -> Image.Image:
    """Decode a file from one read of its bytes."""
    where = str(path)
    try:
        data = path.read_bytes()
    except FileNotFoundError as error:
        raise LabelError(
            "this label is missing",
            cause="missing-label",
            where=where,
            hint="run again: it is unpacked or converted anew",
        ) from error
    try:
        if data.startswith(png.SIGNATURE):
            for _ in png.chunks(data, where):
                pass
        image = Image.open(io.BytesIO(data))
        image.load()
    except LabelError as error:
        error.hint = UNPACK_AGAIN
        raise
    except _UNDECODABLE as error:
        raise LabelError(
            f"this image does not decode ({error})",
            cause="undecodable-image",
            where=where,
            hint=UNPACK_AGAIN,
        ) from error
    return image


_UNDECODABLE: tuple[type[Exception], ...] = (
    OSError,
    SyntaxError,
    ValueError,
    EOFError,
    Image.DecompressionBombError,
    Image.DecompressionBombWarning,
)
"""What Pillow raises for files that are not the image they claim to be."""


def _gray(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image)


def _palette_colours(image: Image.Image) -> Colours:
    """Return what each index looks like to Pillow, also past the end of a short palette."""
    probe = Image.new("P", (256, 1))
    probe.frombytes(bytes(range(256)))
    probe.putpalette(image.getpalette("RGB") or [])
    return pack(np.asarray(probe.convert("RGB"))[0])


def _narrowed(wide: NDArray[np.int32], path: Path) -> NDArray[np.uint16]:
    if wide.min() < 0 or wide.max() > np.iinfo(np.uint16).max:
        raise LabelError(
            "values that 16 bits cannot hold",
            cause="not-a-label",
            where=str(path),
            hint=UNPACK_AGAIN,
        )
    return wide.astype(np.uint16)
