"""The two lines above the footer: how far, how long, what is left of the disk, what is wanted."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from wizard import figures
from wizard.engine.views import Snapshot
from wizard.tui.glyphs import glyphs

SAID = 6.0
"""Seconds a sentence stays."""


def headline(snapshot: Snapshot) -> str:
    """What goes on, in one short sentence."""
    if snapshot.complete:
        return "Everything is in place and checked"
    if snapshot.paused:
        return "Paused"
    if not snapshot.running:
        return "Nothing is running"
    states = {step.state for step in snapshot.steps}
    if "running" not in states and "waiting" in states:
        return "waiting for you"
    if snapshot.eta is not None:
        return f"about {figures.span(snapshot.eta)} left"
    return "working"


def counts(snapshot: Snapshot) -> str:
    """How many datasets wait, run and failed."""
    states = [view.state for view in snapshot.datasets]
    parts = (
        (states.count("failed"), "failed"),
        (states.count("waiting"), "waiting for you"),
        (states.count("running"), "running"),
        (states.count("done"), "done"),
    )
    return ", ".join(f"{amount} {word}" for amount, word in parts if amount)


class StatusLines(Widget):
    """Overall progress of an install."""

    DEFAULT_CSS = """
    StatusLines { height: 2; padding: 0 1; }
    """

    def __init__(self) -> None:
        super().__init__(id="status")
        self._snapshot: Snapshot | None = None
        self._rates: tuple[float, ...] = ()
        self._trouble = ""
        self._said = ""

    def say(self, text: str) -> None:
        """Show a sentence in place of the counts for a few seconds, a long one in a box."""
        if len(text) > self.size.width:
            self.notify(text, timeout=SAID)
            return
        self._said = text
        self.refresh()
        self.set_timer(SAID, lambda: self._forget(text))

    def _forget(self, text: str) -> None:
        if self._said == text:
            self._said = ""
            self.refresh()

    def show(self, snapshot: Snapshot, rates: tuple[float, ...]) -> None:
        """Draw the new figures."""
        self._snapshot, self._rates = snapshot, rates
        self.refresh()

    def trouble(self, text: str) -> None:
        """Say that the runner cannot be reached; empty when it can again."""
        self._trouble = text
        self.refresh()

    def render(self) -> Content:
        """Two lines of exactly the widget's width."""
        if self._snapshot is None:
            return Content.styled("Looking at what is there…", "$text-muted")
        return Content("\n").join((self._progress(self._snapshot), self._facts(self._snapshot)))

    def _progress(self, snapshot: Snapshot) -> Content:
        signs = glyphs()
        share = figures.percent(snapshot.fraction)
        said = f" {share}  {headline(snapshot)}"
        spark = signs.spark(self._rates, 12) if snapshot.rate else ""
        rate = f"  {signs.down} {figures.rate(snapshot.rate)} " if snapshot.rate else ""
        room = max(8, self.size.width - len(said) - len(rate) - len(spark))
        full, empty = signs.bar(snapshot.fraction, room)
        return Content.assemble(
            (full, "$text-primary"),
            (empty, "$border-blurred"),
            (said, "bold"),
            (rate, "$text"),
            (spark, "$text-accent"),
        )

    def _facts(self, snapshot: Snapshot) -> Content:
        if self._trouble:
            return Content.styled(f"Lost sight of the runner: {self._trouble}", "$text-error")
        if self._said:
            return Content.styled(self._said, "$text-success")
        disk = f"{figures.size(snapshot.disk_free)} free on disk"
        short = snapshot.disk_needed > snapshot.disk_free
        left = counts(snapshot)
        needed = f", {figures.size(snapshot.disk_needed)} still needed"
        if snapshot.disk_needed and len(left) + len(disk + needed) + 4 <= self.size.width:
            disk += needed
        room = self.size.width - len(left) - len(disk)
        gap = " " * max(2, room)
        tone = "$text-error" if short else "$text-muted"
        return Content.assemble((left, "$text"), gap, (disk, tone))
