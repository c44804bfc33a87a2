"""The pane of any stage: what it needs, what it does, what went wrong, what comes after."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import Static

from wizard.tui.panes.base import Pane
from wizard.tui.panes.needs import NeedSlot
from wizard.tui.stages import Focus
from wizard.tui.widgets.failures import FailureList
from wizard.tui.widgets.form import NeedForm
from wizard.tui.widgets.steps import StepList
from wizard.tui.widgets.transfers import TransferList
from wizard.tui.widgets.waits import Waits


class StagePane(Pane):
    """What it waits for, need, transfers, steps, failures; what is empty takes no room."""

    DEFAULT_CSS = """
    StagePane > .words, StagePane > .after { margin-bottom: 1; display: none; }
    """

    _focus: Focus | None = None
    _eager = False

    def compose(self) -> ComposeResult:
        """Every part; ``show`` decides what is seen."""
        yield Waits()
        yield Static("", classes="words")
        yield NeedSlot()
        yield TransferList()
        yield StepList()
        yield FailureList()
        yield Static("", classes="after")

    def words(self, focus: Focus) -> Content | None:
        """What to say above everything else."""
        return None

    def after(self, focus: Focus) -> Content | None:
        """What to say below everything else."""
        return None

    def show(self, focus: Focus) -> None:
        """Draw what changed, at once or as soon as the parts are there."""
        self._focus = focus
        if self.is_mounted:
            self._draw(focus)

    def on_mount(self) -> None:
        """Draw what came in before the parts were there."""
        if self._focus is not None:
            self._draw(self._focus)

    def focus_soon(self) -> bool:
        """Put the cursor where something can be done, as soon as that is on screen.

        False when there is nothing to do here.
        """
        stage = self._focus.stage if self._focus else None
        wanted = stage is not None and bool(stage.need or stage.waits_for)
        self._eager = wanted
        if wanted and self.is_mounted:
            self._focus_now()
        return wanted

    def _focus_now(self) -> None:
        slot, waits = self.query_one(NeedSlot), self.query_one(Waits)
        if slot.ready and slot.form is not None:
            slot.form.focus_first()
        elif waits.display:
            waits.focus_first()
        else:
            return
        self._eager = False

    def _draw(self, focus: Focus) -> None:
        self.query_one(Waits).show(focus.stage.waits_for, focus.snapshot)
        self._say(".words", self.words(focus))
        self.query_one(NeedSlot).show(focus.stage)
        self.query_one(TransferList).show(focus.transfers)
        covered = frozenset(view.address for view in focus.transfers)
        asked = focus.stage.need[0] if focus.stage.need else ""
        steps = tuple(step for step in focus.stage.steps if step.address not in {*covered, asked})
        self.query_one(StepList).show(steps)
        self.query_one(FailureList).show(focus.stage.failures)
        self._say(".after", self.after(focus))
        if self._eager:
            self._focus_now()

    def copyable(self) -> str:
        """From the form."""
        return self.query_one(NeedSlot).copyable()

    def page(self) -> str:
        """From the form."""
        return self.query_one(NeedSlot).page()

    @property
    def form(self) -> NeedForm | None:
        """The form that waits for an answer, if any."""
        return self.query_one(NeedSlot).form

    def _say(self, place: str, words: Content | None) -> None:
        said = self.query_one(place, Static)
        if said.display != (words is not None):
            said.display = words is not None
        if words is not None and said.content != words:
            said.update(words)
