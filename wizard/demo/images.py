"""Encoding generated pixels as the image files the datasets ship."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from wizard.demo.drawing import Picture


def png(pixels: NDArray[Any]) -> bytes:
    """Encode gray of 8 or 16 bits (H, W), or RGB (H, W, 3), as PNG."""
    return _encode(Image.fromarray(pixels), "PNG")


def palette_png(indices: NDArray[np.uint8], colours: Sequence[tuple[int, int, int]]) -> bytes:
    """Encode indices uint8 (H, W) as a PNG with a palette."""
    image = Image.fromarray(indices)
    image.putpalette([channel for colour in colours for channel in colour])
    return _encode(image, "PNG")


def jpeg(picture: Picture, *, gray: bool = False) -> bytes:
    """Encode a picture uint8 (H, W, 3) as JPEG, in colour or gray."""
    image = Image.fromarray(picture)
    return _encode(image.convert("L") if gray else image, "JPEG")


def colour_ids(ids: NDArray[np.uint32]) -> Picture:
    """Code segment ids as colours, red lowest: uint32 (H, W) -> uint8 (H, W, 3)."""
    return np.stack([ids >> shift & 255 for shift in (0, 8, 16)], axis=2).astype(np.uint8)


def _encode(image: Image.Image, kind: str) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind)
    return buffer.getvalue()
