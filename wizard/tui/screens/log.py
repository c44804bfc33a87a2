"""The log: what happened, newest last, and where the whole of it is kept."""

from __future__ import annotations

import time

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Footer, Log

from wizard.engine.link import Event
from wizard.engine.views import Snapshot
from wizard.tui.screens.base import BACK, LivePage
from wizard.tui.widgets.topline import TopLine

HELP = """\
# Log

What happened, newest last. **End** follows along. The whole log is in the install's `.segwizard`
folder, without secrets; `segwizard log --dest DIR`
prints it.
"""
MOST = 5000
"""Lines kept on screen."""


def line(event: Event) -> str:
    """One event as one line of plain text."""
    at = time.strftime("%H:%M:%S", time.localtime(event.moment))
    level = "" if event.level == "info" else f"{event.level.upper()} "
    place = f"{event.address}: " if event.address else ""
    return f"{at}  {level}{place}{event.text}"


class LogPage(LivePage):
    """Events as lines."""

    HELP = HELP
    BINDINGS = [
        Binding("y", "copy", "Copy all", tooltip="Copy the lines on screen"),
        BACK,
    ]
    CSS_PATH = "log.tcss"

    def compose(self) -> ComposeResult:
        """The lines."""
        session = self.wizard.open_session
        yield TopLine(f"{session.recipe.title}, log", str(session.dest))
        yield Log(max_lines=MOST)
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """What happened before this screen was opened."""
        log = self.query_one(Log)
        log.write_lines([line(event) for event in self.bridge.log] or ["Nothing happened yet."])
        log.focus()

    def show(self, snapshot: Snapshot) -> None:
        """The log follows events, not samples."""

    def heard(self, events: tuple[Event, ...]) -> None:
        """Add lines."""
        self.query_one(Log).write_lines([line(event) for event in events])

    def action_copy(self) -> None:
        """All lines on screen."""
        self.wizard.copy_text("\n".join(self.query_one(Log).lines))
