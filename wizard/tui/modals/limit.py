"""How fast all downloads together may be."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.validation import Number
from textual.widgets import Input, Static

from wizard.tui.modals.base import Modal
from wizard.tui.widgets.field import TextField

MEGABYTE = 1_000_000


class LimitModal(Modal[int]):
    """Returns bytes a second, 0 for no limit."""

    DEFAULT_CSS = """
    LimitModal > .box { width: 50;  }
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def compose(self) -> ComposeResult:
        """One field."""
        with Vertical(classes="box") as box:
            box.border_title = "Limit speed"
            box.border_subtitle = "Enter sets, Esc leaves as is"
            yield Static(
                "Megabytes a second for all downloads together; 0 or nothing is no limit.\n"
            )
            shown = f"{self._limit / MEGABYTE:g}" if self._limit else ""
            yield TextField(shown, type="number", validators=[Number(minimum=0)], valid_empty=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the number."""
        if event.validation_result is None or event.validation_result.is_valid:
            self.dismiss(round(float(event.value or 0) * MEGABYTE))
