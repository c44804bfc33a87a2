"""Pictures as the bytes a terminal draws them from: Sixel, and the protocol of Kitty."""

from __future__ import annotations

import io
import itertools
import re
from base64 import b64encode
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

_BAND = 6
"""Rows of pixels in one row of Sixel characters."""
_RUN = re.compile(r"(.)\1{3,}")
_CHUNK = 4096
_numbers = itertools.count(1)


@dataclass(frozen=True, slots=True)
class TerminalImage:
    """What to write, beginning with the cursor where the upper left corner shall be."""

    put: str
    """Draws the picture."""
    load: str = ""
    """Comes before the first ``put``."""
    lift: str = ""
    """Takes the picture off; text written over it does where this is empty."""
    free: str = ""
    """Lets the terminal forget it."""


def kitty(image: Image.Image, columns: int, rows: int) -> TerminalImage:
    """A PNG the terminal keeps, and places over ``columns`` by ``rows`` cells.

    Source: "Terminal graphics protocol" of the Kitty manual. ``q=2`` keeps answers away from the
    keys, ``C=1`` the cursor where it is.
    """
    number = next(_numbers)
    png = io.BytesIO()
    image.save(png, "png", compress_level=2)
    data = b64encode(png.getvalue()).decode("ascii")
    chunks = [data[start : start + _CHUNK] for start in range(0, len(data), _CHUNK)]
    keys = [f"a=t,f=100,i={number},q=2,m=1", *["q=2,m=1"] * (len(chunks) - 1)]
    keys[-1] = keys[-1].replace("m=1", "m=0")
    return TerminalImage(
        put=_message(f"a=p,i={number},p=1,c={columns},r={rows},C=1,q=2"),
        load="".join(map(_message, keys, chunks)),
        lift=_message(f"a=d,d=i,i={number},q=2"),
        free=_message(f"a=d,d=I,i={number},q=2"),
    )


def _message(keys: str, data: str = "") -> str:
    return f"\x1b_G{keys};{data}\x1b\\"


def sixel(image: Image.Image, colours: int) -> TerminalImage:
    """Bands of six rows, drawn once per colour in them.

    Source: DEC STD 070, chapter "Sixel"; pixels left out stay as they are.
    """
    few = image.quantize(colours)
    indices, palette = np.asarray(few), few.getpalette() or []
    parts = [f'\x1bP0;1;0q"1;1;{few.width};{few.height}']
    for number in range(len(palette) // 3):
        red, green, blue = (round(part / 2.55) for part in palette[number * 3 : number * 3 + 3])
        parts.append(f"#{number};2;{red};{green};{blue}")
    bands = [_band(indices[top : top + _BAND]) for top in range(0, few.height, _BAND)]
    return TerminalImage(put="".join([*parts, "-".join(bands), "\x1b\\"]))


def _band(band: NDArray[np.uint8]) -> str:
    """Six rows as one row of characters per colour: bit ``n`` of a character is its pixel ``n``."""
    colours, places = np.unique(band, return_inverse=True)
    signs = np.zeros((len(colours), band.shape[1]), np.uint8)
    columns = np.arange(band.shape[1])
    for row, place in enumerate(places.reshape(band.shape)):
        signs[place, columns] |= 1 << row
    return "$".join(
        f"#{colour}{_packed(line)}" for colour, line in zip(colours, signs + 63, strict=True)
    )


def _packed(signs: NDArray[np.uint8]) -> str:
    text = signs.tobytes().decode("ascii").rstrip("?")
    return _RUN.sub(lambda run: f"!{len(run[0])}{run[1]}", text)
