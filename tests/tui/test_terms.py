"""All terms on one page: read in full, signed once, refused one by one, recorded as ever."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import msgspec
import pytest
from textual.widgets import Input

from tests.tui.driving import at_work, on, opened, seen, sees, until, wizard
from tests.tui.fakes import DEST, busy, host_with, mseg, plan_of
from wizard.app.app import App
from wizard.app.planning import open_terms
from wizard.app.rehearsal import Rehearsal
from wizard.kinds.terms import accepted, record
from wizard.steps.install import Settings
from wizard.tui.app import WizardApp
from wizard.tui.screens.datasets import CollectionsPage
from wizard.tui.screens.destination import DestinationPage
from wizard.tui.screens.plan import PlanPage
from wizard.tui.screens.requests import RequestsPage
from wizard.tui.screens.terms import ReadingPage, TermsList, TermsPage
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.sums import may_leave
from wizard.views import Snapshot, StepView

pytestmark = pytest.mark.slow

AT_MOST = 12
"""Keys from the first frame to the first byte."""


async def _to_terms(pilot) -> TermsPage:
    await on(pilot, CollectionsPage)
    await pilot.press("enter")
    page = await on(pilot, DestinationPage)
    page.query_one(Input).value = str(DEST)
    await pilot.press("enter")
    await sees(pilot, "chosen")
    await pilot.press("enter")
    await on(pilot, PlanPage)
    await until(pilot, lambda: wizard(pilot).setup.plan is not None)
    await pilot.press("enter")
    await on(pilot, RequestsPage)
    await pilot.press("enter")
    return await on(pilot, TermsPage)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_every_word_of_every_licence_can_be_read_there(size) -> None:
    async with opened(host_with(), size) as pilot:
        page = await _to_terms(pilot)
        listing = page.query_one(TermsList)
        for place, asked in enumerate(open_terms(plan_of(mseg()))):
            listing.highlighted = place
            terms = asked.terms
            texts = ["".join(t.split()) for t in (terms.title, terms.summary, terms.url)]
            await until(pilot, lambda texts=texts: all(text in _inside(pilot) for text in texts))


async def test_one_name_accepts_all_and_each_is_answered_where_it_is_asked() -> None:
    host = host_with()
    async with opened(host) as pilot:
        await _to_terms(pilot)
        await pilot.press(*"Ada L", "enter")
        await on(pilot, ReadingPage)
        assert host.link.answers == []
        await pilot.press("enter")
        await on(pilot, WizardPage)
    asked = [each.address for each in open_terms(plan_of(mseg()))]
    assert [answer.address for answer in host.link.answers] == asked
    assert {tuple(answer.values.items()) for answer in host.link.answers} == {
        (("accepted_by", "Ada L"),)
    }


async def test_what_is_refused_is_not_answered_and_comes_back_as_it_was() -> None:
    host = host_with()
    async with opened(host) as pilot:
        page = await _to_terms(pilot)
        await pilot.press("down", "space")
        await sees(pilot, "[ ]", "refused", "It accepts 12 of 13.")
        await pilot.press("tab", *"Ada", "enter")
        await on(pilot, ReadingPage)
        await pilot.press("escape")
        await sees(pilot, "It accepts 12 of 13.")
        assert page.query_one(Input).value == "Ada"
        await pilot.press("enter")
        await on(pilot, ReadingPage)
        await pilot.press("enter")
        await on(pilot, WizardPage)
    asked = [each.address for each in open_terms(plan_of(mseg()))]
    assert [answer.address for answer in host.link.answers] == [asked[0], *asked[2:]]


async def test_without_a_name_nothing_is_accepted_and_that_is_said() -> None:
    host = host_with()
    async with opened(host) as pilot:
        page = await _to_terms(pilot)
        await pilot.press("space", "enter")
        await sees(pilot, "No name stands below the terms")
        assert isinstance(pilot.app.screen, TermsPage)
        for asked in wizard(pilot).setup.terms:
            wizard(pilot).setup.refused.add(asked.address)
        page.query_one(Input).clear()
        await pilot.press("enter")
        await on(pilot, ReadingPage)
        await pilot.press("enter")
        await on(pilot, WizardPage)
    assert host.link.answers == []


def test_what_was_accepted_as_worded_now_is_not_asked_again(tmp_path: Path) -> None:
    app = App()
    recipe = next(each for each in app.collections() if each.id == "mseg")
    plan = app.plan(recipe, tmp_path, ())
    first, second, *rest = app.terms(plan)
    state = tmp_path / ".segwizard"
    state.mkdir()
    record(state, first.dataset, first.terms, "Ada")
    reworded = type(second.terms)(title=second.terms.title, url="https://other.example", summary="")
    record(state, second.dataset, reworded, "Ada")
    assert app.terms(plan) == (second, *rest)
    assert replace(app, settings=Settings(accept_terms=True)).terms(plan) == ()


@pytest.mark.slow
async def test_twelve_keys_lead_from_the_first_frame_to_the_first_byte(tmp_path: Path) -> None:
    rehearsal = Rehearsal("mseg", tmp_path / "demo")
    with rehearsal.served():
        app = WizardApp(rehearsal.app, dest=rehearsal.dest)
        async with app.run_test(size=(80, 24)) as pilot:
            keys = 0

            async def press(*pressed: str) -> None:
                nonlocal keys
                keys += len(pressed)
                await pilot.press(*pressed)

            await on(pilot, CollectionsPage)
            await press("enter")
            await sees(pilot, "There is room")
            await press("enter")
            await sees(pilot, "13 of 13 chosen")
            await press("enter")
            await until(pilot, lambda: app.setup.plan is not None)
            await press("enter")
            await on(pilot, RequestsPage)
            await press("enter")
            await on(pilot, TermsPage)
            await press(*"Grace", "enter")
            await on(pilot, ReadingPage)
            await press("enter")
            await on(pilot, WizardPage)
            await until(pilot, lambda: _fetched(app) >= _open(app) > 0)
            assert keys <= AT_MOST, f"{keys} keys"
            known = accepted(rehearsal.dest / ".segwizard")
            assert set(known) == {each.dataset for each in open_terms_of(app)}
            assert all(each.who.startswith("Grace (") for each in known.values())
            app.close_bridge()


def open_terms_of(app: WizardApp) -> tuple:
    return app.setup.terms


def _open(app: WizardApp) -> int:
    """Archives nobody has to do anything for."""
    recipe = app.setup.recipe
    return sum(
        archive.access.kind == "open"
        for dataset in (recipe.datasets if recipe else ())
        for archive in dataset.usual
    )


def _fetched(app: WizardApp) -> int:
    seen_last = app.bridge.snapshot if app.bridge else None
    steps = seen_last.steps if seen_last else ()
    return sum(step.kind == "fetch" and step.state == "done" for step in steps)


def _inside(pilot) -> str:
    """What the list shows, without breaks: lines are folded to its width."""
    lines = [line.rpartition("│")[0].partition("│")[2] for line in seen(pilot).splitlines()]
    return "".join(re.sub("[▁-█]", "", "".join(lines)).split())


async def test_after_start_the_cursor_stands_on_the_first_that_needs_a_person() -> None:
    host = host_with()
    async with opened(host) as pilot:
        await _to_terms(pilot)
        await pilot.press(*"Ada", "enter")
        await on(pilot, ReadingPage)
        await pilot.press("enter")
        page = await on(pilot, WizardPage)
        needed = [step.dataset for step in host.link.now.steps if step.request]
        first = next(view.id for view in host.link.now.datasets if view.id in needed)
        await until(pilot, lambda: page.dataset == first)
        await sees(pilot, "Enter goes there")
        assert "You can leave now" not in seen(pilot)
        await pilot.press("up")
        moved = page.dataset
        host.link.now = msgspec.structs.replace(host.link.now, disk_free=1)
        await until(pilot, lambda: page.bridge.snapshot.disk_free == 1)
        assert page.dataset == moved != first


async def test_when_nobody_is_needed_it_says_so_until_when_and_what_will_wait() -> None:
    host = host_with(replaced(busy(plan_of(mseg()))))
    async with at_work(host, waits_for="welcome back") as pilot:
        await sees(pilot, "You can leave now for about 7 h")
        await sees(pilot, "Waiting for you then: nothing")


def test_owners_who_were_asked_need_nobody_and_are_named() -> None:
    now = busy(plan_of(mseg()))
    assert may_leave(now, {"scannet", "mapillary", "bdd", "cityscapes", "kitti"}) == ""
    steps = tuple(step for step in now.steps if step.dataset in ("scannet", "coco-panoptic"))
    now = msgspec.structs.replace(now, steps=steps)
    assert may_leave(now, ()) == ""
    said = may_leave(now, {"scannet"})
    assert said.startswith("You can leave now for about 7")
    assert "the answers for ScanNet" in said
    assert may_leave(msgspec.structs.replace(now, paused=True), {"scannet"}) == ""


def replaced(now: Snapshot) -> Snapshot:
    """The same with nothing that failed or asks."""
    steps = tuple(
        step if step.state not in ("failed", "waiting") else with_state(step) for step in now.steps
    )
    return msgspec.structs.replace(now, steps=steps)


def with_state(step: StepView) -> StepView:
    return msgspec.structs.replace(step, state="todo", request=None, failures=())
