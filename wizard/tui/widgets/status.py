"""The two lines above the footer: how far, how long, what is left of the disk, what is wanted."""

from __future__ import annotations

from textual.content import Content
from textual.widget import Widget

from wizard import figures
from wizard.tui.glyphs import glyphs
from wizard.views import Snapshot, checked_words

_BAR = 6
"""Cells a bar of progress takes at least, before speed and its line."""


def headline(snapshot: Snapshot) -> str:
    """What goes on, in one short sentence."""
    if snapshot.complete:
        return f"Everything is in place and {checked_words(snapshot.plausible)}"
    if snapshot.paused:
        return "Paused"
    if not snapshot.running:
        return "Nothing is running"
    if snapshot.looking:
        return "looking…"
    failed = sum(view.state == "failed" for view in snapshot.datasets)
    if _moving(snapshot):
        left = f"about {figures.span(snapshot.eta)} left" if snapshot.eta is not None else "working"
        return f"{left}, {failed} failed" if failed else left
    if any(view.state == "retrying" for view in snapshot.transfers):
        return "trying again what did not answer"
    states = {step.state for step in snapshot.steps}
    said = [f"{failed} failed, r tries again"] if failed else []
    said += ["waiting for you"] if "waiting" in states else []
    return ", ".join(said) or "about to go on"


def _moving(snapshot: Snapshot) -> bool:
    """Whether anything gets on: a transfer that only tries again does not."""
    stuck = {view.address for view in snapshot.transfers if view.state in ("retrying", "paused")}
    stuck -= {view.address for view in snapshot.transfers if view.state in ("running", "checking")}
    return any(step.state == "running" and step.address not in stuck for step in snapshot.steps)


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

    def show(self, snapshot: Snapshot, rates: tuple[float, ...]) -> None:
        """Draw the new figures."""
        before = self._drawn()
        self._snapshot, self._rates = snapshot, rates
        if not self._drawn().is_same(before):
            self.refresh()

    def trouble(self, text: str) -> None:
        """Say that the runner cannot be reached; empty when it can again."""
        self._trouble = text
        self.refresh()

    def render(self) -> Content:
        """Two lines of exactly the widget's width."""
        return self._drawn()

    def _drawn(self) -> Content:
        if self._snapshot is None:
            return Content.styled("Looking at what is there…", "$text-muted")
        return Content("\n").join((self._progress(self._snapshot), self._facts(self._snapshot)))

    def _progress(self, snapshot: Snapshot) -> Content:
        signs = glyphs()
        looking = snapshot.running and snapshot.looking
        share = "" if looking else figures.percent(snapshot.fraction)
        said = f" {share}  {headline(snapshot)}"
        spark = signs.spark(self._rates, 12) if snapshot.rate else ""
        rate = f"  {signs.down} {figures.rate(snapshot.rate)} " if snapshot.rate else ""
        room = self.size.width - len(said)
        # What fits least needed goes first: a second line would push the figures out.
        if room - len(rate) - len(spark) < _BAR:
            spark = ""
        if room - len(rate) < _BAR:
            rate = ""
        full, empty = signs.bar(snapshot.fraction, max(0, room - len(rate) - len(spark)))
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
