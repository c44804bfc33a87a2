"""Programs in a tmux of their own, which a test may close as people close theirs."""

from __future__ import annotations

import contextlib
import shlex
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.waiting import TIME_LIMIT, until


class Tmux:
    """One server with one window of 80 x 24."""

    def __init__(self, socket: Path, environment: Mapping[str, str]) -> None:
        self._call = ("tmux", "-S", str(socket), "-f", "/dev/null")
        self._environment = {**environment, "LC_ALL": "C.UTF-8", "TERM": "xterm-256color"}
        self._environment.pop("TMUX", None)

    def start(self, *words: object) -> None:
        """Open the window with a command in it; the window stays when the command ends."""
        command = f"{shlex.join(map(str, words))}; echo left with $?; exec cat"
        self._do("new-session", "-d", "-x", "80", "-y", "24", command)

    def press(self, *keys: str) -> None:
        """Press keys, by tmux's names."""
        self._do("send-keys", *keys)

    def sees(self, *texts: str) -> None:
        """Wait until every text is in the window."""
        try:
            until(lambda: all(text in self.seen for text in texts))
        except AssertionError:
            raise AssertionError(f"{texts} not seen in:\n{self.seen}") from None

    @property
    def seen(self) -> str:
        """What the window shows."""
        return self._do("capture-pane", "-p", "-J")

    def close(self) -> None:
        """Close everything, as a logout does."""
        self._do("kill-server")

    def _do(self, *words: str) -> str:
        done = subprocess.run(
            [*self._call, *words],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=TIME_LIMIT,
            check=True,
        )
        return done.stdout


@contextlib.contextmanager
def tmux(folder: Path, environment: Mapping[str, str]) -> Iterator[Tmux]:
    """Give a tmux, and close it in any case; skips where there is none."""
    if shutil.which("tmux") is None:
        pytest.skip("tmux is not installed; this closes a real one")
    made = Tmux(folder / "tmux", environment)
    try:
        yield made
    finally:
        with contextlib.suppress(subprocess.CalledProcessError):
            made.close()
