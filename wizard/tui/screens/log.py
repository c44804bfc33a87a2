"""The log: what happened, newest last, and where the whole of it is kept."""

from __future__ import annotations

import textwrap
import time

from textual.app import ComposeResult
from textual.binding import Binding
from textual.widgets import Log

from wizard.engine.remote.protocol import Event
from wizard.tui.screens.base import BACK, LivePage
from wizard.tui.widgets.keyline import KeyLine, TopLine
from wizard.views import Snapshot

_HELP = """\
# Log

What happened, newest last. **End** follows along. The whole log is in the install's `.segwizard`
folder, without secrets; `segwizard log --dest DIR`
prints it.
"""
CLOCK = "%H:%M:%S"
EDGES = 3
"""Cells beside the lines: a margin on each side and the scroll bar."""
MOST_LINES = 5000
"""Lines kept on screen."""


def line(event: Event) -> str:
    """One event as one line of plain text; its text names the step, so the dataset is enough."""
    at = time.strftime(CLOCK, time.localtime(event.moment))
    level = "" if event.level == "info" else f"{event.level.upper()} "
    place = f"{event.address.partition('/')[0]}: " if event.address else ""
    return f"{at}  {level}{place}{event.text}"


def wrapped(text: str, width: int) -> list[str]:
    """A line as several of at most ``width`` cells, later ones below the text of the first."""
    indent = " " * len(time.strftime(CLOCK) + "  ")
    return textwrap.wrap(text, max(width, 40), subsequent_indent=indent, break_on_hyphens=False)


class LogPage(LivePage):
    """Events as lines."""

    HELP = _HELP
    BINDINGS = [
        Binding("y", "copy", "Copy all", tooltip="Copy the lines on screen"),
        BACK,
    ]

    def compose(self) -> ComposeResult:
        """The lines."""
        session = self.wizard.open_session
        yield TopLine(f"{session.recipe.title}, log", str(session.dest))
        yield Log(max_lines=MOST_LINES)
        yield KeyLine()

    def on_mount(self) -> None:
        """What happened before this screen was opened."""
        self._write(tuple(self.bridge.log))
        if not self.bridge.log:
            self.query_one(Log).write_line("Nothing happened yet.")
        self.query_one(Log).focus()

    def show(self, snapshot: Snapshot) -> None:
        """The log follows events, not samples."""

    def heard(self, events: tuple[Event, ...]) -> None:
        """Add lines."""
        self._write(events)

    def _write(self, events: tuple[Event, ...]) -> None:
        width = self.app.size.width - EDGES
        lines = [part for event in events for part in wrapped(line(event), width)]
        self.query_one(Log).write_lines(lines)

    def action_copy(self) -> None:
        """All lines, unfolded."""
        self.wizard.copy_text("\n".join(map(line, self.bridge.log)))
