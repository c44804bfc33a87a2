"""Events: written to the log first, then kept in memory for whoever is watching."""

from __future__ import annotations

import threading
import time
from collections import deque

import msgspec

from wizard.engine.logs import LogFile, Masker
from wizard.engine.remote.protocol import Event

STARTED = "started on"
"""How the first event of every run begins; it concerns no step."""
_KEPT = 2000


class EventLog:
    """Numbered events; each viewer keeps its own place with a cursor."""

    def __init__(self, log: LogFile, masker: Masker) -> None:
        self._log = log
        self._mask = masker
        self._lock = threading.Lock()
        self._events: deque[Event] = deque(maxlen=_KEPT)
        self._count = 0

    def add(self, level: str, text: str, *, address: str = "") -> None:
        """Log and publish one event, masked; ``level`` is ``info``, ``warning`` or ``error``."""
        event = Event(moment=time.time(), level=level, text=self._mask(text), address=address)
        self._log.append(msgspec.json.encode(event))
        with self._lock:
            self._events.append(event)
            self._count += 1

    def since(self, cursor: int) -> tuple[int, list[Event]]:
        """Return the new cursor and the events after the old one, oldest first."""
        with self._lock:
            fresh = min(self._count - cursor, len(self._events))
            return self._count, list(self._events)[len(self._events) - fresh :]

    def cursor(self) -> EventCursor:
        """Return a place from which nothing was read yet."""
        return EventCursor(self)


class EventCursor:
    """One viewer's place in the events."""

    def __init__(self, events: EventLog) -> None:
        self._events = events
        self._place = 0

    def read(self) -> list[Event]:
        """Return what happened since the last call."""
        self._place, fresh = self._events.since(self._place)
        return fresh
