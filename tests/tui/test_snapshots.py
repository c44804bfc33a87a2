"""Pictures of the main screens at two sizes and in two themes; few, and without clock or cursor.

Made with ``pytest --snapshot-update tests/tui/test_snapshots.py``; look at them before committing.
"""

from __future__ import annotations

import pytest

from tests.tui.driving import go_to, on, sees, until
from tests.tui.fakes import DEST, host_with
from wizard.tui.app import WizardApp
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.widgets.form import RequestForm

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("theme", ["segwizard-dark", "segwizard-light"])
@pytest.mark.parametrize("size", [(80, 24), (120, 40)], ids=["80x24", "120x40"])
def test_the_wizard(snap_compare, monkeypatch, size, theme) -> None:
    monkeypatch.setenv("TEXTUAL_THEME", theme)

    async def work(pilot) -> None:
        await _at_work(pilot)
        await go_to(pilot, "coco-panoptic")
        await sees(pilot, "41,203 of 123,287")

    assert snap_compare(_app(), terminal_size=size, run_before=work)


def test_a_form(snap_compare) -> None:
    async def work(pilot) -> None:
        await _at_work(pilot)
        await go_to(pilot, "scannet")
        await until(pilot, lambda: any(f.is_mounted for f in pilot.app.screen.query(RequestForm)))
        await sees(pilot, "Use this address")

    assert snap_compare(_app(), terminal_size=(80, 24), run_before=work)


def test_coming_back(snap_compare) -> None:
    async def work(pilot) -> None:
        await sees(pilot, "Waiting for you (4)", "31%", "Finished (2)")

    assert snap_compare(_app(), terminal_size=(120, 40), run_before=work)


def _app() -> WizardApp:
    host = host_with()
    host.installs.add(DEST)
    host.last = DEST
    return WizardApp(host)


async def _at_work(pilot) -> None:
    await sees(pilot, "Waiting for you (4)", "31%")
    await pilot.press("enter")
    await on(pilot, WizardPage)
