"""What every pane has in common."""

from __future__ import annotations

from textual.containers import VerticalScroll

from wizard.tui.stages import Focus


class Pane(VerticalScroll):
    """Shows one stage of one dataset; updated in place ten times a second."""

    DEFAULT_CSS = """
    Pane { height: 1fr; padding: 0 1 0 0; scrollbar-size-vertical: 1; }
    """

    def show(self, focus: Focus) -> None:
        """Draw what changed."""
        raise NotImplementedError

    def copyable(self) -> str:
        """The text a person would want to copy from here; empty when there is none."""
        return ""

    def page(self) -> str:
        """The web page this pane is about; empty when there is none."""
        return ""
