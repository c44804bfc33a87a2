"""Help on one screen: its page, then every key that works there."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Markdown, Static

from wizard.tui.modals.base import Modal


def key_lines(bindings: dict[str, ActiveBinding]) -> Content:
    """Every key of a screen that does something of its own, one a line."""
    rows = {
        binding.key_display or binding.key.replace("escape", "esc"): binding.tooltip
        for binding in (active.binding for active in bindings.values())
        if binding.tooltip
    }
    lines = [
        Content.assemble((f"{key:>7}", "bold $text-primary"), f"  {said}")
        for key, said in rows.items()
    ]
    return Content("\n").join(lines)


class HelpModal(Modal[None]):
    """Scrolls; Esc or ? closes."""

    DEFAULT_CSS = """
    HelpModal > .box {
        width: 76; height: 90%; max-height: 40; padding: 0 1;
        & #keys { padding: 1 1 0 1; }
        & Markdown { margin: 0; padding: 0 1; background: $surface; }
        & MarkdownH1 { margin: 0 0 1 0; content-align: left middle; }
        & Markdown > *:last-child { margin-bottom: 0; }
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
            yield Markdown(self._page)
            yield Static(key_lines(self._keys), id="keys")

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one(VerticalScroll).focus()
