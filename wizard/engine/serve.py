"""The far end of the wire: the door through which other terminals watch and steer a runner."""

from __future__ import annotations

import contextlib
import socket
import threading
from pathlib import Path

import msgspec

from wizard.engine.link import AnyCommand, Reply
from wizard.engine.runner import Runner
from wizard.engine.wire import (
    Ask,
    AskEvents,
    AskSnapshot,
    Request,
    Wire,
    decode_request,
    encode,
    socket_path,
)
from wizard.errors import LeaseError

_TICK = 0.5
_LINGER = 2.0
"""Seconds a finished runner stays, so that viewers see the end."""
_SWEPT = 1.0
"""Seconds between two looks whether the socket was swept away."""
_PATIENCE = 0.5
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
        threading.Thread(
            target=self._accept, args=(runner,), name="segwizard-serve", daemon=True
        ).start()

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
                self._welcome(_Viewer(Wire(connection), runner))

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

        threading.Thread(target=serve, name="segwizard-viewer", daemon=True).start()

    def _restore(self) -> None:
        """Listen anew if the socket was swept away, as at the end of a login session."""
        with self._lock, contextlib.suppress(OSError):
            if self._listener is not None and not self._path.exists():
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                swept, self._listener = self._listener, _listen(self._path)
                swept.close()


class _Viewer:
    """One connection; asks are answered in turn."""

    def __init__(self, wire: Wire, runner: Runner) -> None:
        self._wire = wire
        self._runner = runner
        self._cursor = runner.event_log().cursor()
        self._answering = threading.Lock()

    def serve(self) -> None:
        """Answer until either side hangs up."""
        try:
            while (line := self._wire.read()) is not None:
                with self._answering:
                    self._wire.write(self._answer(line))
        except OSError:
            pass
        finally:
            self._wire.close()

    def hang_up(self) -> None:
        """End the connection, after the answer that is under way: it may say why."""
        in_turn = self._answering.acquire(timeout=_PATIENCE)
        self._wire.close()
        if in_turn:
            self._answering.release()

    def _answer(self, line: bytes) -> bytes:
        try:
            request: Request = decode_request(line)
        except (msgspec.MsgspecError, UnicodeDecodeError):
            return encode(Reply(ok=False, text="the request was not understood"))
        match request:
            case AskSnapshot():
                return encode(self._runner.snapshot())
            case AskEvents():
                return encode(self._cursor.read())
            case Ask(command=command):
                return encode(self._carry_out(command))

    def _carry_out(self, command: AnyCommand) -> Reply:
        """Have a command carried out, and told in the runner's own terminal."""
        reply = self._runner.send(command)
        if reply.ok:
            self._runner.event_log().add("info", f"from another terminal: {reply.text}")
        return reply


def door_at(dest: Path) -> Server | None:
    """Return a door for the runner of a destination, or None where there can be none.

    A runner in a terminal does without: it is only seen there.
    """
    if not hasattr(socket, "AF_UNIX"):
        return None
    try:
        return Server(socket_path(dest))
    except LeaseError:
        return None


def serve_until_over(runner: Runner, server: Server, stop: threading.Event) -> None:
    """Keep a detached runner going until it is complete, stopped, or has nothing left to try.

    What waits for a person or for space keeps it alive, as does a viewer.
    """
    while not (stop.is_set() or runner.ended):
        if runner.wait_settled(_TICK) and not _worth_staying(runner, server):
            stop.wait(_LINGER)
            if runner.settled and not _worth_staying(runner, server):
                break
        stop.wait(_TICK)
    runner.stop(seconds=5.0)


def _worth_staying(runner: Runner, server: Server) -> bool:
    states = {step.state for step in runner.snapshot().steps}
    return bool(states & {"waiting", "paused"}) or ("failed" in states and server.viewers > 0)


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
