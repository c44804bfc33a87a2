"""What a key costs, counted in frames and layouts; and what the first frame waits for."""

from __future__ import annotations

import subprocess
import sys

import pytest
from textual.css.stylesheet import Stylesheet
from textual.screen import Screen
from textual.widgets import Static

from tests.tui.driving import at_work, opened, sees, until, wizard
from tests.tui.fakes import busy, host_with, mseg, plan_of
from wizard.tui.panes.stage import StagePane
from wizard.tui.screens.activity import ActivityPage
from wizard.tui.screens.base import LivePage
from wizard.tui.screens.log import LogPage
from wizard.tui.screens.opening import OpeningPage
from wizard.tui.screens.resume import ResumePage
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.whole import WholeScreen
from wizard.tui.widgets.keyline import KeyLine

NOT_YET = ("wizard.engine.runner", "wizard.kinds", "wizard.workers", "wizard.steps.step")
"""What works on an install, and what reads recipes: nothing of it is seen in the first frame."""


def test_the_first_frame_waits_for_nothing_it_does_not_show() -> None:
    script = "import sys, wizard.entry, wizard.cli, wizard.tui.app; print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    ).stdout.split()
    ours = [name for name in loaded if name.startswith((*NOT_YET, "wizard.recipes"))]
    heavy = {"numpy", "PIL", "scipy", "httpx", "multiprocessing", "pyarrow"} & set(loaded)
    assert (ours, heavy) == ([], set())


async def test_the_first_frame_is_styled_once_and_on_screen_before_anything_is_looked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    read: list[object] = []
    monkeypatch.setattr(Stylesheet, "reparse", lambda self: read.append(self))
    frames: list[bool] = []
    looked = WholeScreen._compositor_refresh

    def drawn(screen: WholeScreen[object]) -> None:
        looked(screen)
        frames.append(isinstance(screen, OpeningPage) and screen._drawing)

    monkeypatch.setattr(WholeScreen, "_compositor_refresh", drawn)
    host = host_with(busy(plan_of(mseg())))
    found = host.collections
    before: list[bool] = []

    def collections() -> tuple[object, ...]:
        before.append(any(frames))
        return found()

    monkeypatch.setattr(host, "collections", collections)
    async with opened(host) as pilot:
        await until(pilot, lambda: bool(before))
    assert before[0] and read == []


@pytest.mark.parametrize("key", ["a", "question_mark", "l", "c", "u"])
async def test_a_page_opens_whole(key: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async with at_work(host_with(busy(plan_of(mseg())))) as pilot:
        before = pilot.app.screen
        layouts: list[object] = []
        frames: list[object] = []
        layout, draw = Screen._refresh_layout, Screen._compositor_refresh

        def laid_out(screen: Screen[object], *args: object) -> None:
            layouts.append(screen)
            layout(screen, *args)  # type: ignore[arg-type]

        def drawn(screen: Screen[object]) -> None:
            frames.append(screen)
            if screen is not before:
                assert {"-short", "-narrow"} <= screen.classes
            draw(screen)

        monkeypatch.setattr(Screen, "_refresh_layout", laid_out)
        monkeypatch.setattr(Screen, "_compositor_refresh", drawn)
        await pilot.press(key)
        await until(pilot, lambda: pilot.app.screen in frames)
        await pilot.pause(0.3)
        # One with a second layout for a scroll bar; then what lists say once they have their size.
        assert frames.count(pilot.app.screen) <= 3
        assert layouts.count(pilot.app.screen) <= 4


async def test_looking_through_datasets_makes_no_pane_for_each() -> None:
    async with at_work(host_with(busy(plan_of(mseg())))) as pilot:
        for _ in range(3):
            await pilot.press("home", *["down"] * 16)
        await pilot.pause(0.1)
        asking = sum(pane.form is not None for pane in pilot.app.screen.query(StagePane))
        assert len(pilot.app.screen.query(StagePane)) <= asking + 6


async def test_a_resized_terminal_lays_a_page_out_anew() -> None:
    async with at_work(host_with(busy(plan_of(mseg()))), (80, 24)) as pilot:
        await pilot.press("a")
        await pilot.pause(0.2)
        await pilot.resize_terminal(120, 40)
        await until(pilot, lambda: "-wide" in pilot.app.screen.classes)
        await until(pilot, lambda: pilot.app.screen.query_one(KeyLine).size.width == 120)
        heading = pilot.app.screen.query_one("#downloads", Static)
        assert heading.size.width > 100 and wizard(pilot).screen.size.height == 40


@pytest.mark.parametrize("page", [WizardPage, ActivityPage, ResumePage, LogPage])
async def test_what_comes_before_a_page_has_its_size_is_shown_once_it_has(
    page: type[LivePage], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with at_work(host_with(busy(plan_of(mseg())))) as pilot:
        mounted = page.on_mount

        def with_news(screen: LivePage) -> None:
            mounted(screen)
            bridge = screen.bridge
            assert bridge.snapshot is not None
            screen._sampled(bridge.snapshot)

        monkeypatch.setattr(page, "on_mount", with_news)
        names = {WizardPage: "wizard", ActivityPage: "activity", ResumePage: "resume"}
        wizard(pilot).go(names.get(page, "log"))  # type: ignore[arg-type]
        await sees(pilot, "Datasets" if page is WizardPage else "segwizard")
        await until(pilot, lambda: isinstance(pilot.app.screen, page) and pilot.app.screen.opened)
