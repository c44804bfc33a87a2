"""Looking is not running, and the line of figures says what is true."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from tests.tui.driving import on, opened, seen, sees, until
from tests.tui.fakes import DEST, busy, host_with, mseg, plan_of, snapshot_of
from wizard.app.app import App
from wizard.engine.remote.protocol import Pause
from wizard.errors import UsageError
from wizard.tui.glyphs import glyphs
from wizard.tui.modals import ConfirmModal
from wizard.tui.screens.resume import ResumePage, standing
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.widgets.sidebar import sidebar_row
from wizard.tui.widgets.status import headline
from wizard.views import TransferView


def resting():
    host = host_with(msgspec.structs.replace(busy(plan_of(mseg())), running=False))
    host.installs.add(DEST)
    host.last = DEST
    host.started = []
    reopen = host.reopen
    host.look = reopen
    host.reopen = lambda dest: (host.started.append(dest), reopen(dest))[1]
    return host


async def test_opening_starts_nothing_and_enter_asks_before_anything_runs() -> None:
    host = resting()
    async with opened(host) as pilot:
        await sees(pilot, "Nothing runs. Enter goes on with it, after asking")
        await pilot.press("enter")
        await on(pilot, ConfirmModal)
        await pilot.press("escape")
        await on(pilot, ResumePage)
        assert host.started == []
        await pilot.press("enter", "enter")
        await on(pilot, WizardPage)
        assert host.started == [DEST]


async def test_looking_around_leads_to_every_pane_and_runs_nothing() -> None:
    host = resting()
    async with opened(host) as pilot:
        await sees(pilot, "Nothing runs.")
        await pilot.press("enter", "down", "enter")
        await on(pilot, WizardPage)
        await sees(pilot, "Nothing is running", "s Go on")
        assert "p Pause" not in seen(pilot)
        assert host.started == []
        await pilot.press("s", "enter")
        await until(pilot, lambda: host.started == [DEST])


async def test_a_finished_install_is_shown_without_a_question() -> None:
    plan = plan_of(mseg())
    done = {f"{name}/*": {"state": "done"} for name in {step.dataset for step in plan.steps}}
    host = resting()
    host.link.now = snapshot_of(plan, done, complete=True, running=False, fraction=1.0, eta=None)
    async with opened(host) as pilot:
        await sees(pilot, "Everything is in place and checked")
        await pilot.press("enter")
        await on(pilot, WizardPage)
        assert host.started == []


def test_looking_at_a_real_install_writes_nothing_and_takes_no_command(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no install is here"):
        App().look(tmp_path)
    app = App()
    recipe = next(each for each in app.collections() if each.id == "mseg")
    session = app.ready(app.choose("mseg", tmp_path, only=("camvid",)))
    session.start()
    session.stop(30.0)
    before = {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")}
    looked = app.look(tmp_path)
    assert looked.recipe == recipe
    assert not looked.link.snapshot().running
    assert not looked.link.send(Pause()).ok
    assert {path: path.stat().st_mtime_ns for path in tmp_path.rglob("*")} == before


def transfer(state: str) -> TransferView:
    return TransferView(archive="a.zip", dataset="camvid", address="camvid/fetch:a", state=state)


def moment(states: dict[str, str], *transfers: TransferView, **rest: object) -> str:
    """The headline of an install of these steps."""
    steps = tuple(
        msgspec.structs.replace(step, address=address, dataset=address.partition("/")[0], state=to)
        for step, (address, to) in zip(busy(plan_of(mseg())).steps, states.items(), strict=False)
    )
    views = tuple(
        msgspec.structs.replace(view, id=address.partition("/")[0], state=to)
        for view, (address, to) in zip(busy(plan_of(mseg())).datasets, states.items(), strict=False)
    )
    now = busy(plan_of(mseg()))
    told = {"steps": steps, "datasets": views, "transfers": transfers, **rest}
    return headline(msgspec.structs.replace(now, **told))


def test_the_headline_knows_failed_retrying_waiting_paused_and_finished() -> None:
    fetch = "camvid/fetch:a"
    assert moment({"a/x": "failed", "b/x": "failed"}) == "2 failed, r tries again"
    assert moment({"a/x": "failed", "b/x": "waiting"}) == "1 failed, r tries again, waiting for you"
    assert moment({"a/x": "waiting"}) == "waiting for you"
    assert moment({fetch: "running"}, transfer("retrying")) == "trying again what did not answer"
    assert moment({fetch: "running"}, transfer("running"), eta=60.0) == "about 1 min left"
    assert moment({fetch: "running", "b/x": "failed"}, eta=60.0) == "about 1 min left, 1 failed"
    assert moment({fetch: "running"}, paused=True) == "Paused"
    assert moment({fetch: "running"}, running=False) == "Nothing is running"
    assert moment({fetch: "done"}, complete=True) == "Everything is in place and checked"


def test_figures_wait_until_the_disk_was_looked_at() -> None:
    assert moment({"camvid/fetch:a": "todo"}, looking=3) == "looking…"
    now = msgspec.structs.replace(busy(plan_of(mseg())), looking=len(busy(plan_of(mseg())).steps))
    assert standing(now).plain.startswith("Looking at the disk… 0 of ")
    assert "finished" not in standing(now).plain


def test_a_dataset_that_was_left_out_is_not_called_ready() -> None:
    view = msgspec.structs.replace(busy(plan_of(mseg())).datasets[0], state="todo", chosen=False)
    row = sidebar_row(view, glyphs(), 30).plain
    assert "left out" in row
    assert "ready" not in row
