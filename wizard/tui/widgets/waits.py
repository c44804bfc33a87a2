"""What a locked step waits for, each with the way there."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.message import Message
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.tui.glyphs import STATE_WORDS, TONES, glyphs
from wizard.views import Snapshot, StepView

_SHOWN = 6
"""Rows before the list is cut; the steps of a whole collection can lock its report."""


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
