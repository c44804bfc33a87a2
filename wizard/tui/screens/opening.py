"""The first moment: look what is there and go on with it, or wait for who is at work on it."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Center, Middle
from textual.content import Content
from textual.widgets import Static

from wizard.errors import LeaseError, WizardError
from wizard.tui.crash import in_thread
from wizard.tui.screens.base import Page
from wizard.tui.widgets.keyline import KeyLine, TopLine

_HELP = """\
# In use

One runner works on an install at a time, so that two never write the same file. On its own machine
and as its own user, every terminal can watch and steer it. **r** looks whether it has ended or can
be reached, **f** sets up another install meanwhile.
"""
LOOK = 5.0
"""Seconds between two looks."""


class OpeningPage(Page):
    """Seen for a blink, or longer when a disk or keyring is slow."""

    HELP = "# Opening\n\nLooking for an install to go on with."

    def compose(self) -> ComposeResult:
        """One line."""
        with Middle(), Center():
            yield Static("Looking at what is there…", id="said", markup=False)

    def on_mount(self) -> None:
        """Look once the first frame is on screen: the engine is imported for it."""
        self.call_after_refresh(self._look)

    def _look(self) -> None:
        self.run_worker(self.wizard.look_around(), group="opening", exclusive=True)


class HeldPage(Page):
    """Says who holds the install and opens it as soon as it is free."""

    HELP = _HELP
    BINDINGS = [
        Binding("r", "look", "Look again", tooltip="Look whether the install is free now"),
        Binding("f", "fresh", "New install", tooltip="Set up another collection"),
    ]

    def __init__(self, dest: Path, error: LeaseError) -> None:
        super().__init__()
        self._dest = dest
        self._error = error

    def compose(self) -> ComposeResult:
        """Who, and what to do."""
        yield TopLine("In use", str(self._dest))
        yield Static(self._words(), id="said")
        yield KeyLine()

    def on_mount(self) -> None:
        """Look again by itself."""
        self.set_interval(LOOK, self.action_look)

    def action_look(self) -> None:
        """Open the install if it is free or can be joined."""
        self.run_worker(self._look(), group="look", exclusive=True)

    def action_fresh(self) -> None:
        """Begin another one."""
        self.wizard.go("collections")

    async def _look(self) -> None:
        if self.app.screen is not self:
            return
        try:
            session = await in_thread(lambda: self.wizard.host.look(self._dest))
        except LeaseError as error:
            self._error = error
            self.query_one("#said", Static).update(self._words())
            return
        except WizardError as error:
            self.say(str(error), "$text-error")
            return
        self.wizard.pop_screen()
        self.wizard.follow(session)
        self.wizard.go("resume")

    def _words(self) -> Content:
        return Content.assemble(
            ("A runner out of reach is at work here.\n\n", "bold $text-warning"),
            f"{self._dest}\n{self._error.message}\n\n",
            "Start segwizard on that machine, as the user it runs as, to watch and steer it. Here "
            "it opens by itself once it is free.\n\n",
            ("How it stands, in plain lines: ", "$text-muted"),
            (f"segwizard status --dest {self._dest}", "$text-accent"),
        )
