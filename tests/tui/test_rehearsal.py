"""Rehearsing on screen: the demo with its open_requests answered by hand, from an empty machine."""

from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from click.testing import CliRunner
from textual.events import Key
from textual.pilot import Pilot
from textual.widgets import Input, OptionList

from tests.tui.driving import on, opened, sees, until, wizard
from tests.tui.fakes import DEST, host_with
from wizard.app.bringing import OpenRequest
from wizard.app.rehearsal import Rehearsal
from wizard.cli import cli
from wizard.recipes.site import load_site
from wizard.tui.app import WizardApp
from wizard.tui.screens.datasets import CollectionsPage
from wizard.tui.screens.destination import DestinationPage
from wizard.tui.screens.requests import HaveModal, RequestsPage
from wizard.tui.screens.terms import ReadingPage, TermsPage
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.stages import wants
from wizard.views import Snapshot, StepView

FEW = 12
"""Keys from the first frame to the first byte, at most."""


class Typist:
    """Presses keys and counts them."""

    def __init__(self, pilot: Pilot[int]) -> None:
        self._pilot = pilot
        self.keys = 0

    async def press(self, *keys: str) -> None:
        self.keys += len(keys)
        await self._pilot.press(*keys)

    async def text(self, text: str) -> None:
        """Text as it is pasted: one key, whatever its length."""
        self.keys += 1
        focused = self._pilot.app.focused
        assert isinstance(focused, Input)
        focused.insert_text_at_cursor(text)


def snapshot(pilot: Pilot[int]) -> Snapshot:
    bridge = wizard(pilot).bridge
    assert bridge is not None
    assert bridge.snapshot is not None
    return bridge.snapshot


def waiting(pilot: Pilot[int]) -> list[StepView]:
    return [step for step in snapshot(pilot).steps if wants(step)]


async def answered(pilot: Pilot[int], typist: Typist) -> None:
    """Answer a request with what its page tells, as a person reads it there.

    It may be over before it is reached: one login serves every archive of its site.
    """
    await typist.press("ctrl+n")
    await until(pilot, lambda: isinstance(pilot.app.focused, Input) or not waiting(pilot))
    shown = pilot.app.screen
    dataset = shown.dataset if isinstance(shown, WizardPage) else None
    mine = next((each for each in waiting(pilot) if each.dataset == dataset), None)
    if mine is None:
        return
    assert mine.request is not None
    told = mine.request.rehearsal
    assert told
    for value in told.values():
        if not isinstance(pilot.app.focused, Input):
            break
        await typist.text(value)
        await typist.press("enter")
    await until(pilot, lambda: mine.address not in {each.address for each in waiting(pilot)})


