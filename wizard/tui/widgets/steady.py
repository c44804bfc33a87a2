"""The base of rows of moving figures: laying out a screen costs more than painting a row."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget


class Steady(Widget):
    """Drawn anew several times a second, and laid out only when its height changes."""

    def redraw(self) -> None:
        """Paint the new figures."""
        drawn = self.render()
        fits = (
            isinstance(drawn, Content) and drawn.get_height({}, self.size.width) == self.size.height
        )
        self.refresh(layout=not fits)
