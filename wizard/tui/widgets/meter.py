"""Steps on their way: share, count, speed and time left, in two lines each."""

from __future__ import annotations

from textual.containers import Vertical
from textual.content import Content
from textual.geometry import Size
from textual.widget import Widget

from wizard import figures
from wizard.tui.glyphs import STATE_WORDS, TONES, glyphs
from wizard.views import StepView


class Steady(Widget):
    """Drawn anew several times a second, and laid out only when its height changes."""

    def drawn(self, width: int) -> Content:
        """The row, ``width`` cells wide."""
        raise NotImplementedError

    def redraw(self) -> None:
        """Paint the new figures."""
        width, height = self.size
        self.refresh(layout=not width or _height(self.drawn(width), width) != height)

    def render(self) -> Content:
        """The row in the room it has."""
        return self.drawn(self.size.width)

    def get_content_height(self, container: Size, viewport: Size, width: int) -> int:
        """The height it will have at a width, before it has that width."""
        return _height(self.drawn(width), width)


def _height(drawn: Content, width: int) -> int:
    return drawn.get_height({}, width) if width else 0


def tally(step: StepView) -> str:
    """How much is done: ``4,210 of 20,210 images``."""
    if step.unit in ("B", "bytes"):
        done = figures.size(step.done)
        return done if step.total is None else f"{done} of {figures.size(step.total)}"
    if step.total == 1:
        return ""
    if step.total is None:
        return figures.count(step.done, step.unit, step.unit) if step.done else ""
    return f"{step.done:,} of {step.total:,} {step.unit}"


class StepMeter(Steady):
    """One step with its bar."""

    DEFAULT_CSS = """
    StepMeter { height: auto; margin-bottom: 1; }
    """

    def __init__(self, step: StepView) -> None:
        super().__init__()
        self._step = step

    def show(self, step: StepView) -> None:
        """Draw the new figures, if they are new."""
        if step != self._step:
            self._step = step
            self.redraw()

    def drawn(self, width: int) -> Content:
        """Title and state; bar while it moves; what it says of itself."""
        step = self._step
        lines = [self._title(step, width)]
        if step.state in ("running", "partial", "paused", "failed") and step.total:
            lines.append(self._bar(step, width))
        lines += [Content.styled(f"  {said}", "$text-muted") for said in self._said(step)]
        return Content("\n").join(lines)

    @staticmethod
    def _title(step: StepView, width: int) -> Content:
        word = STATE_WORDS[step.state]
        room = width - len(word) - 3
        fits = len(step.title) <= room
        title = f"{step.title:<{room}} " if fits else f"{step.title}\n  "
        return Content.assemble(
            (f"{glyphs().states[step.state]} ", TONES[step.state]),
            (title, "bold" if step.state == "running" else ""),
            (word, TONES[step.state]),
        )

    @staticmethod
    def _bar(step: StepView, width: int) -> Content:
        fraction = step.done / step.total if step.total else 0.0
        full, empty = glyphs().bar(fraction, max(6, width - 8))
        share = f"{figures.percent(fraction):>5}"
        return Content.assemble(
            "  ", (full, "$text-primary"), (empty, "$border-blurred"), (share, "bold")
        )

    @staticmethod
    def _said(step: StepView) -> list[str]:
        speed = figures.rate(step.rate, step.unit) if step.rate else ""
        left = f"{figures.span(step.eta)} left" if step.eta is not None else ""
        moving = ", ".join(filter(None, (speed, left))) if step.state == "running" else ""
        return [said for said in (tally(step), moving, step.detail) if said]


class StepList(Vertical):
    """Meters of the steps given; rows come and go."""

    DEFAULT_CSS = """
    StepList { height: auto; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._meters: dict[str, StepMeter] = {}

    def show(self, steps: tuple[StepView, ...]) -> None:
        """Update, add and remove by address."""
        wanted = {step.address: step for step in steps}
        for address in [address for address in self._meters if address not in wanted]:
            self._meters.pop(address).remove()
        fresh: list[StepMeter] = []
        for address, step in wanted.items():
            if address in self._meters:
                self._meters[address].show(step)
            else:
                self._meters[address] = meter = StepMeter(step)
                fresh.append(meter)
        if fresh:
            self.mount_all(fresh)
