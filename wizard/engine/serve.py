"""The far end of the wire: a runner that answers viewers until its work is over."""

from __future__ import annotations

import contextlib
import os
import socket
import threading
from pathlib import Path

import msgspec

from wizard.engine.link import Reply
from wizard.engine.runner import Runner
from wizard.engine.wire import Ask, AskEvents, AskSnapshot, Response, Wire, decode_request, encode

_TICK = 0.5
_LINGER = 2.0
"""Seconds a finished runner stays, so that viewers see the end."""


class Server:
    """Listens for viewers of one runner; each connection has a thread and a place of its own."""

    def __init__(self, runner: Runner, path: Path) -> None:
        self._runner = runner
        self._path = path
        self._socket = _listen(path)
        self._viewers = 0
        self._lock = threading.Lock()

    def start(self) -> None:
        """Begin to listen."""
        threading.Thread(target=self._accept, name="segwizard-serve", daemon=True).start()

    @property
    def viewers(self) -> int:
        """How many are connected."""
        return self._viewers

    def close(self) -> None:
        """Stop listening and remove the socket."""
        self._socket.close()
        self._path.unlink(missing_ok=True)

    def ensure(self) -> None:
        """Listen anew if the socket was swept away, as at the end of a login session."""
        if not self._path.exists():
            with contextlib.suppress(OSError):
                self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                swept, self._socket = self._socket, _listen(self._path)
                swept.close()
                self.start()

    def _accept(self) -> None:
        listener = self._socket
        while True:
            try:
                connection, _ = listener.accept()
            except OSError:
                return
            threading.Thread(
                target=self._serve, args=(Wire(connection),), name="segwizard-viewer", daemon=True
            ).start()

    def _serve(self, wire: Wire) -> None:
        cursor = self._runner.event_log().cursor()
        self._count(1)
        try:
            while (line := wire.read()) is not None:
                match decode_request(line):
                    case AskSnapshot():
                        wire.write(encode(self._runner.snapshot()))
                    case AskEvents():
                        wire.write(encode(cursor.read()))
                    case Ask(command=command):
                        wire.write(encode(self._runner.send(command)))
        except msgspec.MsgspecError:
            refusal: Response = Reply(ok=False, text="the request was not understood")
            with contextlib.suppress(OSError):
                wire.write(encode(refusal))
        except OSError:
            pass
        finally:
            self._count(-1)
            wire.close()

    def _count(self, change: int) -> None:
        with self._lock:
            self._viewers += change


def serve_until_over(runner: Runner, server: Server, stop: threading.Event) -> None:
    """Keep a detached runner going until it is complete, stopped, or has nothing left to try.

    What waits for a person or for space keeps it alive, as does a viewer.
    """
    while not (stop.is_set() or runner.ended):
        server.ensure()
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
    mask = os.umask(0o177)
    try:
        listener.bind(str(path))
    finally:
        os.umask(mask)
    listener.listen(8)
    return listener
