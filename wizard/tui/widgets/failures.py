"""Failures and notes grouped by cause, each with what to do."""

from __future__ import annotations

import re

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from wizard import figures
from wizard.findings import FailureGroup, fatal, notes_among
from wizard.tui.glyphs import TONES, glyphs

EXAMPLES = 3
"""Examples shown of a group; the report holds all of them."""
HASH = 12
"""Digits shown of a hash; the report holds all of them."""
_HASH = re.compile(r"\b[0-9a-f]{32,}\b")
NOTES = "Notes, nothing has to be done"
"""Stands above what is only worth knowing, so that nobody takes it for a failure."""

_Row = tuple[FailureGroup, str]
"""A group, and where it struck."""


def lines(group: FailureGroup, where: str = "") -> Content:
    """One group below its head: where, for example which, and what to do."""
    parts: list[tuple[str, str] | str] = [(f"{where}\n", "$text-muted")] if where else []
    parts += [f"{_HASH.sub(_begin, example)}\n" for example in group.examples[:EXAMPLES]]
    if group.count > EXAMPLES and len(group.examples) > EXAMPLES:
        parts += [(f"and {group.count - EXAMPLES:,} more, all in the report\n", "$text-muted")]
    if group.hint:
        parts += [(f"{glyphs().arrow} {group.hint}\n", "$text-accent")]
    return Content.assemble(*parts).rstrip()


def head(group: FailureGroup) -> Content:
    """What went wrong, and how often."""
    sign, tone = _sign(group)
    times = figures.count(group.count, "failure" if group.fatal else "note")
    return Content.assemble(
        (f"{sign} {group.title}", f"bold {tone}"), (f"  {times}", "$text-muted")
    )


def _begin(match: re.Match[str]) -> str:
    return f"{match[0][:HASH]}…"


def _sign(group: FailureGroup) -> tuple[str, str]:
    signs = glyphs()
    return (signs.states["failed"], TONES["failed"]) if group.fatal else (signs.bullet, "$text")


class GroupList(Vertical):
    """Groups one below the other; empty, it takes no room."""

    DEFAULT_CSS = """
    GroupList {
        height: auto; display: none;
        & .told { padding-left: 2; margin-bottom: 1; }
    }
    """

    def __init__(self, id: str | None = None) -> None:
        super().__init__(id=id)
        self._rows: tuple[_Row, ...] = ()

    def show(self, rows: tuple[_Row, ...]) -> None:
        """Draw the groups, if they are new."""
        if rows == self._rows:
            return
        self._rows = rows
        self.display = bool(rows)
        self.remove_children()
        for group, where in rows:
            self.mount(Static(head(group)), Static(lines(group, where), classes="told"))


class FailureList(Vertical):
    """What went wrong in a stage, then what is worth knowing; empty, it takes no room."""

    DEFAULT_CSS = """
    FailureList {
        height: auto; display: none;
        & .on { margin-bottom: 1; }
        & .notes { text-style: bold; color: $text-muted; }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._groups: tuple[FailureGroup, ...] = ()

    def compose(self) -> ComposeResult:
        """Failures and how to go on, then notes."""
        yield GroupList(id="broken")
        yield Static("Press r to try again. What is done stays.", classes="on")
        yield Static(NOTES, classes="notes")
        yield GroupList(id="noted")

    def show(self, groups: tuple[FailureGroup, ...]) -> None:
        """Draw the groups, if they are new."""
        if groups == self._groups:
            return
        self._groups = groups
        self.display = bool(groups)
        broken, noted = fatal(groups), notes_among(groups)
        self.query_one("#broken", GroupList).show(tuple((group, "") for group in broken))
        self.query_one("#noted", GroupList).show(tuple((group, "") for group in noted))
        self.query_one(".on").display = bool(broken)
        self.query_one(".notes").display = bool(noted)
