"""The speed of all downloads together, now and over the last minutes."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from wizard import figures
from wizard.tui.glyphs import glyphs


class Speed(Widget):
    """Total rate now and over the last minutes."""

    DEFAULT_CSS = """
    Speed { height: 1; margin-bottom: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rates: tuple[float, ...] = ()
        self._limit = 0

    def show(self, rates: tuple[float, ...], limit: int) -> None:
        """Draw the new rates."""
        if (rates, limit) != (self._rates, self._limit):
            self._rates, self._limit = rates, limit
            self.refresh()

    def render(self) -> Content:
        """One line."""
        now = figures.rate(self._rates[-1]) if self._rates else "nothing yet"
        limit = f"limit {figures.rate(self._limit)}" if self._limit else "no limit"
        said = f"{glyphs().down} {now}  "
        room = max(0, self.size.width - len(said) - len(limit) - 4)
        return Content.assemble(
            (said, "bold"),
            (glyphs().spark(self._rates, min(room, 60)), "$text-accent"),
            (f"  {limit}", "$text-muted"),
        )
