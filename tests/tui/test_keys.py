"""Keys that cannot hurt: text is no command, commands ask or are undone, and none is silent."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from textual.events import Key
from textual.widgets import Input

from tests.terminals import Terminal
from tests.tui.driving import at_work, go_to, on, opened, seen, sees, until
from tests.tui.fakes import host_with, mseg, plan_of, snapshot_of
from tests.tui.test_traps import terminal_with
from tests.waiting import until as until_now
from wizard.engine.remote.protocol import Answer, Pause, Retry
from wizard.tui.modals import ConfirmModal
from wizard.tui.screens.datasets import CollectionsPage
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.widgets.field import TypingGuard
from wizard.tui.widgets.sidebar import Sidebar

_PAUSE = 600.0
LETTERS = st.text("abcdlnopqrvy? ", min_size=1, max_size=12)


def key(sign: str) -> Key:
    names = {" ": "space", "?": "question_mark", "\r": "enter"}
    return Key(names.get(sign, sign), sign if sign.isprintable() else None)


@pytest.fixture(autouse=True)
def patient(monkeypatch) -> None:
    monkeypatch.setattr("wizard.tui.widgets.field.PAUSE", _PAUSE)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(LETTERS, LETTERS)
def test_what_follows_text_without_a_pause_is_text(typed, rest) -> None:
    now = [0.0]
    guard = TypingGuard(lambda: now[0])
    for sign in typed:
        assert not guard.takes(key(sign), in_field=True)
    assert not guard.takes(key("\r"), in_field=True)
    for sign in rest:
        now[0] += _PAUSE / 2
        assert guard.takes(key(sign), in_field=False)
    assert guard.takes(key("\r"), in_field=False)
    now[0] += _PAUSE + 0.1
    assert not guard.takes(key("p"), in_field=False)


@pytest.mark.parametrize("name", ["escape", "up", "ctrl+n", "f1"])
def test_a_key_that_is_no_text_ends_the_text(name) -> None:
    guard = TypingGuard(lambda: 0.0)
    guard.takes(key("a"), in_field=True)
    assert not guard.takes(Key(name, None), in_field=False)
    assert not guard.takes(key("p"), in_field=False)


def test_a_second_enter_is_meant() -> None:
    guard = TypingGuard(lambda: 0.0)
    guard.takes(key("a"), in_field=True)
    guard.takes(key("\r"), in_field=True)
    assert not guard.takes(key("\r"), in_field=False)


async def test_text_typed_for_a_form_that_closes_steers_nothing() -> None:
    host = host_with()
    after = snapshot_of(plan_of(mseg()), {"mseg-api/*": {"state": "done"}})
    host.link.on_send = lambda command: setattr(host.link, "now", after)
    async with at_work(host) as pilot:
        await go_to(pilot, "cityscapes")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await pilot.press(*"ada", "enter", *"hunter2", "enter")
        await until(pilot, lambda: pilot.app.screen.query_one(Sidebar).has_focus)
        await pilot.press(*"openpsesameq", "enter")
        await sees(pilot, "Dropped what was typed")
        assert isinstance(pilot.app.screen, WizardPage)
        assert [type(command) for command in host.link.commands] == [Answer]
        await pilot.press("down", "p")
        await until(pilot, lambda: host.link.commands[1:] == [Pause()])


async def test_a_form_that_is_answered_elsewhere_leaves_no_commands_behind() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await go_to(pilot, "mapillary")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await pilot.press(*"http")
        host.link.now = snapshot_of(plan_of(mseg()), {"mseg-api/*": {"state": "done"}})
        await until(pilot, lambda: not isinstance(pilot.app.focused, Input))
        await pilot.press(*"pqr")
        await pilot.pause()
        assert isinstance(pilot.app.screen, WizardPage)
        assert host.link.commands == []


async def test_retry_asks_first_and_esc_leaves_things_as_they_are() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await pilot.press("r")
        await on(pilot, ConfirmModal)
        await sees(pilot, "Try 1 failed step again?")
        await pilot.press("escape")
        await on(pilot, WizardPage)
        assert host.link.commands == []
        await pilot.press("r", "enter")
        await until(pilot, lambda: host.link.commands == [Retry()])


async def test_ctrl_n_goes_to_the_next_request_from_inside_a_field() -> None:
    async with at_work(host_with()) as pilot:
        page = pilot.app.screen
        await pilot.press("n")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        first = page.dataset
        await sees(pilot, "^n Next", "^q Quit", "F1 Help")
        assert " n Next" not in seen(pilot).splitlines()[-1]
        await pilot.press("ctrl+n")
        await until(pilot, lambda: page.dataset != first)
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))


async def test_copying_works_where_it_says_so() -> None:
    async with at_work(host_with(), (120, 40)) as pilot:
        await go_to(pilot, "bdd")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await sees(pilot, "^y copies this line")
        await pilot.press("ctrl+y")
        await until(pilot, lambda: "scp bdd100k_seg.zip" in pilot.app.clipboard)
        assert pilot.app.focused.value == ""


async def test_the_day_of_asking_is_noted_and_taken_back_by_one_key(tmp_path, monkeypatch) -> None:
    monkeypatch.setattr("wizard.app.machine._asked_file", lambda dest: tmp_path / "asked.json")
    async with at_work(host_with(), (120, 40)) as pilot:
        await go_to(pilot, "scannet")
        await pilot.press("d")
        await sees(pilot, "You asked on")
        await pilot.press("d")
        await sees(pilot, "Press d on")


async def test_no_key_is_silent_where_it_has_nothing_to_do() -> None:
    quiet = snapshot_of(plan_of(mseg()), {"mseg-api/*": {"state": "done"}})
    async with at_work(host_with(quiet), waits_for="1 of 15") as pilot:
        await pilot.press("ctrl+n")
        await sees(pilot, "Nothing needs you now.")
        await pilot.press("escape")
        await sees(pilot, "You are at the list of datasets")


async def test_esc_on_the_first_page_says_what_quits() -> None:
    async with opened(host_with()) as pilot:
        await on(pilot, CollectionsPage)
        await pilot.press("escape")
        await sees(pilot, "This is the first page")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (200, 60)])
async def test_help_and_quit_stand_on_every_page(size) -> None:
    async with at_work(host_with(), size) as pilot:
        for press in ("", "a", "l", "c"):
            await pilot.press(*press)
            await until(pilot, lambda: "? Help q Quit" in seen(pilot).splitlines()[-1])
            if press:
                await pilot.press("escape")
                await on(pilot, WizardPage)
        await pilot.press("n")
        await until(pilot, lambda: "F1 Help ^q Quit" in seen(pilot).splitlines()[-1])


@pytest.mark.slow
def test_ctrl_z_gives_the_shell_back_and_the_screen_is_drawn_anew(tmp_path: Path) -> None:
    with terminal_with(HOME=str(tmp_path)) as terminal:
        terminal.expect("welcome back")
        terminal.press("\x1a")
        terminal.expect("\x1b[?1049l")
        until_stopped(terminal)
        os.kill(terminal.pid, signal.SIGCONT)
        terminal.expect("\x1b[?1049h")
        terminal.expect("Waiting for you")
        os.kill(terminal.pid, signal.SIGTERM)
        terminal.end()


def until_stopped(terminal: Terminal) -> None:
    def state() -> str:
        return Path(f"/proc/{terminal.pid}/stat").read_text().rpartition(")")[2].split()[0]

    until_now(lambda: state() == "T")
