"""What keeps a step from going on: failures grouped by cause, and what a locked one waits for."""

from __future__ import annotations

import re

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard import figures
from wizard.findings import FailureGroup, fatal, notes_among
from wizard.tui.glyphs import STATE_WORDS, TONES, glyphs
from wizard.views import Snapshot, StepView

EXAMPLES = 3
"""Examples shown of a group; the report holds all of them."""
HASH = 12
"""Digits shown of a hash; the report holds all of them."""
_HASH = re.compile(r"\b[0-9a-f]{32,}\b")
NOTES = "Notes, nothing has to be done"
"""Stands above what is only worth knowing, so that nobody takes it for a failure."""

_Row = tuple[FailureGroup, str]
"""A group, and where it struck."""
_SHOWN = 6
"""Rows before the list is cut; the steps of a whole collection can lock its report."""


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


class GoTo(Message):
    """Somebody wants to see a step."""

    def __init__(self, address: str) -> None:
        super().__init__()
        self.address = address


class Waits(Vertical):
    """The steps that come first; Enter goes there."""

    DEFAULT_CSS = """
    Waits {
        height: auto; display: none; margin-bottom: 1;
        & OptionList {
            height: auto; max-height: 8; border: none; padding: 0; background: $background;
        }
    }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[tuple[str, str], ...] = ()

    def compose(self) -> ComposeResult:
        """A sentence and the list."""
        yield Static("This opens once these are done. Enter goes there.", markup=False)
        yield OptionList(markup=False)

    def show(self, addresses: tuple[str, ...], snapshot: Snapshot) -> None:
        """List the steps, if they or their states are new."""
        if not addresses and not self._rows:
            return
        steps = {step.address: step for step in snapshot.steps}
        titles = {view.id: view.title for view in snapshot.datasets}
        waited = roots(addresses, steps)[:_SHOWN]
        rows = tuple((step.address, step.state) for step in waited)
        if rows == self._rows:
            return
        self._rows = rows
        self.display = bool(rows)
        choices = self.query_one(OptionList)
        choices.clear_options()
        choices.add_options(
            [
                Option(_row(step, titles.get(step.dataset, step.dataset)), id=step.address)
                for step in waited
            ]
        )

    def focus_first(self) -> None:
        """Put the cursor on the first step."""
        choices = self.query_one(OptionList)
        choices.highlighted = 0
        choices.focus()

    def on_option_list_option_selected(self, event: OptionList.OptionSelected) -> None:
        """Go there."""
        event.stop()
        self.post_message(GoTo(event.option_id or ""))


def roots(addresses: tuple[str, ...], steps: dict[str, StepView]) -> list[StepView]:
    """The steps at the start of the chain that locks a step: what can be acted on now."""
    found: dict[str, StepView] = {}
    seen: set[str] = set()
    pending = list(addresses)
    while pending:
        address = pending.pop(0)
        step = steps.get(address)
        if step is None or address in seen:
            continue
        seen.add(address)
        if step.state == "locked" and step.waits_for:
            pending.extend(step.waits_for)
        else:
            found[address] = step
    return list(found.values())


def _row(step: StepView, title: str) -> Content:
    return Content.assemble(
        (f"{glyphs().states[step.state]} ", TONES[step.state]),
        f"{title}: {step.title}  ",
        (STATE_WORDS[step.state], TONES[step.state]),
    )
