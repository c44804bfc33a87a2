"""Columns of blocks: values over time in a few rows of text."""

from __future__ import annotations

from collections.abc import Sequence

from textual.content import Content

from wizard.tui.glyphs import Glyphs

Curve = Sequence[float]


def plot(values: Curve, width: int, height: int, signs: Glyphs, tone: str) -> list[Content]:
    """``height`` rows of at most ``width`` columns, the newest at the right, scaled to the most."""
    shown = [*values][-width:]
    top = max(shown, default=0.0)
    steps = len(signs.sparks)
    levels = [round(value / top * height * steps) if top > 0 else 0 for value in shown]
    # What moved at all is seen.
    levels = [max(level, 1) if value > 0 else 0 for level, value in zip(levels, shown, strict=True)]
    rows: list[Content] = []
    for row in range(height - 1, -1, -1):
        text = "".join(_part(level - row * steps, signs) for level in levels)
        rows.append(Content.styled(f"{text:>{width}}", tone))
    return rows


def _part(level: int, signs: Glyphs) -> str:
    """The part of a column in one row: nothing, a lower part, or all of it."""
    return " " if level <= 0 else signs.sparks[min(level, len(signs.sparks)) - 1]


def stacked(
    lower: Curve, upper: Curve, width: int, height: int, signs: Glyphs, tones: tuple[str, str]
) -> list[Content]:
    """Two series one above the other, told apart by their signs as well as by their tones."""
    pairs = list(zip(lower, upper, strict=True))[-width:]
    top = max((low + high for low, high in pairs), default=0.0)
    cells = [_levels(pair, top, height) for pair in pairs]
    rows: list[Content] = []
    for row in range(height - 1, -1, -1):
        parts: list[tuple[str, str] | str] = [" " * (width - len(cells))]
        for low, both in cells:
            if row < low:
                parts.append((signs.sparks[-1], tones[0]))
            else:
                parts.append((signs.shade, tones[1]) if row < both else " ")
        rows.append(Content.assemble(*parts).simplify())
    return rows


def _levels(pair: tuple[float, float], top: float, height: int) -> tuple[int, int]:
    """How many whole cells the lower one, and both together, are high."""
    if top <= 0:
        return 0, 0
    low, both = round(pair[0] / top * height), round(sum(pair) / top * height)
    return low, max(both, low)


def shares(parts: Sequence[tuple[float, str, str]], width: int) -> Content:
    """One bar of several parts, each with its sign and tone, together ``width`` cells at most."""
    total = sum(amount for amount, _, _ in parts)
    drawn: list[tuple[str, str] | str] = []
    done = 0.0
    for amount, sign, tone in parts:
        start = round(done / total * width) if total else 0
        done += amount
        drawn.append((sign * (round(done / total * width) - start if total else 0), tone))
    return Content.assemble(*drawn)
