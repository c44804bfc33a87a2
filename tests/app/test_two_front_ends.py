"""The same wishes, over the same trees, by the command line and by the screen: the same answers."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from textual.widgets import OptionList, SelectionList, Static

from tests.tui.driving import on, opened, until, wizard
from wizard.app.app import App
from wizard.app.opening import remembered
from wizard.app.rehearsal import Rehearsal
from wizard.demo.server import DemoServer
from wizard.entry import exit_code
from wizard.plan import preflight, volume
from wizard.tui.screens.datasets import DatasetsPage
from wizard.tui.screens.plan import PlanPage
from wizard.tui.screens.resume import ResumePage
from wizard.tui.screens.terms import ReadingPage

ONLY = "camvid"


@pytest.fixture
def rehearsal(tmp_path: Path) -> Iterator[tuple[Rehearsal, DemoServer]]:
    """A miniature of MSeg on this machine, open to all as a lab's own mirror."""
    made = Rehearsal("mseg", tmp_path / "dest")
    with made.served() as server:
        made.site.write_text(server.site_toml(gated=False))
        yield made, server


def said(words: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = exit_code([str(word) for word in words])
    out, err = capsys.readouterr()
    return code, out, err


def installed(made: Rehearsal, capsys: pytest.CaptureFixture[str], *datasets: str) -> None:
    words = ["run", "mseg", "--dest", made.dest, "--site", made.site, "--yes", "--only", *datasets]
    code, out, err = said(words, capsys)
    assert code == 0, out + err


def by_hand(dest: Path) -> None:
    """Forget that segwizard ever was here."""
    shutil.rmtree(dest / ".segwizard")


def leave(monkeypatch: pytest.MonkeyPatch, free: int) -> None:
    """Leave so many bytes on the disk."""
    look = volume.volume
    monkeypatch.setattr(preflight, "volume", lambda path: replace(look(path), free_bytes=free))


async def planned(app: App, dest: Path, only: tuple[str, ...]) -> str:
    """Return why the screen's plan cannot be gone on with; empty when it can."""
    async with opened(app, dest=None) as pilot:
        await until(pilot, lambda: bool(wizard(pilot).setup.known))
        setup = wizard(pilot).setup
        setup.choose(next(each for each in setup.known if each.id == "mseg"))
        setup.dest, setup.only = dest, only
        wizard(pilot).go("plan")
        page = await on(pilot, PlanPage)
        fault = page.query_one(".fault", Static)
        await until(pilot, lambda: setup.plan is not None or bool(str(fault.content)))
        return str(fault.content)


@pytest.mark.slow
async def test_a_tree_made_by_hand_needs_no_room_again(
    rehearsal: tuple[Rehearsal, DemoServer],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, _ = rehearsal
    installed(made, capsys, ONLY)
    by_hand(made.dest)
    leave(monkeypatch, 1 << 20)
    words = ["plan", "mseg", "--dest", made.dest, "--site", made.site, "--only", ONLY, "--json"]
    code, out, _ = said(words, capsys)
    told: dict[str, Any] = json.loads(out)
    assert (code, told["destination"]["fits"]) == (0, True)
    assert await planned(made.app, made.dest, ("mseg-api", ONLY)) == ""
    assert not (made.dest / ".segwizard").exists()


async def test_a_disk_that_is_too_small_is_refused_in_the_same_words(
    rehearsal: tuple[Rehearsal, DemoServer],
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    made, _ = rehearsal
    leave(monkeypatch, 1000)
    words = ["run", "mseg", "--dest", made.dest, "--site", made.site, "--only", ONLY, "--yes"]
    code, _, err = said(words, capsys)
    assert code == 4
    reason = err.partition("error: ")[2].partition(": ")[2].partition("\n")[0]
    assert "does not fit" in reason
    shown = await planned(made.app, made.dest, ("mseg-api", ONLY))
    assert reason.lower() in shown.lower()


@pytest.mark.slow
async def test_a_dataset_is_added_to_an_install_by_either(
    rehearsal: tuple[Rehearsal, DemoServer], capsys: pytest.CaptureFixture[str]
) -> None:
    made, _ = rehearsal
    installed(made, capsys, ONLY)
    app = App(site=made.site, settings=replace(made.app.settings, accept_terms=True))
    async with opened(app, dest=made.dest) as pilot:
        await on(pilot, ResumePage)
        await until(pilot, lambda: bool(pilot.app.screen.query_one(OptionList).option_count))
        await pilot.press("a")
        page = await on(pilot, DatasetsPage)
        listing = page.query_one(SelectionList)
        assert ONLY in listing.selected
        assert "kitti" not in listing.selected
        listing.select("kitti")
        await pilot.pause()
        await pilot.press("enter")
        await on(pilot, PlanPage)
        await until(pilot, lambda: wizard(pilot).setup.plan is not None)
        await pilot.press("enter")
        await until(pilot, lambda: not isinstance(pilot.app.screen, PlanPage))
        while not isinstance(pilot.app.screen, ReadingPage):
            await pilot.press("enter")
            await pilot.pause()
        await pilot.press("enter")
        await until(pilot, lambda: "kitti" in _chosen(made.dest))
    assert {ONLY, "kitti"} <= set(_chosen(made.dest))
    code, _, err = said(["status", "--dest", made.dest, "--json"], capsys)
    assert code in (0, 3, 130), err
    installed(made, capsys, "ade20k")
    assert {ONLY, "kitti", "ade20k"} <= set(_chosen(made.dest))


@pytest.mark.slow
async def test_an_install_stands_the_same_for_both(
    rehearsal: tuple[Rehearsal, DemoServer], capsys: pytest.CaptureFixture[str]
) -> None:
    made, _ = rehearsal
    installed(made, capsys, ONLY)
    _, out, _ = said(["status", "--dest", made.dest, "--json"], capsys)
    told = {each["address"]: each["state"] for each in json.loads(out)["steps"]}
    async with opened(App(site=made.site), dest=made.dest) as pilot:
        await on(pilot, ResumePage)

        def shown() -> dict[str, str]:
            bridge = wizard(pilot).bridge
            snapshot = bridge.snapshot if bridge else None
            return {step.address: step.state for step in snapshot.steps} if snapshot else {}

        await until(pilot, lambda: shown() == told)


def _chosen(dest: Path) -> tuple[str, ...]:
    choices = remembered(dest)
    return choices.only if choices else ()
