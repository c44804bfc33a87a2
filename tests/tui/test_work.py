"""The running install on screen: sidebar, stages, failures, retry, activity, log, coming back."""

from __future__ import annotations

import msgspec
import pytest
from textual.widgets import Input

from tests.tui.driving import at_work, go_to, on, opened, seen, sees, until
from tests.tui.fakes import CORRUPT, DEST, busy, host_with, mseg, plan_of, snapshot_of
from wizard.engine.remote.protocol import Event, LimitRate, Pause, Resume, Retry
from wizard.errors import WizardError
from wizard.tui.screens.activity import ActivityPage
from wizard.tui.screens.log import LogPage
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.stages import current, stages, steps_of
from wizard.tui.widgets.failures import NOTES
from wizard.tui.widgets.sidebar import Sidebar
from wizard.tui.widgets.transfers import TransferRow


async def test_the_sidebar_shows_sign_word_and_share_of_every_dataset() -> None:
    async with at_work(host_with()) as pilot:
        await sees(pilot, "✓ MSeg tables", "done", "running 81%", "◆ ScanNet")
        lines = [line for line in seen(pilot).splitlines() if "KITTI" in line]
        assert any("✗ KITTI" in line and "failed" in line for line in lines)


async def test_a_sample_changes_the_row_and_the_pane_in_place() -> None:
    host = host_with()
    async with at_work(host, (120, 40)) as pilot:
        await go_to(pilot, "coco-panoptic")
        await sees(pilot, "41,203 of 123,287 images", "182 images/s", "7 min left")
        steps = tuple(
            msgspec.structs.replace(step, done=60_000)
            if step.address == "coco-panoptic/labels"
            else step
            for step in host.link.now.steps
        )
        host.link.now = msgspec.structs.replace(host.link.now, steps=steps)
        await sees(pilot, "60,000 of 123,287 images")


async def test_a_locked_stage_says_what_comes_first_and_leads_there() -> None:
    async with at_work(host_with()) as pilot:
        await go_to(pilot, "scannet")
        await pilot.press("right", "right")
        await sees(pilot, "This opens once these are done", "ScanNet:")
        page = pilot.app.screen
        await pilot.press("enter", "enter")
        await until(pilot, lambda: "Paste the address" in seen(pilot))
        assert page.dataset == "scannet"


async def test_failures_are_grouped_with_what_to_do_and_r_tries_again() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await go_to(pilot, "kitti")
        await sees(
            pilot, "link expired", "1 failure", "Ask for a fresh link", "Press r to try again"
        )
        await pilot.press("r", "enter")
        await until(pilot, lambda: host.link.commands == [Retry()])


async def test_activity_lists_downloads_work_and_failures() -> None:
    host = host_with()
    async with at_work(host, (120, 40)) as pilot:
        await pilot.press("a")
        await on(pilot, ActivityPage)
        await sees(pilot, "ADEChallengeData2016.zip", "410 of 967 MB", "11.2 MB/s", "50 s left")
        await sees(pilot, "last byte 12 s ago", "host.robots.ox.ac.uk")
        assert "ADE20K_2016_07_26.zip" not in seen(pilot)
        await pilot.press("b")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await pilot.press("2", ".", "5", "enter")
        await until(pilot, lambda: host.link.commands == [LimitRate(rate=2_500_000)])
        await pilot.press("escape")
        await on(pilot, WizardPage)


async def test_failures_come_before_notes_and_notes_ask_for_nothing() -> None:
    async with at_work(host_with(), (120, 60)) as pilot:
        await pilot.press("a")
        await sees(pilot, "Failed", "link expired", NOTES, "unreadable image", "2 notes")
        text = seen(pilot)
        order = ["Failed", "✗ link expired", "KITTI: Fetch", NOTES, "• unreadable image"]
        assert sorted(order, key=text.index) == order


async def test_with_notes_only_nothing_is_said_to_have_failed() -> None:
    plan = plan_of(mseg())
    noted = {"camvid/verify": {"state": "done", "failures": (CORRUPT,)}}
    async with at_work(host_with(snapshot_of(plan, noted)), waits_for="0 of 15") as pilot:
        await go_to(pilot, "camvid")
        await pilot.press("a")
        await sees(pilot, NOTES, "CamVid: ", "Nothing is running and nothing failed.")
        assert "Failed" not in seen(pilot)


async def test_space_holds_the_chosen_download_and_lets_it_go_on() -> None:
    host = host_with()
    async with at_work(host, (120, 40)) as pilot:
        await pilot.press("a")
        await until(pilot, lambda: isinstance(pilot.app.focused, TransferRow))
        await pilot.press("down", "space")
        voc = next(view for view in host.link.now.transfers if view.archive.startswith("VOC"))
        await until(pilot, lambda: host.link.commands == [Pause(archive=voc.address)])
        transfers = tuple(
            msgspec.structs.replace(view, state="paused") if view is voc else view
            for view in host.link.now.transfers
        )
        host.link.now = msgspec.structs.replace(host.link.now, transfers=transfers)
        await sees(pilot, "paused")
        await pilot.press("space")
        await until(pilot, lambda: host.link.commands[1:] == [Resume(archive=voc.address)])


