"""Leaving while work runs: go on in the background, stop now, or stay."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard import figures
from wizard.engine.views import Snapshot
from wizard.tui.modals.base import Modal

Leaving = Literal["background", "stop"]


def _choice(title: str, said: str) -> Content:
    return Content.assemble((title, "bold"), "\n  ", (said, "$text-muted"))


class LeaveModal(Modal[Leaving]):
    """Returns what should become of the work; None stays."""

    def __init__(self, snapshot: Snapshot, *, background: bool) -> None:
        super().__init__()
        self._snapshot = snapshot
        self._background = background

    def compose(self) -> ComposeResult:
        """What runs, and three ways on."""
        left = self._snapshot.eta
        span = f", about {figures.span(left)} to go" if left is not None else ""
        share = figures.percent(self._snapshot.fraction)
        with Vertical(classes="box") as box:
            box.border_title = "Work is still running"
            box.border_subtitle = "Esc stays"
            yield Static(f"{share} is done{span}. Nothing finished is lost either way.\n")
            yield OptionList(*self._choices(), markup=False)

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Answer."""
        chosen: dict[str | None, Leaving] = {"background": "background", "stop": "stop"}
        self.dismiss(chosen.get(event.option_id))

    def _choices(self) -> list[Option]:
        go_on = "Keep going in the background"
        how = "It survives closing the terminal, SSH and the laptop lid."
        if self._background:
            go_on, how = "Leave it running", "It goes on where it was started."
        return [
            Option(_choice(go_on, how), id="background"),
            Option(_choice("Stop now", "Start segwizard again to go on from here."), id="stop"),
            Option(_choice("Stay here", "Go on watching."), id="stay"),
        ]
