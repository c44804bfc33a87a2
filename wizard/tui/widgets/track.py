"""The track: a dataset's stages in order, with the one that is shown, and all its steps below."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from wizard.tui.glyphs import STATE_WORDS, TONES, glyphs
from wizard.tui.stages import Stage
from wizard.tui.widgets.meter import Steady
from wizard.views import State, StepView


class Track(Steady, can_focus=True):
    """One line such as ``✓ Terms  ▶ Download  · Unpack``; left and right look at another stage."""

    DEFAULT_CSS = """
    Track {
        height: auto;
        max-height: 3;
        &:focus {
            text-style: $block-cursor-blurred-text-style;
            background: $block-cursor-blurred-background;
        }
    }
    """

    class Chosen(Message):
        """Somebody wants to see another stage."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self) -> None:
        super().__init__(id="track")
        self._stages: tuple[tuple[str, State], ...] = ()
        self._spans: tuple[tuple[int, int, int], ...] = ()
        self._place = 0

    def show(self, stages: tuple[Stage, ...], place: int) -> None:
        """Draw the stages, the shown one underlined and in bold."""
        now = tuple((stage.name, stage.state) for stage in stages)
        if (now, place) == (self._stages, self._place):
            return
        self._stages, self._place = now, place
        self.redraw()
        spoken = ", ".join(f"{stage.name} {STATE_WORDS[stage.state]}" for stage in stages)
        self.tooltip = f"{spoken}. Left and right show another stage."

    def action_look(self, move: int) -> None:
        """Show the stage before or after."""
        place = self._place + move
        if 0 <= place < len(self._stages):
            self.post_message(self.Chosen(place))

    def on_click(self, event: Click) -> None:
        """Show the stage that was clicked."""
        for place, (row, start, end) in enumerate(self._spans):
            if event.y == row and start <= event.x < end:
                self.post_message(self.Chosen(place))

    def drawn(self, width: int) -> Content:
        """The line, or several where one has no room for all."""
        signs = glyphs()
        gap = 2 if sum(len(name) + 4 for name, _ in self._stages) < width else 1
        parts: list[tuple[str, str] | str] = []
        spans: list[tuple[int, int, int]] = []
        row = column = 0
        for place, (name, state) in enumerate(self._stages):
            words = f"{signs.states[state]} {name}"
            if column and column + len(words) > width:
                parts.append("\n")
                row, column = row + 1, 0
            style = "bold underline " if place == self._place else ""
            parts += [(words, style + TONES[state]), " " * gap]
            spans.append((row, column, column + len(words)))
            column += len(words) + gap
        self._spans = tuple(spans)
        return Content.assemble(*parts[:-1])


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
