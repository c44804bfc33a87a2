"""Boxes over any screen: what they share, a question before what cannot be taken back, and help."""

from __future__ import annotations

import itertools
import re
from typing import Generic

from textual.app import ComposeResult
from textual.binding import ActiveBinding, Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.screen import ModalScreen, ScreenResultType
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.tui.glyphs import glyphs
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


class ConfirmModal(Modal[bool]):
    """Returns True only for a clear yes.

    What leaves things as they are is highlighted first, unless doing it harms nothing.
    """

    def __init__(
        self, title: str, ask: str, *, yes: str, no: str = "Leave it as it is", safe: bool = False
    ) -> None:
        super().__init__()
        self._safe = safe
        self._title = title
        self._ask = ask
        self._answers = (no, yes)

    def compose(self) -> ComposeResult:
        """The question and two answers."""
        no, yes = self._answers
        with Vertical(classes="box") as box:
            box.border_title = self._title
            yield Static(f"{self._ask}\n", markup=False)
            answers = [Option(no, id="no"), Option(yes, id="yes")]
            yield OptionList(*(answers[::-1] if self._safe else answers), markup=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        self.dismiss(event.option_id == "yes")


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