@pytest.mark.slow
async def test_the_whole_demo_is_rehearsed_by_hand_in_few_keys(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("wizard.tui.widgets.field.PAUSE", 0.0)
    rehearsal = Rehearsal("mseg", tmp_path / "demo")
    with rehearsal.served():
        app = WizardApp(rehearsal.app, dest=rehearsal.dest)
        async with app.run_test(size=(100, 30)) as pilot:
            typist = Typist(pilot)
            await _to_requests(pilot, typist)
            await _start(pilot, typist)
            await until(pilot, lambda: any(view.done for view in snapshot(pilot).transfers))
            assert typist.keys <= FEW
            await until(pilot, lambda: len(waiting(pilot)) >= 7)
            await sees(pilot, "In this rehearsal")
            while waiting(pilot):
                await answered(pilot, typist)
            await until(pilot, lambda: snapshot(pilot).complete)
            await sees(pilot, "Everything is in place and checked")
            app.close_bridge()
            session = app.open_session
            assert await asyncio.to_thread(session.stop, 10.0)
    assert typist.keys <= 40


@pytest.mark.slow
async def test_who_has_everything_at_hand_may_leave_at_the_start(tmp_path: Path) -> None:
    rehearsal = Rehearsal("mseg", tmp_path / "demo")
    with rehearsal.served():
        app = WizardApp(rehearsal.app, dest=rehearsal.dest)
        async with app.run_test(size=(80, 24)) as pilot:
            typist = Typist(pilot)
            await _to_requests(pilot, typist)
            await until(pilot, lambda: bool(wizard(pilot).setup.open_requests))
            while requests_left := _requests_left(app):
                await _given(pilot, typist, requests_left[0])
            await _start(pilot, typist)
            before = typist.keys
            await until(pilot, lambda: snapshot(pilot).complete)
            assert typist.keys == before
            app.close_bridge()
            assert await asyncio.to_thread(app.open_session.stop, 10.0)


async def _to_requests(pilot: Pilot[int], typist: Typist) -> None:
    await on(pilot, CollectionsPage)
    await typist.press("enter")
    await sees(pilot, "There is room")
    await typist.press("enter")
    await sees(pilot, "13 of 13 chosen")
    await typist.press("enter")
    await until(pilot, lambda: wizard(pilot).setup.plan is not None)
    await typist.press("enter")
    await sees(pilot, "Draft mail")


async def _start(pilot: Pilot[int], typist: Typist) -> None:
    """Accept all terms by a name, and begin."""
    await typist.press("enter")
    await sees(pilot, "It accepts 13 of 13")
    await typist.press(*"Ada", "enter")
    await sees(pilot, "The MSeg paper")
    await typist.press("enter")
    # The last page may lie over it already.
    await until(pilot, lambda: any(isinstance(each, WizardPage) for each in pilot.app.screen_stack))


def _requests_left(app: WizardApp) -> list[OpenRequest]:
    return [asked for asked in app.setup.open_requests if asked.address not in app.setup.given]


async def _given(pilot: Pilot[int], typist: Typist, asked: OpenRequest) -> None:
    listing = pilot.app.screen.query_one(OptionList)
    listing.highlighted = listing.get_option_index(asked.dataset)
    await typist.press("h")
    await on(pilot, HaveModal)
    await until(pilot, lambda: isinstance(pilot.app.focused, Input))
    for value in asked.request.rehearsal.values():
        await typist.text(value)
        await typist.press("enter")
    await on(pilot, RequestsPage)


@pytest.mark.parametrize("collection", ["mseg", "openseg", "partdistillation"])
def test_every_gate_of_the_demo_tells_what_opens_it(tmp_path: Path, collection: str) -> None:
    rehearsal = Rehearsal(collection, tmp_path / "demo")
    with rehearsal.served() as server:
        told = load_site(rehearsal.site).archives
        gated = [a for a in server.miniature.archives if a.access.kind != "open"]
    assert gated
    for archive in gated:
        assert told[f"{collection}/{archive.dataset}/{archive.name}"].rehearsal
    assert [each.id for each in rehearsal.app.collections()] == [collection]


def test_a_rehearsal_by_hand_is_opened_on_the_demo_alone(tmp_path: Path, monkeypatch) -> None:
    opened: list[tuple[Path, str, tuple[str, ...]]] = []

    def open_screen(dest, site=None, app=None, collection=""):
        opened.append((dest, collection, app.offered))
        return 0

    monkeypatch.setattr("wizard.cli.open_screen", open_screen)
    result = CliRunner().invoke(
        cli, ["demo", "fptrans", "--screen", "--dest", str(tmp_path / "demo")]
    )
    assert result.exit_code == 0, result.output
    assert opened == [(tmp_path / "demo", "fptrans", ("fptrans",))]


async def test_text_and_enter_in_one_go_are_taken_in_their_order() -> None:
    async with opened(host_with()) as pilot:
        await on(pilot, CollectionsPage)
        await pilot.press("enter")
        page = await on(pilot, DestinationPage)
        page.query_one(Input).value = str(DEST)
        await pilot.press("enter")
        await sees(pilot, "chosen")
        await pilot.press("enter")
        await until(pilot, lambda: wizard(pilot).setup.plan is not None)
        await pilot.press("enter")
        await sees(pilot, "Draft mail")
        await pilot.press("enter")
        await on(pilot, TermsPage)
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        for sign in "Ada":
            pilot.app.post_message(Key(sign, sign))
        pilot.app.post_message(Key("enter", None))
        await on(pilot, ReadingPage)
        assert wizard(pilot).setup.signature == "Ada"
