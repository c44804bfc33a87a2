"""The base of rows of moving figures: laying out a screen costs more than painting a row."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class Steady(Widget):
    """Drawn anew several times a second, and laid out only when its height changes."""

    def redraw(self) -> None:
        """Paint the new figures."""
        self.refresh(layout=not self._fits(self.render()))

    def on_resize(self) -> None:
        """Fit the rows to the new width."""
        self.redraw()

    def _fits(self, drawn: object) -> bool:
        width, height = self.size
        if not width or not isinstance(drawn, Content):
            return False
        return drawn.get_height({}, width) == height
