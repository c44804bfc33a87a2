"""What the terminal shows already: only cells that change are written, and nothing when none does.

The toolkit writes every cell of a part that is drawn anew, whether it changed or not. Over a slow
line that makes keys late, and a screen nobody touches costs a gigabyte in forty hours.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from types import MappingProxyType

from rich.cells import cell_len
from rich.style import Style
from textual._compositor import ChopsUpdate, CompositorUpdate, LayoutUpdate
from textual.geometry import Region, Size
from textual.strip import Strip

from wizard.harmless import is_harmless_text

_SAME = 6
"""Unchanged cells that are cheaper to write again than to jump over."""

_IN_ASCII = MappingProxyType({"…": "~", "⏎": ">", "\u00a0": " "})
"""Signs of the toolkit and of cut lines that a plain terminal lacks."""

Cell = tuple[str, Style | None]
"""What one cell shows: its character, empty in the right half of a wide one, and how."""


@dataclass(frozen=True, slots=True)
class Run:
    """Neighbouring cells to be written."""

    x: int
    y: int
    cells: Sequence[Cell]


class ShownCells:
    """Remembers every cell that was written, and turns an update into the difference."""

    def __init__(self, *, plain: bool = False) -> None:
        self._plain = plain
        """Whether the terminal has no signs but ASCII; letters of names are left to it."""
        self._size = Size(0, 0)
        self._rows: list[list[Cell | None]] = []

    def forget(self, region: Region | None = None) -> None:
        """Take cells as unknown: all of them, or those something else was drawn over."""
        if region is None:
            self._size = Size(0, 0)
            return
        for row in self._rows[max(0, region.y) : region.bottom]:
            start, end = max(0, region.x), min(len(row), region.right)
            row[start:end] = [None] * (end - start)

    def changes(self, update: CompositorUpdate, size: Size) -> list[Run]:
        """The cells of an update that are not shown yet, which from now on count as shown."""
        if size != self._size:
            self._size = size
            self._rows = [[None] * size.width for _ in range(size.height)]
        found: list[Run] = []
        for x, y, strip in _strips(update):
            if y < size.height:
                cells = _cells(strip)[: size.width - x]
                if self._plain:
                    cells = [(_IN_ASCII.get(sign, sign), look) for sign, look in cells]
                found += self._differing(x, y, cells)
        return found

    def _differing(self, x: int, y: int, cells: list[Cell]) -> Iterator[Run]:
        row = self._rows[y]
        before = row[x : x + len(cells)]
        if before == cells:
            return
        row[x : x + len(cells)] = cells
        changed = [place for place, cell in enumerate(cells) if cell != before[place]]
        start = last = changed[0]
        for place in changed[1:]:
            if place - last > _SAME:
                yield _run(x, y, cells, start, last)
                start = place
            last = place
        yield _run(x, y, cells, start, last)


RenderStyle = Callable[[Style | None, str], str]
"""Text in a style as a terminal takes it."""


def sequence(runs: Iterable[Run], render: RenderStyle) -> str:
    """The runs as a terminal takes them: go there, then text in its style."""
    parts: list[str] = []
    for run in runs:
        parts.append(f"\x1b[{run.y + 1};{run.x + 1}H")
        text, style = "", run.cells[0][1]
        for character, own in run.cells:
            if own != style:
                parts.append(render(style, text))
                text, style = "", own
            text += character
        parts.append(render(style, text))
    return "".join(parts)


def _run(x: int, y: int, cells: list[Cell], start: int, last: int) -> Run:
    """Cells from ``start`` to ``last``, wide characters whole."""
    while start and not cells[start][0]:
        start -= 1
    while last + 1 < len(cells) and not cells[last + 1][0]:
        last += 1
    return Run(x + start, y, cells[start : last + 1])


def _strips(update: CompositorUpdate) -> Iterator[tuple[int, int, Strip]]:
    """Every strip of an update with the place of its first cell."""
    if isinstance(update, LayoutUpdate):
        for y, line in enumerate(update.strips, update.region.y):
            yield update.region.x, y, Strip.join(line)
    elif isinstance(update, ChopsUpdate):
        for y, left, right in update.spans:
            for end, (x, strip) in zip(update.chop_ends[y], update.chops[y].items(), strict=False):
                if strip is None or x > right or end <= left:
                    continue
                start, stop = max(left, x), min(right, end)
                yield start, y, strip.crop(start - x, stop - x)


def _printing(text: str) -> str:
    """Return a text of others as wide as it was, with nothing in it that acts on a terminal.

    Every cell comes through here: names of files, titles from servers, labels in JSON.
    """
    return "".join(
        sign if is_harmless_text(sign) else (" " if sign.isspace() else "?") * cell_len(sign)
        for sign in text
    )


def _cells(strip: Strip) -> list[Cell]:
    cells: list[Cell] = []
    for text, style, control in strip:
        if control:
            continue
        text = text if is_harmless_text(text) else _printing(text)
        look = style.clear_meta_and_links() if style is not None and style._meta else style
        if text.isascii() or cell_len(text) == len(text):
            cells += [(character, look) for character in text]
            continue
        for character in text:
            width = cell_len(character)
            if width:
                cells.append((character, look))
                cells += [("", look)] * (width - 1)
            elif cells:
                cells[-1] = (cells[-1][0] + character, cells[-1][1])
    return cells
