"""The track: a dataset's stages in order, with the one that is shown."""

from __future__ import annotations

from textual.content import Content
from textual.events import Click
from textual.message import Message
from textual.widget import Widget

from wizard.tui.glyphs import TONES, WORDS, glyphs
from wizard.tui.stages import Stage

NBSP = "\u00a0"
"""Keeps a sign and its name on one line."""


class Track(Widget, can_focus=True):
    """One line such as ``✓ Terms  ▶ Download  · Unpack``; left and right look at another stage."""

    DEFAULT_CSS = """
    Track {
        height: auto;
        max-height: 2;
        &:focus { text-style: none; background: $block-cursor-blurred-background; }
    }
    """

    class Chosen(Message):
        """Somebody wants to see another stage."""

        def __init__(self, place: int) -> None:
            super().__init__()
            self.place = place

    def __init__(self) -> None:
        super().__init__(id="track")
        self._stages: tuple[tuple[str, str], ...] = ()
        self._spans: tuple[tuple[int, int], ...] = ()
        self._place = 0
        self._width = 0
        self._content = Content("")

    def show(self, stages: tuple[Stage, ...], place: int) -> None:
        """Draw the stages, the shown one underlined and in bold."""
        now = tuple((stage.name, stage.state) for stage in stages)
        if (now, place, self.size.width) == (self._stages, self._place, self._width):
            return
        self._width = self.size.width
        self._stages, self._place = now, place
        self._content = self._draw(stages)
        self.refresh(layout=True)
        spoken = ", ".join(f"{stage.name} {WORDS[stage.state]}" for stage in stages)
        self.tooltip = f"{spoken}. Left and right show another stage."

    def render(self) -> Content:
        """The line."""
        return self._content

    def action_look(self, move: int) -> None:
        """Show the stage before or after."""
        place = self._place + move
        if 0 <= place < len(self._stages):
            self.post_message(self.Chosen(place))

    def on_click(self, event: Click) -> None:
        """Show the stage that was clicked."""
        for place, (start, end) in enumerate(self._spans):
            if start <= event.x < end and event.y == 0:
                self.post_message(self.Chosen(place))

    def _draw(self, stages: tuple[Stage, ...]) -> Content:
        signs = glyphs()
        parts: list[tuple[str, str] | str] = []
        spans: list[tuple[int, int]] = []
        column = 0
        gap = "  " if sum(len(stage.name) + 4 for stage in stages) < self.size.width else " "
        for place, stage in enumerate(stages):
            words = f"{signs.states[stage.state]} {stage.name}".replace(" ", NBSP)
            tone = TONES[stage.state]
            style = f"bold underline {tone}" if place == self._place else tone
            parts += [(words, style), gap]
            spans.append((column, column + len(words)))
            column += len(words) + len(gap)
        self._spans = tuple(spans)
        return Content.assemble(*parts[:-1])
