"""Help on one screen: its page, then every key that works there."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import VerticalScroll
from textual.widgets import Markdown

from wizard.tui.modals.base import Modal

HIDDEN = ("tab", "shift+tab", "ctrl+c", "super+c")


def key_table(bindings: dict[str, ActiveBinding]) -> str:
    """Every key that works on a screen, as a Markdown table."""
    rows: list[str] = []
    for active in bindings.values():
        binding = active.binding
        if binding.description and binding.key not in HIDDEN and not binding.system:
            key = binding.key_display or binding.key.replace("escape", "esc")
            rows.append(f"| {key} | {binding.tooltip or binding.description} |")
    return "\n".join(["| key | |", "|---|---|", *dict.fromkeys(rows)])


class HelpModal(Modal[None]):
    """Scrolls; Esc or ? closes."""

    DEFAULT_CSS = """
    HelpModal > .box {
        width: 76; height: 90%; max-height: 40; padding: 0 1;
        & Markdown { margin: 0; padding: 0 1; background: $surface; }
    }
    """
    BINDINGS = [Binding("question_mark", "close", "Close", show=False)]

    def __init__(self, page: str, bindings: dict[str, ActiveBinding]) -> None:
        super().__init__()
        self._page = page
        self._keys = dict(bindings)

    def compose(self) -> ComposeResult:
        """The page in a box."""
        with VerticalScroll(classes="box") as box:
            box.border_title = "Help"
            box.border_subtitle = "Esc closes"
            yield Markdown(f"{self._page}\n\n{key_table(self._keys)}")

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one(VerticalScroll).focus()
