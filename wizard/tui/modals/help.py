"""Help on one screen: its page, then every key that works there."""

from __future__ import annotations

import itertools
import re

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from wizard.tui.glyphs import glyphs
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


def help_content(page: str) -> Content:
    """A help page for the screen: paragraphs made whole, ``# Head`` and ``**key**`` in bold."""
    paragraphs = [re.sub(r"\n(?![*#])\s*", " ", part) for part in page.strip().split("\n\n")]
    return Content("\n\n").join(map(_paragraph, paragraphs))


def _paragraph(text: str) -> Content:
    if text.startswith("# "):
        return Content.styled(text[2:], "bold $text-primary")
    bulleted = re.sub(r"^\* ", f"{glyphs().bullet} ", text, flags=re.MULTILINE)
    parts = re.split(r"\*\*(.+?)\*\*|`(.+?)`", bulleted)
    styles = itertools.cycle(("", "bold $text-primary", "$text-accent"))
    return Content.assemble(
        *[(part, style) for part, style in zip(parts, styles, strict=False) if part]
    )


class HelpModal(Modal[None]):
    """Scrolls; Esc or ? closes."""

    DEFAULT_CSS = """
    HelpModal > .box {
        width: 76; height: 90%; max-height: 40; padding: 0 1;
        & #keys { padding: 1 1 0 1; }
        & #said { padding: 0 1; }
    }
    """
    AUTO_FOCUS = ""
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
            yield Static(help_content(self._page), id="said")
            yield Static(key_lines(self._keys), id="keys")

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one(VerticalScroll).focus()
