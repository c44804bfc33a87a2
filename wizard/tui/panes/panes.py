"""Where the panes of all stages stand, one of them shown."""

from __future__ import annotations

from textual.containers import Vertical

from wizard.tui.panes.kinds import pane_for
from wizard.tui.panes.stage import StagePane
from wizard.tui.stages import Stage


class Panes(Vertical):
    """Makes a pane on the first visit of its stage."""

    def __init__(self) -> None:
        super().__init__(id="panes")
        self._panes: dict[tuple[str, int | type[StagePane]], StagePane] = {}
        self.shown: StagePane | None = None
        """The pane in view; the others keep what was typed into them."""

    def of(self, dataset: str, place: int, stage: Stage) -> StagePane:
        """The pane of a stage.

        One that has asked for something is the stage's own; the others share one of their kind.
        """
        own, kind = (dataset, place), pane_for(stage)
        key = own if own in self._panes or stage.request else ("", kind)
        pane = self._panes.get(key)
        if pane is None:
            pane = self._panes[key] = kind()
            pane.display = False
            self.mount(pane)
        return pane

    def switch(self, pane: StagePane) -> None:
        """Show this one."""
        if self.shown is not pane:
            if self.shown is not None:
                self.shown.display = False
            self.shown = pane
            pane.display = True
