"""A picture in half blocks: two pixels a cell, in any terminal with colours."""

from __future__ import annotations

from PIL import Image
from rich.segment import Segment
from rich.style import Style
from textual.geometry import Size
from textual.strip import Strip
from textual.widget import Widget

from wizard.tui.glyphs import plain_terminal


def fitted(
    image: Image.Image, width: int, height: int, how: Image.Resampling = Image.Resampling.BOX
) -> Image.Image:
    """Shrink or grow to at most ``width`` by ``height`` pixels, sides in proportion."""
    scale = min(width / image.width, height / image.height)
    size = (max(1, round(image.width * scale)), max(2, round(image.height * scale) // 2 * 2))
    return image.resize(size, how)


def half_blocks(image: Image.Image, *, plain: bool) -> list[Strip]:
    """Rows of cells, upper pixel in the foreground and lower in the background.

    Where the terminal has no block characters, a cell is one colour.
    """
    pixels = image.convert("RGB").load()
    strips: list[Strip] = []
    for row in range(0, image.height - 1, 2):
        cells: list[Segment] = []
        for column in range(image.width):
            upper, lower = _rgb(pixels, column, row), _rgb(pixels, column, row + 1)
            style = Style.parse(f"on rgb{lower}" if plain else f"rgb{upper} on rgb{lower}")
            cells.append(Segment(" " if plain else "▀", style))
        strips.append(Strip(cells, image.width).simplify())
    return strips


def _rgb(pixels: object, column: int, row: int) -> str:
    red, green, blue = pixels[column, row]  # type: ignore[index]
    return f"({red},{green},{blue})"


class Picture(Widget):
    """Scales its image to the room it has."""

    DEFAULT_CSS = """
    Picture { width: 1fr; height: 1fr; }
    """

    def __init__(self, name: str, how: Image.Resampling = Image.Resampling.BOX) -> None:
        super().__init__(id=name)
        self._how = how
        self._image: Image.Image | None = None
        self._strips: list[Strip] = []
        self._fitted = Size(0, 0)

    def show(self, image: Image.Image | None) -> None:
        """Show another image."""
        self._image = image
        self._fitted = Size(0, 0)
        self.refresh()

    def render_line(self, y: int) -> Strip:
        """One row, centred."""
        if self._image is None:
            return Strip.blank(self.size.width, self.rich_style)
        if self._fitted != self.size:
            self._fitted = self.size
            image = fitted(self._image, self.size.width, self.size.height * 2, self._how)
            self._strips = half_blocks(image, plain=plain_terminal())
        if y >= len(self._strips):
            return Strip.blank(self.size.width, self.rich_style)
        strip = self._strips[y]
        left = (self.size.width - strip.cell_length) // 2
        blank = Segment(" " * left, self.rich_style)
        return Strip([blank, *strip]).adjust_cell_length(self.size.width, self.rich_style)
