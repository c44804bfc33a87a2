"""A question before something that cannot be taken back."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.tui.modals.base import Modal


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
