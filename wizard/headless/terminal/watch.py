"""Following a run: its events as they happen, its progress now and then."""

from __future__ import annotations

import shutil
import sys
import time
from typing import Protocol

import msgspec

from wizard import environment
from wizard.engine.remote.protocol import Event, RunnerClient
from wizard.headless.terminal import lines, say
from wizard.views import Snapshot

LOG_PACE = 10.0
"""Seconds between progress lines in a log."""
TERMINAL_PACE = 1.0
_FIRST_PACE = 1.0
_NARROWEST = 40
"""Columns below which lines are left to the terminal."""


class Watcher(Protocol):
    """What shows a run to whoever looks."""

    def event(self, event: Event) -> None:
        """Show one event."""
        ...

    def progress(self, snapshot: Snapshot) -> None:
        """Show how it stands, if it is time."""
        ...

    def end(self) -> None:
        """Leave the terminal as a shell expects it."""
        ...


class _Pace:
    """Tells when a line is due: at once, a second later, and then ever less often."""

    def __init__(self, usual: float) -> None:
        self._usual = usual
        self._next = 0.0
        self._gap = min(_FIRST_PACE, usual)

    def is_due(self) -> bool:
        now = time.monotonic()
        if now < self._next:
            return False
        self._next, self._gap = now + self._gap, min(2 * self._gap, self._usual)
        return True


class PlainWatcher:
    """Lines on stderr; in a terminal the progress line rewrites itself unless ``steady``."""

    def __init__(self, *, steady: bool) -> None:
        self._rewrite = (
            not steady and sys.stderr.isatty() and environment.variable("TERM") != "dumb"
        )
        self._pace = _Pace(TERMINAL_PACE if self._rewrite else LOG_PACE)
        self._shown = False

    def event(self, event: Event) -> None:
        """Print one event above the progress line."""
        self.end()
        line = lines.event_line(event)
        if sys.stderr.isatty():
            line = lines.folded(line, max(_NARROWEST, shutil.get_terminal_size().columns))
        say.talk(line, several=True)

    def progress(self, snapshot: Snapshot) -> None:
        """Print the progress line at its pace."""
        if not self._pace.is_due():
            return
        line = lines.progress_line(snapshot)
        if not self._rewrite:
            say.talk(line)
            return
        width = shutil.get_terminal_size().columns - 1
        say.rewrite(line[:width])
        self._shown = True

    def end(self) -> None:
        """Clear the progress line."""
        if self._shown:
            say.rewrite("")
            self._shown = False


class EventLine(msgspec.Struct, frozen=True, tag_field="type", tag="event"):
    """One line of ``--json``: something happened."""

    moment: float
    level: str
    text: str
    address: str


class StepProgress(msgspec.Struct, frozen=True):
    """How far a step is that runs."""

    address: str
    done: int
    total: int | None
    unit: str
    eta: float | None
    """Seconds left; null until its pace is known."""


class ProgressLine(msgspec.Struct, frozen=True, tag_field="type", tag="progress"):
    """One line of ``--json``: how it stands."""

    moment: float
    fraction: float
    done_steps: int
    total_steps: int
    rate: float
    """Bytes a second over all transfers."""
    eta: float | None
    disk_free: int
    running: tuple[str, ...]
    steps: tuple[StepProgress, ...]
    """Of those that run, in the same order."""


class JsonWatcher:
    """JSON Lines on stdout."""

    def __init__(self) -> None:
        self._pace = _Pace(LOG_PACE)

    def event(self, event: Event) -> None:
        """Print one event."""
        line = EventLine(event.moment, event.level, event.text, event.address)
        say.json_data(line, indent=0)

    def progress(self, snapshot: Snapshot) -> None:
        """Print how it stands: often at first, then every ten seconds."""
        if self._pace.is_due():
            say.json_data(_progress(snapshot), indent=0)

    def end(self) -> None:
        """Nothing to leave."""


def _progress(snapshot: Snapshot) -> ProgressLine:
    running = [step for step in snapshot.steps if step.state == "running"]
    return ProgressLine(
        moment=snapshot.moment,
        fraction=snapshot.fraction,
        done_steps=sum(step.state == "done" for step in snapshot.steps),
        total_steps=len(snapshot.steps),
        rate=snapshot.rate,
        eta=snapshot.eta,
        disk_free=snapshot.disk_free,
        running=tuple(step.address for step in running),
        steps=tuple(
            StepProgress(step.address, step.done, step.total, step.unit, step.eta)
            for step in running
        ),
    )


def show(watcher: Watcher, link: RunnerClient) -> Snapshot:
    """Show what is new and return how the install stands."""
    for event in link.events():
        watcher.event(event)
    snapshot = link.snapshot()
    watcher.progress(snapshot)
    return snapshot
