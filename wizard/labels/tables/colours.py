"""Colours of classes: as a line of a published table gives them, or made from the name."""

from __future__ import annotations

import colorsys
import zlib

from wizard.labels.tables.lists import TableText

Colour = tuple[int, int, int]
"""Red, green and blue, 0 to 255."""


def read_colour(file: TableText, number: int, line: str) -> Colour:
    """Return the colour of a line; raises ``LabelError`` naming file and line (from 1)."""
    parts = line.split()
    if len(parts) != 3 or not all(part.isdecimal() and int(part) <= 255 for part in parts):
        raise file.fault(f"expected three numbers from 0 to 255, found {line!r}", line=number)
    red, green, blue = map(int, parts)
    return red, green, blue


def class_colour(name: str) -> Colour:
    """Return the colour of a class by its name: the same before and after relabelling."""
    bits = zlib.crc32(name.encode())
    hue = (bits & 0xFFFF) / 0x10000
    saturation = 0.45 + 0.5 * ((bits >> 16) & 0xFF) / 0xFF
    value = 0.62 + 0.36 * ((bits >> 24) & 0xFF) / 0xFF
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
