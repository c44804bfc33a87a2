"""A line to a runner in another process, over its socket."""

from __future__ import annotations

import contextlib
import os
import socket
import struct
import threading
from pathlib import Path

from wizard.engine.lease import current_owner
from wizard.engine.remote.protocol import (
    AnyCommand,
    Ask,
    AskEvents,
    AskSnapshot,
    Connection,
    Event,
    Message,
    Reply,
    RunnerGone,
    decode_events,
    decode_reply,
    decode_snapshot,
    encode,
)
from wizard.state.store import UNREADABLE
from wizard.steps.step import Place
from wizard.views import Snapshot

_TIME_LIMIT = 5.0


class RemoteLink:
    """A ``RunnerLink`` to a runner in another process.

    Every call raises ``RunnerGone`` once it has ended, as does a socket that is not this user's:
    answers hold secrets, and the lease that names the socket may lie in a shared folder.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        if not hasattr(socket, "AF_UNIX"):
            raise _gone(path)
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        connection.settimeout(_TIME_LIMIT)
        try:
            connection.connect(str(path))
            mine = _peer(connection, path) == os.getuid()
        except OSError as error:
            connection.close()
            raise _gone(path) from error
        if not mine:
            connection.close()
            raise _gone(path)
        self._connection = Connection(connection)

    def snapshot(self) -> Snapshot:
        """The install as it stands now."""
        return decode_snapshot(self._ask(AskSnapshot()))

    def events(self) -> list[Event]:
        """Events since the last call, oldest first; the first call brings the recent past."""
        return decode_events(self._ask(AskEvents()))

    def send(self, command: AnyCommand) -> Reply:
        """Have a command carried out."""
        return decode_reply(self._ask(Ask(command)))

    def close(self) -> None:
        """Hang up; the runner goes on."""
        with contextlib.suppress(OSError):
            self._connection.close()

    def _ask(self, request: Message) -> bytes:
        with self._lock:
            try:
                self._connection.write(encode(request))
                answer = self._connection.read()
            except (OSError, *UNREADABLE) as error:
                raise _gone(self._path) from error
        if answer is None:
            raise _gone(self._path)
        return answer


def attach(dest: Path) -> RemoteLink | None:
    """Return a line to the runner of a destination, or None when none can be reached from here.

    One on another machine or of another user cannot; ``lease.current_holder`` names it.
    """
    owner = current_owner(Place(dest=dest, root=dest))
    if owner is None or not owner.address:
        return None
    try:
        return RemoteLink(Path(owner.address))
    except RunnerGone:
        return None


def told_by_runner(dest: Path) -> Snapshot | None:
    """Return what the runner of a destination says; None where none answers, as when frozen."""
    link = attach(dest)
    if link is None:
        return None
    with contextlib.closing(link), contextlib.suppress(RunnerGone):
        return link.snapshot()
    return None


def _peer(connection: socket.socket, path: Path) -> int:
    """Return the user at the other end, or where the system does not say, the socket's owner."""
    if hasattr(socket, "SO_PEERCRED"):
        size = struct.calcsize("3i")
        found = connection.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
        return int(struct.unpack("3i", found)[1])
    return path.stat().st_uid


def _gone(path: Path) -> RunnerGone:
    return RunnerGone(
        "the runner has ended or does not answer",
        where=str(path),
        hint="segwizard status shows how the install stands; segwizard run goes on with it",
    )
