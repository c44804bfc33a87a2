"""The last page says what was proven, what is only plausible, and what to run next."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from textual.widgets import Static

from tests.tui.driving import at_work, on, opened, seen, sees, until, wizard
from tests.tui.fakes import DEST, FakeHost, host_with, mseg, plan_of, snapshot_of
from wizard.app.outcome import InstalledLine, LastPage, LeftOutLine, NextLine, VariableLine
from wizard.app.rehearsal import Rehearsal, Visitor
from wizard.tui.screens.finished import FinishedPage, variable_lines
from wizard.tui.screens.wizard import WizardPage
from wizard.verify.summary import Checked

pytestmark = pytest.mark.slow

CHECKED = Checked(paths=4_210, labels=812, segments=96)
WORDS = LastPage(
    title="MSeg",
    dest=str(DEST),
    partial=True,
    installed=(InstalledLine(id="camvid", title="CamVid", folder="/d/camvid", checked=CHECKED),),
    checked=CHECKED,
    plausible=tuple(f"bdd/part-{number}.zip" for number in range(5)),
    seconds=7_260.0,
    report="/data/Datasets/report.html",
    variables=(VariableLine(name="MSEG_DIR", value="/data/My Sets", reader="the training code"),),
    commands=(NextLine(command="segwizard status --dest /data", about="how it stands"),),
    left_out=(LeftOutLine(id="idd", title="IDD", loss="No Indian roads.", command="run"),),
)


def _done(**rest):
    plan = plan_of(mseg())
    every = {f"{name}/*": {"state": "done"} for name in {step.dataset for step in plan.steps}}
    return snapshot_of(plan, every, complete=True, fraction=1.0, eta=None, **rest)


def _host() -> FakeHost:
    host = host_with()
    host.last_words = WORDS
    return host


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_the_page_opens_by_itself_when_the_last_step_ends(size) -> None:
    host = _host()
    async with at_work(host, size) as pilot:
        assert "e Summary" not in seen(pilot)
        host.link.now = _done()
        await on(pilot, FinishedPage)
        await sees(pilot, "Everything you chose is in place")
        said = str(pilot.app.screen.query_one("#said", Static).content)
        for words in ("4,210 paths, 812 labels, 96", "2 h 1 min", "part-0.zip", "and 2 more"):
            assert words in said
        await pilot.press("end")
        await sees(pilot, "Left out", "No Indian roads.")
        await pilot.press("y")
        assert wizard(pilot).clipboard == "export MSEG_DIR='/data/My Sets'"
        await pilot.press("escape")
        await on(pilot, WizardPage)
        host.link.now = msgspec.structs.replace(_done(), disk_free=7)
        await until(pilot, lambda: wizard(pilot).bridge.snapshot.disk_free == 7)
        assert isinstance(pilot.app.screen, WizardPage)


async def test_a_finished_install_offers_the_page_and_a_fault_is_said_there() -> None:
    host = _host()
    host.last_words = None
    host.link.now = _done(running=False)
    host.installs.add(DEST)
    host.last = DEST
    async with opened(host) as pilot:
        await sees(pilot, "e Summary")
        await pilot.press("e")
        await on(pilot, FinishedPage)
        await sees(pilot, "No install is here. Check the folder")
        assert "y Copy variables" not in seen(pilot)


@pytest.mark.slow
def test_a_real_install_has_all_of_it(tmp_path: Path) -> None:
    rehearsal = Rehearsal("mseg", tmp_path / "demo")
    with rehearsal.served() as server:
        app = rehearsal.app
        session = app.ready(app.choose("mseg", rehearsal.dest, only=("camvid",)))
        session.start()
        visitor = Visitor(server, rehearsal.dest)
        while not session.wait_settled(0.2) or visitor.visit(session.link, session.link.snapshot()):
            visitor.visit(session.link, session.link.snapshot())
        session.stop(20.0)
        page = app.last_page(session, session.link.snapshot())
    assert page.partial
    assert "camvid" in {each.id for each in page.installed}
    assert page.checked.labels > 0
    assert Path(page.report).is_file()
    assert "export " in variable_lines(page)
    assert page.left_out
