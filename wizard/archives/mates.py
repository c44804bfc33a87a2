"""Helper processes that write small members, one for each thread that unpacks.

Threads alone gain nothing here: each file is three or four calls to the system of some
microseconds, and after every one of them a thread waits until another gives up the interpreter.
A mate has an interpreter of its own. It gets nothing of ours but two pipes and the open archive,
none of our variables that could hold a secret, and ends when its input does, so it outlives
nobody. Whatever it cannot do is done again by the thread, which meets the same trouble itself.
"""

from __future__ import annotations

import contextlib
import os
import select
import subprocess
import sys
from collections.abc import Callable, Sequence
from pathlib import Path
from queue import SimpleQueue
from threading import Thread
from types import TracebackType

from wizard.archives.small import Damaged, Small, receive, send, write_batch

_PROGRAM = "import sys; from wizard.archives.small import serve; serve(int(sys.argv[1]))"
_PACKAGE = str(Path(__file__).parents[2])
"""Where an editable install keeps us, which is not always on the path."""
_KEPT = ("LD_LIBRARY_PATH", "PYTHONHOME")
"""What Python itself may need to start."""
_TICK = 100
"""Milliseconds between two looks at whether to stop."""


class Mates:
    """Writes batches of an archive side by side, each in a mate or, where there is none, here."""

    def __init__(self, archive: int, folder: Path, *, places: int, mates: int) -> None:
        """Start mates for the archive open as descriptor ``archive``.

        ``places`` batches are written at once, ``mates`` of them not here.
        """
        self._archive = archive
        self._root = os.fsencode(f"{folder}/")
        self._all: list[_Mate] = []
        self._places: SimpleQueue[_Mate | None] = SimpleQueue()
        for _ in range(places - mates):
            self._places.put(None)
        # Starting a process is mostly waiting for the system.
        self._starting = [Thread(target=self._add, args=[folder]) for _ in range(mates)]
        for start in self._starting:
            start.start()

    def _add(self, folder: Path) -> None:
        mate = None
        try:
            if mate := _start(self._archive, folder):
                self._all.append(mate)
        finally:
            self._places.put(mate)

    def __enter__(self) -> Mates:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for mate in self.started():
            # What a mate that died did not read is still to be flushed, and cannot be.
            with contextlib.suppress(BrokenPipeError), mate:
                mate.kill()

    def started(self) -> Sequence[_Mate]:
        """Wait until every mate has been started, and return those that could be."""
        for start in self._starting:
            start.join()
        return self._all

    def write(self, batch: Sequence[Small], check: Callable[[], None]) -> list[Damaged]:
        """Write members below the folder when there is a place; returns the damaged ones.

        ``check`` is called many times a second and may raise; raises ``OSError``.
        """
        mate = self._places.get()
        left = None
        try:
            if mate:
                with contextlib.suppress(OSError, EOFError, ValueError):
                    damaged = _ask(mate, batch, check)
                    left = mate
                    return damaged
            return write_batch(self._archive, self._root, batch, check)
        finally:
            self._places.put(left)


_Mate = subprocess.Popen[bytes]


def _start(archive: int, folder: Path) -> _Mate | None:
    """Start a mate; None when the system refuses."""
    environment = {name: os.environ[name] for name in _KEPT if name in os.environ}
    # Absolute, and with -P: a mate stands among unpacked files and must not import those.
    paths = [str(Path(path).absolute()) for path in (_PACKAGE, *sys.path) if path]
    environment["PYTHONPATH"] = os.pathsep.join(paths)
    try:
        return subprocess.Popen(
            # Without -S it would look for the very same paths once more.
            [sys.executable, "-SP", "-c", _PROGRAM, str(archive)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env=environment,
            pass_fds=[archive],
            start_new_session=True,
        )
    except OSError:
        return None


def _ask(mate: _Mate, batch: Sequence[Small], check: Callable[[], None]) -> list[Damaged]:
    """Have a mate write a batch; raises ``EOFError`` or ``OSError`` when it is gone."""
    if not mate.stdin or not mate.stdout:
        raise EOFError
    send(mate.stdin, batch)
    answered = select.poll()
    answered.register(mate.stdout, select.POLLIN)
    while not answered.poll(_TICK):
        check()
    answer: list[Damaged] = receive(mate.stdout)
    return answer
