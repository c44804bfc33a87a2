"""What the pages of the first run share: where am I of how many, Enter goes on, Esc goes back."""

from __future__ import annotations

from typing import ClassVar

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from wizard.errors import WizardError
from wizard.tui.screens.base import BACK, Page
from wizard.tui.widgets.keyline import KeyLine
from wizard.tui.widgets.topline import TopLine

PLACES = ("Collection", "Destination", "Datasets", "Plan", "Requests", "Terms", "Reading")
"""The pages of the first run, in order."""


class FirstRunPage(Page):
    """One page of the first run; what is chosen stays in the app's ``Setup``."""

    PLACE: ClassVar[str] = ""
    ASK: ClassVar[str] = ""
    """The question of the page, in one line."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "Next", priority=True, tooltip="Go on to the next page"),
        BACK,
    ]

    def compose(self) -> ComposeResult:
        """Top line, question, body, footer."""
        place = PLACES.index(self.PLACE) + 1
        yield TopLine(f"New install, {self.PLACE.lower()}", f"step {place} of {len(PLACES)}")
        yield Static(self.ASK, classes="ask", markup=False)
        yield from self.body()
        yield Static("", classes="fault", markup=False)
        yield KeyLine()

    def body(self) -> ComposeResult:
        """What the page is about."""
        yield from ()

    def fault(self, error: WizardError | None) -> None:
        """Say why it cannot go on yet, and what to do; None takes it back."""
        line = self.query_one(".fault", Static)
        line.display = error is not None
        if error is not None:
            said = [part.rstrip(".") for part in (error.message, error.hint) if part]
            line.update("".join(f"{part[:1].upper()}{part[1:]}. " for part in said).rstrip())

    @property
    def calm(self) -> bool:
        """Whether nothing stands in the way of going on."""
        return not self.query_one(".fault").display

    def action_next(self) -> None:
        """Keep what is chosen and go on."""
