"""One test for each trap of the toolkit that was met while this was planned."""

from __future__ import annotations

import io
import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from PIL import Image
from rich.console import Console
from textual.widgets import Input

from tests.terminals import Terminal
from tests.tui.driving import at_work, go_to, until
from tests.tui.fakes import FakeLink, busy, host_with, mseg, plan_of
from tests.waiting import TIME_LIMIT
from tests.waiting import until as until_now
from wizard.errors import UsageError
from wizard.tui import app as app_module
from wizard.tui import crash
from wizard.tui.app import WizardApp, run
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.widgets.form import RequestForm
from wizard.views import Snapshot

pytestmark = pytest.mark.slow

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


def terminal_with(more: str = "", **environment: str) -> Terminal:
    """The app in a real terminal."""
    code = ENTRY.format(repo=str(REPO), more=more)
    return Terminal("-c", code, environment={**os.environ, **environment})


class StuckLink(FakeLink):
    """A runner that does not answer once it is told to be stuck."""

    def __init__(self, now: Snapshot) -> None:
        super().__init__(now)
        self.stick, self.stuck, self.free = (threading.Event() for _ in range(3))

    def snapshot(self) -> Snapshot:
        if threading.current_thread().name == "segwizard-bridge" and self.stick.is_set():
            self.stuck.set()
            self.free.wait(TIME_LIMIT)
        return self.now


async def test_trap_1_a_stuck_runner_does_not_keep_the_program_from_ending() -> None:
    host = host_with()
    host.link = link = StuckLink(busy(plan_of(mseg())))
    started = time.monotonic()
    async with at_work(host) as pilot:
        link.stick.set()
        await until(pilot, link.stuck.is_set)
        started = time.monotonic()
        pilot.app.finish(0)
    assert time.monotonic() - started < TIME_LIMIT / 2
    stuck = [thread for thread in threading.enumerate() if thread.name == "segwizard-bridge"]
    assert all(thread.daemon for thread in stuck)
    link.free.set()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_trap_2_a_signal_restores_the_terminal_and_ends_with_its_code(number) -> None:
    with terminal_with() as terminal:
        terminal.expect("welcome back")
        os.kill(terminal.pid, number)
        assert terminal.end() == 128 + number
    assert "\x1b[?1049l" in terminal.said
    assert "\x1b[?1000l" in terminal.said


def test_trap_3_processes_can_be_started_by_the_runner_while_the_app_runs(tmp_path: Path) -> None:
    done = tmp_path / "done"
    more = f"""
import multiprocessing, pathlib, threading
def work():
    process = multiprocessing.get_context("forkserver").Process(target=int)
    process.start()
    process.join()
    pathlib.Path({str(done)!r}).write_text(str(process.exitcode))
snapshot = host.link.snapshot
worker = threading.Thread(target=work, daemon=True)
def first():
    if not worker.ident:
        worker.start()
    return snapshot()
host.link.snapshot = first
"""
    with terminal_with(more) as terminal:
        terminal.expect("welcome back")
        until_now(lambda: done.exists() and done.read_text())
        os.kill(terminal.pid, signal.SIGTERM)
        terminal.end()
    assert done.read_text() == "0"


def test_trap_4_a_crash_shows_no_secrets_and_ends_with_an_error() -> None:
    more = """
from wizard.tui.screens.resume import ResumePage
def broken(self, snapshot):
    token = "tok-hunter2"
    raise RuntimeError("carrying " + token)
ResumePage.show = broken
"""
    with terminal_with(more) as terminal:
        assert terminal.end() != 0
    assert "hit a fault of its own" in terminal.said
    assert "hunter2" not in terminal.said
    assert "\x1b[?1049l" in terminal.said


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


def test_a_terminal_that_cannot_draw_is_sent_to_plain_lines(monkeypatch) -> None:
    monkeypatch.setenv("TERM", "dumb")
    monkeypatch.setattr("sys.stdin", _Terminal())
    monkeypatch.setattr("sys.__stderr__", _Terminal())
    with pytest.raises(UsageError, match="cannot draw") as refused:
        run(host_with())
    assert "--plain" in refused.value.hint


