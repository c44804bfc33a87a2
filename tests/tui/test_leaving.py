"""Leaving: every way out, and none by accident."""

from __future__ import annotations

from pathlib import Path

import msgspec

from tests.tui.driving import at_work, on, opened, seen, sees, until, wizard
from tests.tui.fakes import DEST, busy, host_with, mseg, plan_of, snapshot_of
from wizard.app.sessions import Session
from wizard.engine.remote.protocol import Reply, Stop
from wizard.errors import LeaseError
from wizard.tui.app import WizardApp
from wizard.tui.departure import LeaveModal
from wizard.tui.screens.wizard import WizardPage


async def test_q_asks_while_work_runs_and_esc_stays() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await pilot.press("q")
        await on(pilot, LeaveModal)
        await sees(pilot, "Keep going in the background", "Stop now", "Stay here")
        await pilot.press("escape")
        await on(pilot, WizardPage)
        assert host.link.commands == []
        assert pilot.app.is_running


async def test_going_on_in_the_background_hands_the_work_over() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await pilot.press("q", "enter")
        await until(pilot, lambda: pilot.app.return_code == 0)
        assert len(host.detached) == 1
        assert host.link.closed
        assert "attach" in wizard(pilot).departure.farewell


async def test_a_hand_over_that_fails_stays() -> None:
    host = host_with()
    host.detach = lambda session: Reply(ok=False, text="no room for a runner", hint="Stop instead")
    async with at_work(host) as pilot:
        await pilot.press("q", "enter")
        await sees(pilot, "no room for a runner. Stop instead")
        assert pilot.app.return_code is None


def test_what_was_opened_while_the_program_ends_is_known_and_not_shown() -> None:
    host = host_with()
    session = host.look(DEST)
    app = WizardApp(host)
    app.follow(session)
    app.go("wizard")
    assert app.session is session and app.bridge is None


async def test_stopping_tells_the_runner() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await pilot.press("q", "down", "enter")
        await until(pilot, lambda: pilot.app.return_code == 0)
        assert host.link.commands == [Stop()]
        assert host.link.closed


async def test_q_leaves_at_once_when_nothing_runs() -> None:
    host = host_with(msgspec.structs.replace(busy(plan_of(mseg())), running=False))
    async with at_work(host) as pilot:
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.return_code == 0)
        assert host.link.commands == []


async def test_q_leaves_at_once_when_everything_is_done() -> None:
    plan = plan_of(mseg())
    done = {f"{name}/*": {"state": "done"} for name in {step.dataset for step in plan.steps}}
    host = host_with(snapshot_of(plan, done, complete=True, fraction=1.0, eta=None))
    async with at_work(host, waits_for="Everything is in place") as pilot:
        await pilot.press("q")
        await until(pilot, lambda: pilot.app.return_code == 0)
        assert host.link.closed


async def test_trap_6_ctrl_c_explains_and_destroys_nothing() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await pilot.press("ctrl+c")
        await sees(pilot, "Press q to quit")
        assert "q Quit" in seen(pilot)
        assert pilot.app.return_code is None
        assert host.link.commands == []


async def test_an_install_in_use_elsewhere_says_who_holds_it_and_opens_once_it_is_free() -> None:
    host = host_with()
    host.installs.add(DEST)
    host.last = DEST
    held, reopen = LeaseError("held by a runner (atlas, pid 7)", hint="wait"), host.reopen

    def refuse(dest: Path) -> Session:
        raise held

    host.reopen = refuse
    async with opened(host) as pilot:
        await sees(pilot, "A runner out of reach is at work", "atlas, pid 7", str(DEST))
        host.reopen = reopen
        await pilot.press("r")
        await sees(pilot, "Waiting for you (4)")


async def test_work_stopped_from_another_terminal_is_said_and_goes_on_from_here() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        host.link.now = msgspec.structs.replace(host.link.now, running=False)
        await sees(pilot, "The work has stopped", "Go on with it here", "Look around", "Leave")
        host.link.now = msgspec.structs.replace(host.link.now, running=True)
        await pilot.press("enter")
        await sees(pilot, "welcome back", "Waiting for you (4)")
        assert pilot.app.is_running


async def test_a_watched_run_names_its_runner_and_is_left_where_it_is() -> None:
    host = host_with(msgspec.structs.replace(busy(plan_of(mseg())), runner="atlas, pid 7"))
    host.background = True
    host.installs.add(DEST)
    host.last = DEST
    async with opened(host) as pilot:
        await sees(pilot, "You watch and steer the runner of atlas, pid 7")
        await pilot.press("q")
        await sees(pilot, "Leave it running", "It goes on where it was started")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.return_code == 0)
        assert host.detached == []
        assert host.link.commands == []


async def test_an_install_that_was_cut_off_says_so() -> None:
    host = host_with()
    host.note = "The last run was cut off. What was finished is kept."
    host.installs.add(DEST)
    host.last = DEST
    async with opened(host) as pilot:
        await sees(pilot, "The last run was cut off. What was finished is kept.")
