"""Following a run: its events as they happen, its progress now and then."""

from __future__ import annotations

import os
import shutil
import sys
import time
from typing import Protocol

import msgspec

from wizard.engine.link import Event, RunnerLink
from wizard.engine.views import Snapshot
from wizard.headless import lines, say

LOG_PACE = 10.0
"""Seconds between progress lines in a log."""
TERMINAL_PACE = 1.0
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


class PlainWatcher:
    """Lines on stderr; in a terminal the progress line rewrites itself unless ``steady``."""

    def __init__(self, *, steady: bool) -> None:
        self._rewrite = not steady and sys.stderr.isatty() and os.environ.get("TERM") != "dumb"
        self._pace = TERMINAL_PACE if self._rewrite else LOG_PACE
        self._next = 0.0
        self._shown = False

    def event(self, event: Event) -> None:
        """Print one event above the progress line."""
        self.end()
        line = lines.event_line(event)
        if sys.stderr.isatty():
            line = lines.folded(line, max(_NARROWEST, shutil.get_terminal_size().columns))
        say.talk(line)

    def progress(self, snapshot: Snapshot) -> None:
        """Print the progress line at its pace."""
        now = time.monotonic()
        if now < self._next:
            return
        self._next = now + self._pace
        line = lines.progress_line(snapshot)
        if not self._rewrite:
            say.talk(line)
            return
        width = shutil.get_terminal_size().columns - 1
        say.raw(f"\r\x1b[K{line[:width]}")
        self._shown = True

    def end(self) -> None:
        """Clear the progress line."""
        if self._shown:
            say.raw("\r\x1b[K")
            self._shown = False


class EventLine(msgspec.Struct, frozen=True, tag_field="type", tag="event"):
    """One line of ``--json``: something happened."""

    moment: float
    level: str
    text: str
    address: str


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


class JsonWatcher:
    """JSON Lines on stdout."""

    def __init__(self) -> None:
        self._next = 0.0

    def event(self, event: Event) -> None:
        """Print one event."""
        line = EventLine(event.moment, event.level, event.text, event.address)
        say.json_data(line, indent=0)

    def progress(self, snapshot: Snapshot) -> None:
        """Print how it stands, every ten seconds."""
        now = time.monotonic()
        if now >= self._next:
            self._next = now + LOG_PACE
            say.json_data(_progress(snapshot), indent=0)

    def end(self) -> None:
        """Nothing to leave."""


def _progress(snapshot: Snapshot) -> ProgressLine:
    return ProgressLine(
        moment=snapshot.moment,
        fraction=snapshot.fraction,
        done_steps=sum(step.state == "done" for step in snapshot.steps),
        total_steps=len(snapshot.steps),
        rate=snapshot.rate,
        eta=snapshot.eta,
        disk_free=snapshot.disk_free,
        running=tuple(step.address for step in snapshot.steps if step.state == "running"),
    )


def show(watcher: Watcher, link: RunnerLink) -> Snapshot:
    """Show what is new and return how the install stands."""
    for event in link.events():
        watcher.event(event)
    snapshot = link.snapshot()
    watcher.progress(snapshot)
    return snapshot
