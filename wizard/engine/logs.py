"""The install's log and its events: masked, one JSON object a line, kept for who watches."""

from __future__ import annotations

import contextlib
import os
import re
import threading
import time
import traceback
from collections import deque
from pathlib import Path

import msgspec
from platformdirs import user_log_path

from wizard.causes import CAUSES
from wizard.credentials.secret import Secret
from wizard.engine.remote.protocol import Event
from wizard.errors import WizardError
from wizard.files import open_ours, rename, write_whole
from wizard.findings import FailureGroup, Finding
from wizard.harmless import harmless_line
from wizard.state.shards import shards_folder
from wizard.steps.install import Install

MASK = "[masked]"
_APPEND = os.O_WRONLY | os.O_APPEND | os.O_CREAT
LARGEST_LOG = 4 << 20
_KEPT = 4
_SHORTEST_SECRET = 4
"""Shorter values would mask ordinary words."""

_QUERY = re.compile(r"(\b\w+://[^\s?#\"'<>]+)\?[^\s\"'<>]*")
_USERINFO = re.compile(r"(\b\w+://)[^\s/@\"'<>]+@")
_ASSIGNED = re.compile(
    r"(?i)\b(password|passwd|token|secret|authorization|cookie|signature)(\s*[=:]\s*)"
    r"(?:bearer\s+|basic\s+)?[^\s\"',;&]+"
)
STARTED = "started on"
"""How the first event of every run begins; it concerns no step."""
_EVENTS_KEPT = 2000


class Masker:
    """Takes secrets out of text: query strings of addresses, ``password=...``, and known values."""

    def __init__(self) -> None:
        self._known: frozenset[str] = frozenset()

    def learn(self, secret: Secret) -> None:
        """Mask this value from now on, wherever it appears."""
        value = secret.reveal()
        if len(value) >= _SHORTEST_SECRET:
            self._known |= {value}

    def __call__(self, text: str) -> str:
        """Return the text without its secrets, on one line and without control characters."""
        for value in sorted(self._known, key=len, reverse=True):
            text = text.replace(value, MASK)
        text = _QUERY.sub(rf"\1?{MASK}", text)
        text = _USERINFO.sub(rf"\1{MASK}@", text)
        text = _ASSIGNED.sub(rf"\1\2{MASK}", text)
        return harmless_line(text)


class LogFile:
    """A file that lines are appended to; full ones become ``.1``, ``.2`` and so on.

    A disk that is full or gone loses lines, never the run.
    """

    def __init__(self, path: Path, *, largest: int = LARGEST_LOG, kept: int = _KEPT) -> None:
        self.path = path
        self._largest = largest
        self._kept = kept
        self._lock = threading.Lock()

    def append(self, line: bytes) -> None:
        """Add one line; the newline is put here."""
        with self._lock, contextlib.suppress(OSError, WizardError):
            self._rotate_when_full(len(line))
            descriptor = open_ours(self.path, _APPEND, 0o644, make=True)
            try:
                os.write(descriptor, line + b"\n")
            finally:
                os.close(descriptor)

    def _rotate_when_full(self, more: int) -> None:
        if not self.path.exists() or self.path.stat().st_size + more <= self._largest:
            return
        for number in range(self._kept - 1, 0, -1):
            older = self._numbered(number)
            if older.exists():
                rename(older, self._numbered(number + 1))
        rename(self.path, self._numbered(1))

    def _numbered(self, number: int) -> Path:
        return self.path.with_name(f"{self.path.name}.{number}")


def unexpected(error: BaseException, log: Path, masker: Masker) -> FailureGroup:
    """Write where an error we did not foresee arose, without values, and return it as a group."""
    LogFile(log).append(crash_text(error, masker).encode())
    said = masker(f"{type(error).__name__}: {error}")
    hint = f"{CAUSES['unexpected'].hint} and {log}"
    return FailureGroup.of(Finding("unexpected", "", said, hint))


def crash_text(error: BaseException, masker: Masker) -> str:
    """Return a traceback without locals and with secrets masked."""
    moment = time.strftime("%Y-%m-%dT%H:%M:%S")
    lines = "".join(traceback.format_exception(error)).splitlines()
    return "\n".join([moment, *(masker(line) for line in lines)])


def write_crash(error: BaseException) -> Path | None:
    """Write a masked traceback to the user's log folder; None when that cannot be done."""
    name = f"fault-{time.strftime('%Y%m%d-%H%M%S')}-{os.getpid()}.log"
    path = user_log_path("segwizard", appauthor=False) / name
    try:
        write_whole(path, crash_text(error, Masker()).encode(), mode=0o600)
    except OSError:
        return None
    return path


class EventLog:
    """Numbered events; each viewer keeps its own place with a cursor."""

    def __init__(self, log: LogFile, masker: Masker) -> None:
        self._log = log
        self._mask = masker
        self._lock = threading.Lock()
        self._events: deque[Event] = deque(maxlen=_EVENTS_KEPT)
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


def own_log(install: Install, name: str) -> Path:
    """Return where a runner writes a log: each shard into a file of its own."""
    state, part = install.place.state, install.part
    if part is None or part.shard is None:
        return state / name
    stem, _, ending = name.partition(".")
    return shards_folder(state) / f"{stem}-{part.shard.index}.{ending}"
