"""Leaving while work runs, and what to do when the work has ended elsewhere."""

from __future__ import annotations

from typing import Literal

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard import figures
from wizard.tui.modals.base import Modal
from wizard.views import Snapshot

Leaving = Literal["background", "stop"]
AfterEnd = Literal["here", "leave"]


def _choice(title: str, said: str) -> Content:
    return Content.assemble((title, "bold"), "\n  ", (said, "$text-muted"))


class LeaveModal(Modal[Leaving]):
    """Returns what should become of the work; None stays."""

    def __init__(self, snapshot: Snapshot, *, background: bool, lasting: bool = True) -> None:
        super().__init__()
        self._snapshot = snapshot
        self._background = background
        self._lasting = lasting
        """Whether a runner may outlive this terminal: a rehearsal's servers do not."""

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
        lasting = [Option(_choice(go_on, how), id="background")] if self._lasting else []
        return [
            *lasting,
            Option(_choice("Stop now", "Start segwizard again to go on from here."), id="stop"),
            Option(_choice("Stay here", "Go on watching."), id="stay"),
        ]


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
