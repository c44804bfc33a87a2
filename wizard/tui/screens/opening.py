"""The first moment: look at what is there, then go on with it or begin anew."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Center, Middle
from textual.widgets import Static

from wizard.tui.screens.base import Page


class OpeningPage(Page):
    """Seen for a blink, or longer when a disk or keyring is slow."""

    HELP = "# Opening\n\nLooking for an install to go on with."

    def compose(self) -> ComposeResult:
        """One line."""
        with Middle(), Center():
            yield Static("Looking at what is there…", id="said", markup=False)

    def on_mount(self) -> None:
        """Look once the first frame is on screen: the engine is imported for it."""
        self.call_after_refresh(self._look)

    def _look(self) -> None:
        self.run_worker(self.wizard.look_around(), group="opening", exclusive=True)
