"""Driving the app in tests: wait for what should be seen, never for a time."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import TypeVar

from textual.pilot import Pilot
from textual.screen import Screen

from tests.tui.fakes import DEST, FakeHost
from tests.waiting import TIME_LIMIT
from wizard.tui.app import WizardApp
from wizard.tui.modals import ConfirmModal
from wizard.tui.screens.wizard import WizardPage

ScreenT = TypeVar("ScreenT", bound=Screen)


@contextlib.asynccontextmanager
async def opened(
    host: FakeHost, size: tuple[int, int] = (80, 24), dest: Path | None = None
) -> AsyncIterator[Pilot[int]]:
    async with WizardApp(host, dest=dest).run_test(size=size, notifications=True) as pilot:
        yield pilot
        app = pilot.app
        if isinstance(app, WizardApp):
            app.close_bridge()


@contextlib.asynccontextmanager
async def at_work(
    host: FakeHost, size: tuple[int, int] = (80, 24), waits_for: str = "Waiting for you"
) -> AsyncIterator[Pilot[int]]:
    """The wizard page of an install that was begun before."""
    host.installs.add(DEST)
    host.last = DEST
    async with opened(host, size) as pilot:
        await until(pilot, lambda: waits_for in seen(pilot))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.screen, WizardPage | ConfirmModal))
        if isinstance(pilot.app.screen, ConfirmModal):
            await pilot.press("down", "enter")
        page = await on(pilot, WizardPage)
        await until(pilot, lambda: page.dataset != "")
        await pilot.pause()
        yield pilot


async def until(pilot: Pilot[int], true: Callable[[], bool]) -> None:
    deadline = asyncio.get_running_loop().time() + TIME_LIMIT
    while not true():
        if asyncio.get_running_loop().time() > deadline:
            raise AssertionError(f"not seen in {TIME_LIMIT:.0f} s; on screen:\n{seen(pilot)}")
        await asyncio.sleep(0.05)
        await pilot.pause()


async def on(pilot: Pilot[int], kind: type[ScreenT]) -> ScreenT:
    """Wait for a screen and return it."""
    await until(pilot, lambda: isinstance(pilot.app.screen, kind))
    screen = pilot.app.screen
    assert isinstance(screen, kind)
    await until(pilot, lambda: screen.is_mounted)
    return screen


async def sees(pilot: Pilot[int], *texts: str) -> None:
    """Wait until every text is on screen."""
    await until(pilot, lambda: all(text in seen(pilot) for text in texts))


def seen(pilot: Pilot[int]) -> str:
    """The screen as plain text."""
    lines = pilot.app.screen._compositor.render_strips()
    return "\n".join("".join(segment.text for segment in strip) for strip in lines)


def wizard(pilot: Pilot[int]) -> WizardApp:
    app = pilot.app
    assert isinstance(app, WizardApp)
    return app


async def go_to(pilot: Pilot[int], dataset: str) -> None:
    page = pilot.app.screen
    assert isinstance(page, WizardPage)
    page.go_to(dataset)
    await until(pilot, lambda: page.dataset == dataset)
    await pilot.pause()
    await pilot.pause()
