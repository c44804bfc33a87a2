"""A runner's server: the socket through which other terminals watch and steer it."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

from wizard.engine.remote.protocol import (
    AnyCommand,
    Ask,
    AskEvents,
    AskSnapshot,
    Connection,
    Message,
    Reply,
    decode_message,
    encode,
    socket_path,
)
from wizard.engine.runner import Runner
from wizard.errors import DestinationError
from wizard.files import make_folder
from wizard.state.store import UNREADABLE

_TICK = 0.5
_LINGER = 2.0
"""Seconds a finished runner stays, so that viewers see the end."""
_SWEPT = 1.0
"""Seconds between two looks whether the socket was swept away."""
_TIME_LIMIT = 0.5
"""Seconds an answer under way is given before its viewer is hung up on."""


class Server:
    """Listens for viewers of one runner; each connection has a thread and a place of its own."""

    def __init__(self, path: Path) -> None:
        self.address = str(path)
        self._path = path
        self._lock = threading.Lock()
        self._listener: socket.socket | None = None
        self._viewers: set[_Viewer] = set()

    def open(self, runner: Runner) -> None:
        """Begin to listen; raises ``OSError``. A socket left there by a dead runner goes."""
        with self._lock:
            self._listener = _listen(self._path)
        runner.spawn(lambda: self._accept(runner), "serve")

    @property
    def listening(self) -> bool:
        """Whether viewers can come in."""
        return self._listener is not None

    @property
    def viewers(self) -> int:
        """How many are connected."""
        return len(self._viewers)

    def close(self) -> None:
        """Stop listening, remove the socket and hang up on every viewer."""
        with self._lock:
            listener, self._listener = self._listener, None
            viewers = tuple(self._viewers)
        if listener is not None:
            self._path.unlink(missing_ok=True)
            listener.close()
        for viewer in viewers:
            viewer.hang_up()

    def _accept(self, runner: Runner) -> None:
        while (listener := self._listener) is not None:
            try:
                connection, _ = listener.accept()
            except TimeoutError:
                self._restore()
            except OSError:
                return
            else:
                self._welcome(_Viewer(Connection(connection), runner))

    def _welcome(self, viewer: _Viewer) -> None:
        with self._lock:
            if self._listener is None:
                viewer.hang_up()
                return
            self._viewers.add(viewer)

        def serve() -> None:
            try:
                viewer.serve()
            finally:
                with self._lock:
                    self._viewers.discard(viewer)

        viewer.runner.spawn(serve, "viewer")

    def _restore(self) -> None:
        """Listen anew if the socket was swept away, as at the end of a login session."""
        with self._lock, contextlib.suppress(OSError):
            if self._listener is not None and not self._path.exists():
                make_folder(self._path.parent, 0o700)
                cleaned, self._listener = self._listener, _listen(self._path)
                cleaned.close()


class _Viewer:
    """One connection; asks are answered in turn."""

    def __init__(self, connection: Connection, runner: Runner) -> None:
        self._connection = connection
        self.runner = runner
        self._cursor = runner.event_log().cursor()
        self._answering = threading.Lock()

    def serve(self) -> None:
        """Answer until either side hangs up."""
        try:
            while (line := self._connection.read()) is not None:
                with self._answering:
                    self._connection.write(self._answer(line))
        except OSError:
            pass
        finally:
            self._connection.close()

    def hang_up(self) -> None:
        """End the connection, after the answer that is under way: it may say why."""
        in_turn = self._answering.acquire(timeout=_TIME_LIMIT)
        self._connection.close()
        if in_turn:
            self._answering.release()

    def _answer(self, line: bytes) -> bytes:
        try:
            request: Message = decode_message(line)
        except UNREADABLE:
            return encode(Reply(ok=False, text="the request was not understood"))
        match request:
            case AskSnapshot():
                return encode(self.runner.snapshot())
            case AskEvents():
                return encode(self._cursor.read())
            case Ask(command=command):
                return encode(self._carry_out(command))

    def _carry_out(self, command: AnyCommand) -> Reply:
        """Have a command carried out, and told in the runner's own terminal."""
        reply = self.runner.send(command)
        if reply.ok:
            self.runner.event_log().add("info", f"from another terminal: {reply.text}")
        return reply


def server_at(dest: Path) -> Server | None:
    """Return a server for the runner of a destination, or None where there can be none.

    A runner in a terminal does without: it is only seen there.
    """
    if not hasattr(socket, "AF_UNIX"):
        return None
    try:
        return Server(socket_path(dest))
    except DestinationError:
        return None


def serve_until_over(runner: Runner, server: Server, stop: threading.Event) -> None:
    """Keep a detached runner going until it is complete, stopped, or has nothing left to try.

    What waits for a person or for space keeps it alive, as does a viewer.
    """
    while not (stop.is_set() or runner.ended):
        if runner.wait_settled(_TICK) and _may_go(runner, server):
            stop.wait(_LINGER)
            if _may_go(runner, server):
                break
        stop.wait(_TICK)
    runner.stop(seconds=5.0)


def _may_go(runner: Runner, server: Server) -> bool:
    snapshot = runner.snapshot()
    states = {step.state for step in snapshot.steps}
    watched = "failed" in states and server.viewers > 0
    return snapshot.settled and not states & {"waiting", "paused"} and not watched


def _listen(path: Path) -> socket.socket:
    path.unlink(missing_ok=True)
    listener = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        listener.bind(str(path))
        # Nobody else enters the folder, so there is no moment to guard; a mask for new files
        # would strike those other threads make meanwhile.
        path.chmod(0o600)
        listener.listen(8)
        listener.settimeout(_SWEPT)
    except OSError:
        listener.close()
        raise
    return listener
