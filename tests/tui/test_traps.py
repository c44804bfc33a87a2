"""One test for each trap of the toolkit that was met while this was planned."""

from __future__ import annotations

import asyncio
import io
import os
import pty
import select
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from rich.console import Console
from textual.widgets import Input

from tests.tui.driving import at_work, go_to, until
from tests.tui.fakes import FakeLink, busy, host_with, mseg, plan_of
from wizard.engine.views import Snapshot
from wizard.errors import UsageError
from wizard.tui import app as app_module
from wizard.tui import crash
from wizard.tui.app import WizardApp, run
from wizard.tui.widgets.form import NeedForm

REPO = Path(__file__).parents[2]

ENTRY = """
import sys
sys.path.insert(0, {repo!r})
from tests.tui.fakes import host_with, DEST
from wizard.tui.app import run
host = host_with()
host.installs.add(DEST)
host.last = DEST
{more}
sys.exit(run(host))
"""


class Terminal:
    """The app in a real pseudo-terminal."""

    def __init__(self, more: str = "") -> None:
        self.pid, self.fd = pty.fork()
        if self.pid == 0:
            code = ENTRY.format(repo=str(REPO), more=more)
            os.environ.update(TERM="xterm-256color", COLUMNS="80", LINES="24")
            os.execv(sys.executable, [sys.executable, "-c", code])
        self.output = b""

    def read_until(self, text: bytes, seconds: float = 20.0) -> bool:
        deadline = time.monotonic() + seconds
        while text not in self.output and time.monotonic() < deadline:
            self._read(0.2)
        return text in self.output

    def end(self, seconds: float = 10.0) -> int:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._read(0.05)
            pid, status = os.waitpid(self.pid, os.WNOHANG)
            if pid:
                self._read(0.2)
                return os.waitstatus_to_exitcode(status)
        os.kill(self.pid, signal.SIGKILL)
        os.waitpid(self.pid, 0)
        raise AssertionError("the app did not end")

    def _read(self, seconds: float) -> None:
        if select.select([self.fd], [], [], seconds)[0]:
            try:
                self.output += os.read(self.fd, 65536)
            except OSError:
                time.sleep(0.02)


class StuckLink(FakeLink):
    """A runner that does not answer."""

    def snapshot(self) -> Snapshot:
        if threading.current_thread().name == "segwizard-bridge" and self.commands:
            time.sleep(30)
        return self.now


async def test_trap_1_a_stuck_runner_does_not_keep_the_program_from_ending() -> None:
    host = host_with()
    host.link = StuckLink(busy(plan_of(mseg())))
    async with at_work(host) as pilot:
        host.link.commands.append(object())
        await asyncio.sleep(0.3)
        started = time.monotonic()
        pilot.app.finish(0)
        assert time.monotonic() - started < 2.0
    stuck = [thread for thread in threading.enumerate() if thread.name == "segwizard-bridge"]
    assert all(thread.daemon for thread in stuck)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_trap_2_a_signal_restores_the_terminal_and_ends_with_its_code(number) -> None:
    terminal = Terminal()
    assert terminal.read_until(b"welcome back")
    os.kill(terminal.pid, number)
    assert terminal.end() == 128 + number
    assert b"\x1b[?1049l" in terminal.output
    assert b"\x1b[?1000l" in terminal.output


def test_trap_3_processes_can_be_started_by_the_runner_while_the_app_runs() -> None:
    more = """
import multiprocessing, threading
ended = []
def work():
    process = multiprocessing.get_context("forkserver").Process(target=int)
    process.start()
    process.join()
    ended.append(process.exitcode)
snapshot = host.link.snapshot
worker = threading.Thread(target=work, daemon=True)
def first():
    if not worker.ident:
        worker.start()
    return snapshot()
host.link.snapshot = first
import atexit
atexit.register(lambda: print("worker ended with", ended))
"""
    terminal = Terminal(more)
    assert terminal.read_until(b"welcome back")
    time.sleep(2.0)
    os.kill(terminal.pid, signal.SIGTERM)
    terminal.end()
    assert b"worker ended with [0]" in terminal.output


def test_trap_4_a_crash_shows_no_secrets_and_ends_with_an_error() -> None:
    more = """
from wizard.tui.screens.resume import ResumePage
def broken(self, snapshot):
    token = "tok-hunter2"
    raise RuntimeError("carrying " + token)
ResumePage.show = broken
"""
    terminal = Terminal(more)
    code = terminal.end(20.0)
    assert code != 0
    assert b"hit a fault of its own" in terminal.output
    assert b"hunter2" not in terminal.output
    assert b"\x1b[?1049l" in terminal.output


def test_trap_4_the_report_names_places_and_kinds_only() -> None:
    try:
        token = "tok-hunter2"
        raise ValueError(token)
    except ValueError:
        console = Console(file=io.StringIO(), width=200)
        console.print(crash.report())
    said = console.file.getvalue()
    assert "test_traps.py" in said
    assert "ValueError" in said
    assert "hunter2" not in said


def test_trap_5_nothing_is_drawn_without_a_terminal() -> None:
    with pytest.raises(UsageError, match="needs a terminal"):
        run(host_with())
    code = ENTRY.format(repo=str(REPO), more="")
    ended = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, timeout=30
    )
    assert ended.returncode != 0
    assert b"\x1b[?1049h" not in ended.stderr + ended.stdout


async def test_trap_7_no_cursor_blinks_in_a_snapshot() -> None:
    async with at_work(host_with()) as pilot:
        await go_to(pilot, "cityscapes")
        await until(pilot, lambda: any(f.is_mounted for f in pilot.app.screen.query(NeedForm)))
        assert all(not field.cursor_blink for field in pilot.app.screen.query(Input))


async def test_trap_8_a_keyring_that_hangs_does_not_hold_up_a_key() -> None:
    host = host_with()
    host.vault.describe = lambda: time.sleep(3) or "late"
    async with at_work(host) as pilot:
        started = time.monotonic()
        await pilot.press("c")
        await pilot.press("escape")
        assert time.monotonic() - started < 2.5


async def test_themes_are_ours_and_the_first_frame_uses_them() -> None:
    assert app_module.THEMES
    async with WizardApp(host_with()).run_test() as pilot:
        assert pilot.app.theme == "segwizard-dark"
        assert pilot.app.theme_variables["background"].lower() == "#14171d"
