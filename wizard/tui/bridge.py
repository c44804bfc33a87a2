"""The only place where the runner's threads and the screen meet.

One daemon thread samples the runner ten times a second and carries commands, so that a slow
runner never holds up a key press; the screen looks at what it brought on a timer of its own.
Measured in the fact sheet on terminals: a fifth of the processor time of a message per event.
"""

from __future__ import annotations

import asyncio
import queue
import threading
from collections import deque
from concurrent.futures import Future
from typing import TYPE_CHECKING

from textual.signal import Signal

from wizard.engine.link import AnyCommand, Event, Reply, RunnerLink
from wizard.engine.views import Snapshot
from wizard.errors import WizardError

if TYPE_CHECKING:
    from textual.app import App
    from textual.timer import Timer

INTERVAL = 0.1
"""Seconds between samples."""

_Ask = tuple[AnyCommand, "Future[Reply]"]


class Bridge:
    """Samples a runner for the screen and carries the screen's commands to it."""

    def __init__(self, app: App[int], link: RunnerLink) -> None:
        self._app = app
        self._link = link
        self._asks: queue.SimpleQueue[_Ask | None] = queue.SimpleQueue()
        self._events: queue.SimpleQueue[Event] = queue.SimpleQueue()
        self._fresh: Snapshot | None = None
        self._thread = threading.Thread(target=self._serve, name="segwizard-bridge", daemon=True)
        self._timer: Timer | None = None
        self.sampled: Signal[Snapshot] = Signal(app, "sampled")
        self.logged: Signal[tuple[Event, ...]] = Signal(app, "logged")
        self.lost: Signal[str] = Signal(app, "lost")
        self.snapshot: Snapshot | None = None
        self.log: deque[Event] = deque(maxlen=5000)
        self.rates: deque[float] = deque(maxlen=240)
        self._trouble = ""
        self._told = ""

    def start(self) -> None:
        """Begin to sample."""
        self._thread.start()
        self._timer = self._app.set_interval(INTERVAL, self._publish)

    async def ask(self, command: AnyCommand) -> Reply:
        """Send a command to the runner and wait for its answer without holding up the screen."""
        answer: Future[Reply] = Future()
        answer.set_running_or_notify_cancel()
        self._asks.put((command, answer))
        return await asyncio.wrap_future(answer)

    def close(self) -> None:
        """Stop sampling and hang up."""
        if self._timer is None:
            return
        self._timer.stop()
        self._timer = None
        self._asks.put(None)
        self._thread.join(timeout=1.0)
        self._link.close()

    def _serve(self) -> None:
        while True:
            self._sample()
            try:
                ask = self._asks.get(timeout=INTERVAL)
            except queue.Empty:
                continue
            if ask is None:
                return
            self._carry(*ask)

    def _sample(self) -> None:
        try:
            self._fresh = self._link.snapshot()
            for event in self._link.events():
                self._events.put(event)
            self._trouble = ""
        except (WizardError, OSError) as error:
            self._trouble = str(error)

    def _carry(self, command: AnyCommand, answer: Future[Reply]) -> None:
        try:
            answer.set_result(self._link.send(command))
        except WizardError as error:
            answer.set_result(Reply(ok=False, text=error.message, hint=error.hint))
        except OSError as error:
            answer.set_result(Reply(ok=False, text=f"the runner cannot be reached: {error}"))

    def _publish(self) -> None:
        """Hand what the thread brought to whoever listens; runs on the screen's own thread."""
        self._publish_events()
        if self._trouble != self._told:
            self._told = self._trouble
            self.lost.publish(self._trouble)
        fresh, self._fresh = self._fresh, None
        if fresh is None:
            return
        self._remember_rate(fresh)
        self.snapshot = fresh
        self.sampled.publish(fresh)

    def _publish_events(self) -> None:
        batch: list[Event] = []
        while not self._events.empty():
            batch.append(self._events.get())
        if batch:
            self.log.extend(batch)
            self.logged.publish(tuple(batch))

    def _remember_rate(self, fresh: Snapshot) -> None:
        """Keep one rate a second for the sparkline."""
        if self.snapshot is None or int(fresh.moment) != int(self.snapshot.moment):
            self.rates.append(fresh.rate)
