"""The first line of every screen: where am I."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Label


class TopLine(Horizontal):
    """Program and place on the left, a detail such as the destination on the right."""

    DEFAULT_CSS = """
    TopLine {
        height: 1;
        padding: 0 1;
        & #place { width: auto; }
        & #aside { width: 1fr; text-align: right; color: $text-muted; text-wrap: nowrap;
                   text-overflow: ellipsis; padding-left: 2; }
    }
    """

    def __init__(self, place: str, aside: str = "") -> None:
        super().__init__()
        self._place = place
        self._aside = aside

    def compose(self) -> ComposeResult:
        """Two labels."""
        title = Content.assemble(("segwizard", "bold $text-primary"), f"  {self._place}")
        yield Label(title, id="place", markup=False)
        yield Label(self._aside, id="aside", markup=False)

    def aside(self, text: str) -> None:
        """Change the detail on the right."""
        if text != self._aside:
            self._aside = text
            self.query_one("#aside", Label).update(text)
