"""The runner has ended before the work has, and not from here: go on, look around, or leave."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.tui.modals.base import Modal

AfterEnd = Literal["here", "leave"]


class EndedModal(Modal[AfterEnd]):
    """Returns what to do now; None looks around."""

    def compose(self) -> ComposeResult:
        """What happened, and three ways on."""
        with Vertical(classes="box") as box:
            box.border_title = "The work has stopped"
            box.border_subtitle = "Esc looks around"
            yield Static(
                "The runner was stopped from another terminal, or has ended there. What is "
                "finished stays; this is how the disk looks now.\n"
            )
            yield OptionList(
                Option("Go on with it here", id="here"),
                Option("Look around", id="look"),
                Option("Leave", id="leave"),
                markup=False,
            )

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        chosen: dict[str | None, AfterEnd] = {"here": "here", "leave": "leave"}
        self.dismiss(chosen.get(event.option_id))