async def test_p_pauses_and_goes_on() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await pilot.press("p")
        await until(pilot, lambda: host.link.commands == [Pause()])
        host.link.now = msgspec.structs.replace(host.link.now, paused=True)
        await sees(pilot, "31%  Paused")
        await pilot.press("p")
        await until(pilot, lambda: host.link.commands == [Pause(), Resume()])


async def test_the_log_holds_what_happened_before_and_after_it_was_opened() -> None:
    host = host_with()
    host.link.log = [Event(moment=1.0, level="info", text="fetched camvid")]
    async with at_work(host) as pilot:
        await pilot.press("l")
        await on(pilot, LogPage)
        await sees(pilot, "fetched camvid")
        host.link.log = [Event(moment=2.0, level="error", text="broke", address="kitti/terms")]
        await sees(pilot, "ERROR kitti: broke")


async def test_coming_back_groups_datasets_by_what_they_want() -> None:
    host = host_with()
    host.installs.add(DEST)
    host.last = DEST
    async with opened(host, (120, 40)) as pilot:
        await sees(pilot, "Waiting for you (4)", "Broken (1)", "Running (2)", "Finished (2)")
        await sees(pilot, "2 of 15 finished", "4 datasets need you")
        text = seen(pilot)
        assert text.index("Waiting for you") < text.index("Broken") < text.index("Finished")
        await pilot.press("down", "enter")
        page = await on(pilot, WizardPage)
        await until(pilot, lambda: page.dataset == "cityscapes")


async def test_a_finished_install_says_so() -> None:
    plan = plan_of(mseg())
    done = {f"{name}/*": {"state": "done"} for name in {step.dataset for step in plan.steps}}
    host = host_with(snapshot_of(plan, done, complete=True, running=False, fraction=1.0, eta=None))
    host.installs.add(DEST)
    host.last = DEST
    async with opened(host) as pilot:
        await sees(pilot, "Everything is in place and checked", "Finished (15)", "100%")


async def test_a_lost_runner_is_said_and_its_return_too() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        host.link.gone = WizardError("the runner has ended")
        await sees(pilot, "Lost sight of the runner: the runner has ended")
        host.link.gone = None
        await until(pilot, lambda: "Lost sight" not in seen(pilot))


async def test_g_goes_to_a_dataset_by_a_few_letters() -> None:
    async with at_work(host_with()) as pilot:
        page = pilot.app.screen
        await pilot.press("g", "w", "i", "l", "enter")
        await until(pilot, lambda: page.dataset == "wilddash")


async def test_help_lists_every_key_of_the_screen() -> None:
    async with at_work(host_with(), (120, 90)) as pilot:
        await pilot.press("question_mark")
        await sees(pilot, "The wizard", "Everything that runs and failed")
        await pilot.press("end")
        await sees(pilot, "Leave; asks first")
        await pilot.press("escape")
        await on(pilot, WizardPage)


async def test_the_palette_finds_datasets_and_colours() -> None:
    async with at_work(host_with(), (120, 40)) as pilot:
        page = pilot.app.screen
        await pilot.press("ctrl+p")
        await pilot.press(*"scannet")
        await sees(pilot, "Go to ScanNet")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(page, WizardPage) and page.dataset == "scannet")
        await pilot.press("ctrl+p")
        await pilot.press(*"light")
        await sees(pilot, "Colours: segwizard-light")
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.theme == "segwizard-light")


@pytest.mark.parametrize("size", [(60, 20), (80, 24), (120, 40)])
async def test_no_row_of_the_sidebar_and_no_key_of_the_footer_is_cut(size) -> None:
    async with at_work(host_with(), size) as pilot:
        last = seen(pilot).splitlines()[-1].rstrip()
        assert last.endswith("? Help q Quit")
        sidebar = pilot.app.screen.query_one(Sidebar)
        assert sidebar.virtual_size.width <= sidebar.size.width
        assert sidebar.virtual_size.height <= sidebar.size.height or size[1] < 24


def test_the_stage_that_needs_a_person_is_shown_before_the_one_that_moves() -> None:
    plan = plan_of(mseg())
    own = stages(steps_of(busy(plan), "cityscapes"))
    assert own[current(own)].name == "Download"
    assert own[current(own)].state == "waiting"


def test_stages_keep_the_order_of_the_steps() -> None:
    names = [stage.name for stage in stages(steps_of(busy(plan_of(mseg())), "camvid"))]
    assert names[:3] == ["Terms", "Download", "Unpack"]
    assert names[-1] == "Check"
