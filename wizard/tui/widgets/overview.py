"""Every step of a dataset in order, for screens tall enough to show them all."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from wizard.tui.glyphs import STATE_WORDS, TONES, glyphs
from wizard.views import StepView


class Overview(Widget):
    """One line a step: sign, title, word."""

    DEFAULT_CSS = """
    Overview { height: auto; max-height: 14; border-top: solid $border-blurred;
               border-title-color: $text-muted; display: none; }
    """

    def __init__(self) -> None:
        super().__init__(id="overview")
        self.border_title = "All steps"
        self._rows: tuple[tuple[str, str], ...] = ()
        self._steps: tuple[StepView, ...] = ()

    def show(self, steps: tuple[StepView, ...]) -> None:
        """Draw the steps, if they or their states are new."""
        rows = tuple((step.address, step.state) for step in steps)
        if rows != self._rows:
            self._rows, self._steps = rows, steps
            self.refresh(layout=True)

    def render(self) -> Content:
        """All lines."""
        return Content("\n").join([_line(step, self.size.width) for step in self._steps])


def _line(step: StepView, width: int) -> Content:
    word = STATE_WORDS[step.state]
    room = max(8, width - len(word) - 3)
    title = step.title if len(step.title) <= room else f"{step.title[: room - 1]}…"
    tone = TONES[step.state]
    words = "$text-muted" if step.state in ("locked", "done") else "$text"
    return Content.assemble(
        (f"{glyphs().states[step.state]} ", tone), (f"{title:<{room}} ", words), (word, tone)
    )
