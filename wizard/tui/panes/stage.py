"""The pane of any stage: what it needs, what it does, what went wrong, what comes after."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Static

from wizard.tui.panes.base import Pane
from wizard.tui.panes.needs import NeedSlot
from wizard.tui.stages import Focus
from wizard.tui.widgets.failures import FailureList
from wizard.tui.widgets.form import NeedForm
from wizard.tui.widgets.meter import StepMeter
from wizard.tui.widgets.transfers import TransferList
from wizard.tui.widgets.waits import Waits


class Meters(Vertical):
    """The steps of a stage, each with its bar."""

    DEFAULT_CSS = """
    Meters { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._meters: dict[str, StepMeter] = {}

    def show(self, focus: Focus, hidden: frozenset[str]) -> None:
        """Update in place; a step whose transfer is shown needs no meter as well."""
        fresh: list[StepMeter] = []
        for step in focus.stage.steps:
            meter = self._meters.get(step.address)
            if meter is None:
                meter = self._meters[step.address] = StepMeter(step)
                fresh.append(meter)
            else:
                meter.show(step)
            meter.display = step.address not in hidden
        if fresh:
            self.mount_all(fresh)


class StagePane(Pane):
    """What it waits for, need, transfers, steps, failures; what is empty takes no room."""

    DEFAULT_CSS = """
    StagePane > .words { margin-bottom: 1; display: none; }
    """

    _focus: Focus | None = None

    def compose(self) -> ComposeResult:
        """Every part; ``show`` decides what is seen."""
        yield Waits()
        yield Static("", classes="words")
        yield NeedSlot()
        yield TransferList()
        yield Meters()
        yield FailureList()

    def words(self, focus: Focus) -> Content | None:
        """What to say above everything else."""
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

    def _draw(self, focus: Focus) -> None:
        self.query_one(Waits).show(focus.stage.waits_for, focus.snapshot)
        self._say(self.words(focus))
        self.query_one(NeedSlot).show(focus.stage)
        self.query_one(TransferList).show(focus.transfers)
        covered = frozenset(view.address for view in focus.transfers)
        self.query_one(Meters).show(focus, covered)
        self.query_one(FailureList).show(focus.stage.failures)

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

    def _say(self, words: Content | None) -> None:
        said = self.query_one(".words", Static)
        if said.display != (words is not None):
            said.display = words is not None
        if words is not None and said.content != words:
            said.update(words)
