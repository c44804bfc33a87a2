"""Whether addresses still answer, known in the first evening: told before, asked when told to."""

from __future__ import annotations

import pytest
from textual.widgets import OptionList

from tests.tui.driving import at_work, on, opened, sees, until, wizard
from tests.tui.fakes import host_with
from wizard.tui.screens.datasets import CollectionsPage
from wizard.tui.screens.plan import PlanPage
from wizard.tui.screens.sources import SourcesPage
from wizard.tui.screens.wizard import WizardPage


async def test_before_the_start_every_address_is_told_and_none_is_asked() -> None:
    host = host_with()
    async with opened(host) as pilot:
        await on(pilot, CollectionsPage)
        await pilot.press("enter")
        await sees(pilot, "There is room")
        await pilot.press("enter")
        await sees(pilot, "chosen")
        await pilot.press("enter")
        await until(pilot, lambda: wizard(pilot).setup.plan is not None)
        await pilot.press("u")
        page = await on(pilot, SourcesPage)
        await sees(pilot, "Enter asks every address", "mseg-api", "Proven by")
        assert page.query_one(OptionList).option_count > 20
        assert host.asked_sources == 0
        await pilot.press("escape")
        await on(pilot, PlanPage)


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_while_it_waits_a_dead_address_is_found_when_asked_for(size) -> None:
    host = host_with()
    async with at_work(host, size) as pilot:
        await pilot.press("u")
        page = await on(pilot, SourcesPage)
        await sees(pilot, "Enter asks")
        await pilot.press("enter")
        await until(pilot, lambda: host.asked_sources == 1)
        await sees(pilot, "✓")
        row = next(n for n, row in enumerate(page._rows) if row.standing == "had")
        page.query_one(OptionList).highlighted = row
        await sees(pilot, "now alive")
        await pilot.press("escape")
        await on(pilot, WizardPage)
