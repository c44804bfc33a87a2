"""Asked line by line in a real terminal."""

from __future__ import annotations

import os
import pty
import select
import signal
import sys
import time

from tests.headless.toy import Toy
from tests.waiting import PATIENCE


class Terminal:
    """A program in a terminal of its own, and what it has written so far."""

    def __init__(self, toy: Toy, *words: object) -> None:
        self.pid, self._file = pty.fork()
        if self.pid == 0:
            command = [sys.executable, "-m", "wizard", *map(str, words)]
            os.execve(sys.executable, command, {**toy.environment, "TERM": "xterm"})
        self.said = ""
        self._read_to = 0

    def expect(self, text: str) -> None:
        deadline = time.monotonic() + PATIENCE
        while (found := self.said.find(text, self._read_to)) < 0:
            assert time.monotonic() < deadline, f"{text!r} never came:\n{self.said}"
            assert self._receive(), f"ended before {text!r}:\n{self.said}"
        self._read_to = found + len(text)

    def type(self, line: str) -> None:
        os.write(self._file, f"{line}\n".encode())

    def end(self) -> int:
        while self._receive():
            pass
        return self.hang_up()

    def hang_up(self) -> int:
        """Close the terminal, as a window that is closed or a line that breaks does."""
        os.close(self._file)
        return os.waitstatus_to_exitcode(os.waitpid(self.pid, 0)[1])

    def _receive(self) -> bool:
        if not select.select([self._file], [], [], PATIENCE)[0]:
            return False
        try:
            received = os.read(self._file, 1 << 16)
        except OSError:
            return False
        self.said += received.decode(errors="replace")
        return bool(received)


def test_terms_and_a_link_are_asked_for_and_the_link_is_not_shown(toy: Toy):
    terminal = Terminal(toy, "run", toy.recipe, "--dest", toy.dest)
    terminal.expect("Flower terms")
    terminal.expect("Type your name to accept")
    terminal.type("Ada")
    terminal.expect("Paste the link (not shown)")
    terminal.type(f"{toy.base}/trees.zip?sig=hushhushhush")
    terminal.expect("is complete")
    assert terminal.end() == 0
    assert "hushhushhush" not in terminal.said
    assert (toy.dest / "toys/Trees/trees/0.txt").exists()
    assert "Ada" in (toy.dest / ".segwizard/terms.json").read_text()


def test_enter_means_later_and_the_rest_goes_on(toy: Toy):
    terminal = Terminal(toy, "run", toy.recipe, "--dest", toy.dest, "--plain")
    terminal.expect("Type your name to accept")
    terminal.type("Ada")
    terminal.expect("Paste the link")
    terminal.type("")
    terminal.expect("Waiting for you:")
    assert terminal.end() == 3
    assert (toy.dest / "toys/Flowers/flowers/0.txt").exists()
    assert "\x1b" not in terminal.said.replace("\x1b[?25", "")


def test_a_terminal_that_is_closed_stops_the_run_cleanly(toy: Toy):
    terminal = Terminal(toy, "run", toy.recipe, "--dest", toy.dest, "--yes", "--wait", "1h")
    terminal.expect("trees/fetch:trees.zip")
    assert terminal.hang_up() == 130
    assert not (toy.dest / ".segwizard/lease.json").exists()
    assert not list(toy.folder.rglob("fault-*"))


def test_stopping_at_a_question_is_clean(toy: Toy):
    terminal = Terminal(toy, "run", toy.recipe, "--dest", toy.dest)
    terminal.expect("Type your name to accept")
    os.kill(terminal.pid, signal.SIGTERM)
    assert terminal.end() == 130
    assert "Traceback" not in terminal.said
    assert not (toy.dest / ".segwizard/lease.json").exists()
