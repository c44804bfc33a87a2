"""Python programs in a real terminal of their own."""

from __future__ import annotations

import os
import select
import subprocess
import sys
import termios
import time
from collections.abc import Mapping
from typing import Self

from tests.waiting import TIME_LIMIT

# The first terminal a session leader opens becomes the one that controls it. A fork of our own
# would do the same, but not safely beside the threads of the tests.
_TAKE = """
import os, sys
os.close(os.open(os.ttyname(0), os.O_RDWR))
os.execv(sys.executable, [sys.executable, *sys.argv[1:]])
"""


class Terminal:
    """A program started with ``python ARGUMENTS``, and what it has written so far."""

    def __init__(
        self, *arguments: object, environment: Mapping[str, str], size: tuple[int, int] = (24, 80)
    ) -> None:
        self._file, inner = os.openpty()
        termios.tcsetwinsize(inner, size)
        self._process = subprocess.Popen(
            [sys.executable, "-ISc", _TAKE, *map(str, arguments)],
            stdin=inner,
            stdout=inner,
            stderr=inner,
            start_new_session=True,
            env={"TERM": "xterm-256color", **environment},
        )
        os.close(inner)
        self._written = b""
        self._read_to = 0

    @property
    def pid(self) -> int:
        """The process of the program."""
        return self._process.pid

    @property
    def said(self) -> str:
        """All that was written so far."""
        return self._written.decode(errors="replace")

    def expect(self, text: str) -> None:
        """Wait for a text after the one expected last."""
        deadline = time.monotonic() + TIME_LIMIT
        while (found := self.said.find(text, self._read_to)) < 0:
            assert time.monotonic() < deadline, f"{text!r} never came:\n{self.said}"
            assert self._receive(), f"ended before {text!r}:\n{self.said}"
        self._read_to = found + len(text)

    def type(self, line: str) -> None:
        """Type a line and press Enter."""
        os.write(self._file, f"{line}\n".encode())

    def press(self, keys: str) -> None:
        """Press keys, as their bytes; what is expected next comes after them."""
        self._read_to = len(self.said)
        os.write(self._file, keys.encode())

    def listen(self, seconds: float) -> None:
        """Read what comes for a while."""
        deadline = time.monotonic() + seconds
        while (left := deadline - time.monotonic()) > 0:
            if select.select([self._file], [], [], left)[0] and not self._receive():
                return

    def end(self) -> int:
        """Wait for the end of the program and return its exit code."""
        while self._receive():
            pass
        return self._process.wait(TIME_LIMIT)

    def hang_up(self) -> int:
        """Close the terminal, as a window that is closed or a line that breaks does."""
        self._close()
        return self._process.wait(TIME_LIMIT)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._close()
        if self._process.poll() is None:
            self._process.kill()
            self._process.wait()

    def _close(self) -> None:
        if self._file >= 0:
            os.close(self._file)
            self._file = -1

    def _receive(self) -> bool:
        """Read what comes next; returns whether the program still holds the terminal."""
        assert select.select([self._file], [], [], TIME_LIMIT)[0], f"fell silent:\n{self.said}"
        try:
            received = os.read(self._file, 1 << 16)
        except OSError:
            return False
        self._written += received
        return bool(received)