class _Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_trap_5_nothing_is_drawn_without_a_terminal() -> None:
    with pytest.raises(UsageError, match="needs a terminal"):
        run(host_with())
    code = ENTRY.format(repo=str(REPO), more="")
    ended = subprocess.run(
        [sys.executable, "-c", code], stdin=subprocess.DEVNULL, capture_output=True, timeout=300
    )
    assert ended.returncode != 0
    assert b"\x1b[?1049h" not in ended.stderr + ended.stdout


async def test_trap_7_no_cursor_blinks_in_a_snapshot() -> None:
    async with at_work(host_with()) as pilot:
        await go_to(pilot, "cityscapes")
        await until(pilot, lambda: any(f.is_mounted for f in pilot.app.screen.query(RequestForm)))
        assert all(not field.cursor_blink for field in pilot.app.screen.query(Input))


async def test_trap_8_a_keyring_that_hangs_does_not_hold_up_a_key() -> None:
    asked, free = threading.Event(), threading.Event()

    def describe() -> str:
        asked.set()
        free.wait(TIME_LIMIT)
        return "late"

    host = host_with()
    host.vault.describe = describe
    async with at_work(host) as pilot:
        await pilot.press("c")
        await until(pilot, asked.is_set)
        started = time.monotonic()
        await pilot.press("escape")
        await until(pilot, lambda: isinstance(pilot.app.screen, WizardPage))
        assert time.monotonic() - started < TIME_LIMIT / 2
        free.set()


def test_what_the_terminal_answers_late_draws_pixels_and_is_no_key(tmp_path: Path) -> None:
    Image.new("RGB", (40, 20), (255, 0, 0)).save(tmp_path / "one.png")
    more = f"""
import pathlib
from wizard.labels.tables.taxonomies import Tables
from wizard.app.pictures import Gallery
from wizard.tui.screens import preview
folder = pathlib.Path({str(tmp_path)!r})
pairs = (("one.png", "one.png"),)
preview.galleries = lambda *_: (Gallery("here", Tables(folder), folder, pairs, raw=True),)
"""
    quiet = dict.fromkeys(("TERM_PROGRAM", "TMUX", "NO_COLOR", "SEGWIZARD_PICTURES"), "")
    with terminal_with(more, TERM="xterm", **quiet) as terminal:
        terminal.expect("welcome back")
        terminal.press("\r")
        terminal.expect("waiting for you, 2 running")
        terminal.press("\x1b[B")
        terminal.expect("View")
        terminal.press("v")
        terminal.expect("image 1 of 1")
        assert "\x1bP0;1" not in terminal.said
        terminal.press("\x1b[6;18;9t\x1b[?62;4c")
        terminal.expect("\x1bP0;1")
        os.kill(terminal.pid, signal.SIGTERM)
        terminal.end()
    assert terminal.said.count("\x1b[16t\x1b[c") == 1
    assert "Looking at labels" not in terminal.said


async def test_themes_are_ours_and_the_first_frame_uses_them() -> None:
    assert app_module.THEMES
    async with WizardApp(host_with()).run_test() as pilot:
        assert pilot.app.theme == "segwizard-dark"
        assert pilot.app.theme_variables["background"].lower() == "#14171d"


@pytest.mark.slow
def test_ctrl_z_suspends_and_fg_brings_the_page_back(tmp_path: Path) -> None:
    shell = "import os; os.execvp('bash', ['bash', '--norc', '--noprofile', '-i'])"
    environment = {"HOME": str(tmp_path), "PATH": os.environ["PATH"], "PS1": "$ ", "TMUX": ""}
    with Terminal("-c", shell, environment={**environment, "PYTHONPATH": REPO}) as terminal:
        terminal.type(f"{sys.executable} -m wizard")
        terminal.expect("step 1 of")
        terminal.listen(0.5)
        terminal.press("\x1a")
        terminal.expect("\x1b[?1049l")
        terminal.expect("Stopped")
        terminal.expect("$ ")
        terminal.type("echo back in the $((40 + 2))")
        terminal.expect("back in the 42")
        terminal.press("fg\n")
        terminal.expect("\x1b[?1049h")
        terminal.expect("step 1 of")
        terminal.press("q")
        terminal.expect("\x1b[?1049l")
        # Keys typed before the shell asks again go to the wizard, which drops them as it ends.
        terminal.expect("$ ")
        terminal.type("exit")
        terminal.end()
