"""What modals share: a bordered box in the middle, Esc closes without harm."""

from __future__ import annotations

from typing import Generic

from textual.binding import Binding
from textual.screen import ModalScreen, ScreenResultType

from wizard.tui.whole import WholeScreen


class Modal(
    WholeScreen[ScreenResultType], ModalScreen[ScreenResultType], Generic[ScreenResultType]
):
    """A box over the screen."""

    DEFAULT_CSS = """
    Modal {
        align: center middle;
        background: transparent;
        & > .box {
            width: 64;
            max-width: 100%;
            height: auto;
            max-height: 100%;
            background: $surface;
            border: round $border;
            border-title-color: $text-primary;
            border-title-style: bold;
            border-subtitle-color: $text-muted;
            padding: 1 2;
        }
        & OptionList {
            border: none; background: $surface; height: auto; max-height: 14; padding: 0;
        }
    }
    """
    BINDINGS = [Binding("escape", "close", "Close")]

    def action_close(self) -> None:
        """Close without an answer."""
        self.dismiss(None)
