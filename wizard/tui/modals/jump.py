"""Go to a dataset by typing a few letters of its name."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.events import Key
from textual.widgets import Input, OptionList
from textual.widgets.option_list import Option

from wizard.tui.glyphs import STATE_WORDS, TONES, glyphs
from wizard.tui.modals.base import Modal
from wizard.tui.widgets.field import TextField
from wizard.views import DatasetView


class JumpModal(Modal[str]):
    """Returns the id of the dataset."""

    DEFAULT_CSS = """
    JumpModal > .box { width: 48; padding: 0 1;  }
    """

    def __init__(self, datasets: tuple[DatasetView, ...]) -> None:
        super().__init__()
        self._datasets = datasets

    def compose(self) -> ComposeResult:
        """A field and the datasets that fit."""
        with Vertical(classes="box") as box:
            box.border_title = "Go to"
            box.border_subtitle = "Enter goes, Esc stays"
            yield TextField(placeholder="type a few letters")
            yield OptionList(markup=False)

    def on_mount(self) -> None:
        """All datasets first."""
        self._fill("")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Only those that fit."""
        self._fill(event.value.strip().lower())

    def on_input_submitted(self) -> None:
        """Take the highlighted one."""
        self.query_one(OptionList).action_select()

    def on_key(self, event: Key) -> None:
        """Arrows move in the list while the field keeps the letters."""
        moves = {"down": "cursor_down", "up": "cursor_up"}
        choices = self.query_one(OptionList)
        if event.key in moves and not choices.has_focus:
            event.stop()
            choices.action_cursor_down() if event.key == "down" else choices.action_cursor_up()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go."""
        self.dismiss(event.option_id)

    def _fill(self, letters: str) -> None:
        choices = self.query_one(OptionList)
        choices.clear_options()
        for view in self._datasets:
            if letters in view.title.lower() or letters in view.id.lower():
                choices.add_option(Option(_row(view), id=view.id))
        if choices.option_count:
            choices.highlighted = 0


def _row(view: DatasetView) -> Content:
    tone = TONES[view.state]
    sign = glyphs().states[view.state]
    return Content.assemble(
        (f"{sign} ", tone), f"{view.title:<26} ", (STATE_WORDS[view.state], tone)
    )
