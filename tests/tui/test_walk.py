"""A walk over every page: the selection is seen without colours, Help and Quit never go missing."""

from __future__ import annotations

import pytest
from rich.style import Style
from textual.pilot import Pilot
from textual.widgets import OptionList

from tests.tui.driving import at_work, on, opened, seen, sees, until, wizard
from tests.tui.fakes import host_with
from wizard.tui.screens.activity import ActivityPage
from wizard.tui.screens.credentials import CredentialsPage
from wizard.tui.screens.datasets import CollectionsPage, DatasetsPage
from wizard.tui.screens.log import LogPage
from wizard.tui.screens.requests import RequestsPage
from wizard.tui.screens.sources import SourcesPage
from wizard.tui.screens.terms import ReadingPage, TermsPage
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.themes import THEMES

pytestmark = pytest.mark.slow

SIZES = [(60, 20), (80, 24), (120, 40), (200, 60)]
LOOKS = [theme.name for theme in THEMES]


def styles_of(pilot: Pilot[int], y: int, left: int, right: int) -> set[Style | None]:
    strips = pilot.app.screen._compositor.render_strips()
    return {segment.style for segment in strips[y].crop(left, right) if segment.text.strip()}


def attributes(style: Style | None) -> tuple[bool | None, ...]:
    return () if style is None else (style.bold, style.reverse, style.underline)


def check(pilot: Pilot[int], *, coloured: bool) -> None:
    """What must hold on any page as it is."""
    last = seen(pilot).splitlines()[-1]
    assert "Help" in last, last
    assert "Quit" in last, last
    for listing in pilot.app.screen.query(OptionList):
        if not listing.has_focus or listing.highlighted is None or listing.option_count < 2:
            continue
        region = listing.scrollable_content_region
        rows = {
            y: listing._lines[listing.scroll_offset.y + y - region.y][0]
            for y in range(region.y, min(region.bottom, region.y + len(listing._lines)))
            if listing.scroll_offset.y + y - region.y < len(listing._lines)
        }
        chosen = [y for y, place in rows.items() if place == listing.highlighted]
        others = [
            y
            for y, place in rows.items()
            if place != listing.highlighted and not listing.get_option_at_index(place).disabled
        ]
        assert chosen
        marked = set().union(*(styles_of(pilot, y, region.x, region.right) for y in chosen))
        plain = set().union(*(styles_of(pilot, y, region.x, region.right) for y in others))
        if coloured:
            assert {s.bgcolor for s in marked if s} - {s.bgcolor for s in plain if s}
        else:
            assert set(map(attributes, marked)) - set(map(attributes, plain)), seen(pilot)


async def walk_setup(pilot: Pilot[int], *, coloured: bool) -> None:
    await on(pilot, CollectionsPage)
    check(pilot, coloured=coloured)
    await pilot.press("enter")
    await sees(pilot, "There is room")
    check(pilot, coloured=coloured)
    await pilot.press("enter")
    await on(pilot, DatasetsPage)
    await sees(pilot, "chosen")
    check(pilot, coloured=coloured)
    await pilot.press("enter")
    await until(pilot, lambda: wizard(pilot).setup.plan is not None)
    check(pilot, coloured=coloured)
    for page, key in ((RequestsPage, "enter"), (TermsPage, "enter")):
        await pilot.press(key)
        await on(pilot, page)
        await pilot.pause()
        check(pilot, coloured=coloured)
    await pilot.press("A", "enter")
    await on(pilot, ReadingPage)
    check(pilot, coloured=coloured)


async def walk_work(pilot: Pilot[int], *, coloured: bool) -> None:
    await on(pilot, WizardPage)
    pilot.app.screen.query_one("#sidebar").focus()
    await pilot.pause()
    check(pilot, coloured=coloured)
    pages = {"a": ActivityPage, "l": LogPage, "c": CredentialsPage, "u": SourcesPage}
    for key, page in pages.items():
        await pilot.press(key)
        await on(pilot, page)
        await pilot.pause(0.3)
        check(pilot, coloured=coloured)
        await pilot.press("escape")
        await on(pilot, WizardPage)


@pytest.mark.parametrize("size", SIZES)
async def test_every_page_at_every_size(size) -> None:
    async with opened(host_with(), size) as pilot:
        await walk_setup(pilot, coloured=True)
    async with at_work(host_with(), size) as pilot:
        await walk_work(pilot, coloured=True)


@pytest.mark.parametrize("look", LOOKS)
async def test_every_page_in_every_theme(look, monkeypatch) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", look)
    async with opened(host_with()) as pilot:
        assert pilot.app.theme == look
        await walk_setup(pilot, coloured=not look.startswith("terminal"))
    async with at_work(host_with()) as pilot:
        await walk_work(pilot, coloured=not look.startswith("terminal"))


@pytest.mark.parametrize("size", [(60, 20), (120, 40)])
@pytest.mark.parametrize("environment", [{"NO_COLOR": "1"}, {"TERM": "vt100"}])
async def test_every_page_without_colours(size, environment, monkeypatch) -> None:
    monkeypatch.delenv("COLORTERM")
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    async with opened(host_with(), size) as pilot:
        await walk_setup(pilot, coloured=False)
    async with at_work(host_with(), size) as pilot:
        await walk_work(pilot, coloured=False)
