"""The only place where the runner's threads and the screen meet.

One daemon thread samples the runner and carries commands, so that a slow runner never holds up a
key press. It wakes the screen only for what is new: an install that rests costs nothing.
"""

from __future__ import annotations

import asyncio
import contextvars
import queue
import threading
from collections import deque
from concurrent.futures import Future

from msgspec.structs import replace
from textual.app import App
from textual.signal import Signal

from wizard.engine.remote.protocol import AnyCommand, Event, Reply, RunnerClient
from wizard.errors import WizardError
from wizard.tui.history import History
from wizard.views import Snapshot

INTERVAL = 0.5
"""Seconds between samples: figures that change faster cannot be read."""
RESTING = 1.0
"""The same while nothing changes."""

_Ask = tuple[AnyCommand, "Future[Reply]"]


class Bridge:
    """Samples a runner for the screen and carries the screen's commands to it."""

    def __init__(self, app: App[int], link: RunnerClient) -> None:
        self._link = link
        self._asks: queue.SimpleQueue[_Ask | None] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._fresh: Snapshot | None = None
        self._last: Snapshot | None = None
        self._thread = threading.Thread(target=self._serve, name="segwizard-bridge", daemon=True)
        self._loop: asyncio.AbstractEventLoop | None = None
        self._context = contextvars.copy_context()
        self._due = False
        self.sampled: Signal[Snapshot] = Signal(app, "sampled")
        self.logged: Signal[tuple[Event, ...]] = Signal(app, "logged")
        self.lost: Signal[str] = Signal(app, "lost")
        self.snapshot: Snapshot | None = None
        self.log: deque[Event] = deque(maxlen=5000)
        self.history = History()
        self._trouble = ""
        self._told = ""

    def start(self) -> None:
        """Begin to sample."""
        self._loop = asyncio.get_running_loop()
        self._thread.start()

    async def ask(self, command: AnyCommand) -> Reply:
        """Send a command to the runner and wait for its answer without holding up the screen."""
        answer: Future[Reply] = Future()
        answer.set_running_or_notify_cancel()
        self._asks.put((command, answer))
        return await asyncio.wrap_future(answer)

    def close(self) -> None:
        """Stop sampling and hang up."""
        if self._loop is None:
            return
        self._loop = None
        self._asks.put(None)
        self._thread.join(timeout=1.0)
        self._link.close()

    def _serve(self) -> None:
        while True:
            changed = self._sample()
            try:
                ask = self._asks.get(timeout=INTERVAL if changed else RESTING)
            except queue.Empty:
                continue
            if ask is None:
                return
            self._carry(*ask)

    def _sample(self) -> bool:
        """Look at the runner; tells whether anything is new."""
        trouble, events = "", False
        try:
            seen = self._link.snapshot()
            for event in self._link.events():
                self._events.put(event)
                events = True
        except (WizardError, OSError) as error:
            seen, trouble = None, str(error)
        moved = seen is not None and not _same(seen, self._last)
        if moved:
            self._fresh = self._last = seen
        fresh = moved or events or trouble != self._trouble
        self._trouble = trouble
        if fresh:
            self._wake()
        return fresh

    def _wake(self) -> None:
        loop = self._loop
        if loop is not None and not self._due and not loop.is_closed():
            self._due = True
            loop.call_soon_threadsafe(self._publish, context=self._context)

    def _carry(self, command: AnyCommand, answer: Future[Reply]) -> None:
        try:
            answer.set_result(self._link.send(command))
        except WizardError as error:
            answer.set_result(Reply(ok=False, text=error.message, hint=error.hint))
        except OSError as error:
            answer.set_result(Reply(ok=False, text=f"the runner cannot be reached: {error}"))

    def _publish(self) -> None:
        """Hand what the thread brought to whoever listens; runs on the screen's own thread."""
        self._due = False
        self._publish_events()
        if self._trouble != self._told:
            self._told = self._trouble
            self.lost.publish(self._trouble)
        fresh, self._fresh = self._fresh, None
        if fresh is None:
            return
        self.history.note(fresh)
        self.snapshot = fresh
        self.sampled.publish(fresh)

    def _publish_events(self) -> None:
        batch: list[Event] = []
        while not self._events.empty():
            batch.append(self._events.get())
        if batch:
            self.log.extend(batch)
            self.logged.publish(tuple(batch))


def _same(one: Snapshot, other: Snapshot | None) -> bool:
    """Whether two samples show the same, whenever they were taken."""
    return other is not None and replace(one, moment=other.moment) == other
