"""The base of rows of moving figures: laying out a screen costs more than painting a row."""

from __future__ import annotations

from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget


class Steady(Widget):
    """Drawn anew several times a second, and laid out only when its height changes."""

    def drawn(self, width: int) -> Content:
        """The row, ``width`` cells wide."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Paint the new figures."""
        width, height = self.size
        self.refresh(layout=not width or _height(self.drawn(width), width) != height)

    def render(self) -> Content:
        """The row in the room it has."""
        return self.drawn(self.size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The height it will have at a width, before it has that width."""
        return _height(self.drawn(width), width)


def _height(drawn: Content, width: int) -> int:
    return drawn.get_height({}, width) if width else 0
