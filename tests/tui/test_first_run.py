from __future__ import annotations

from textual.widgets import Input, SelectionList

from tests.tui.driving import on, opened, sees, until, wizard
from tests.tui.fakes import DEST, host_with
from wizard.tui.screens.datasets import CollectionsPage, DatasetsPage
from wizard.tui.screens.destination import DestinationPage
from wizard.tui.screens.plan import PlanPage
from wizard.tui.screens.requests import HaveModal, RequestsPage
from wizard.tui.screens.terms import ReadingPage, TermsPage
from wizard.tui.screens.wizard import WizardPage


async def test_every_page_leads_to_the_next_and_the_last_one_starts_the_run() -> None:
    host = host_with()
    async with opened(host) as pilot:
        await on(pilot, CollectionsPage)
        await sees(pilot, "MSeg", "13 datasets", "longest licence wait: about a week")
        await pilot.press("enter")
        page = await on(pilot, DestinationPage)
        page.query_one(Input).value = str(DEST)
        await sees(pilot, "812 GB", "ext4, local", "61,000,000", "There is room")
        await pilot.press("enter")
        await on(pilot, DatasetsPage)
        await sees(pilot, "13 of 13 chosen", "always included")
        await pilot.press("enter")
        await on(pilot, PlanPage)
        await until(pilot, lambda: wizard(pilot).setup.plan is not None)
        await sees(pilot, "Download", "Disk at the peak", "COCO Panoptic")
        assert host.begun == []
        await pilot.press("enter")
        await on(pilot, RequestsPage)
        await sees(pilot, "ScanNet", "Draft mail", "1. Fill in and sign")
        await pilot.press("enter")
        await on(pilot, TermsPage)
        await sees(pilot, "ADE20K", "It accepts 13 of 13")
        await pilot.press(*"Ada", "enter")
        await on(pilot, ReadingPage)
        await sees(pilot, "The MSeg paper", "What the names stand for")
        await pilot.press("enter")
        await on(pilot, WizardPage)
    assert [plan.dest for plan in host.begun] == [str(DEST)]
    assert host.begun[0].left_out == ()


async def test_requests_come_longest_wait_first_and_offer_the_mail_only_where_there_is_one() -> (
    None
):
    async with opened(host_with()) as pilot:
        await _to_requests(pilot)
        await sees(pilot, "scannet@googlegroups.com")
        await pilot.press("m")
        assert "Subject: ScanNet terms of use" in wizard(pilot).clipboard
        await pilot.press("down", "y")
        assert wizard(pilot).clipboard == "https://www.mapillary.com/dataset/vistas"
        await pilot.press("m")
        assert wizard(pilot).clipboard == "https://www.mapillary.com/dataset/vistas"


async def test_escape_goes_back_and_keeps_what_was_chosen() -> None:
    async with opened(host_with()) as pilot:
        await _to_datasets(pilot)
        await pilot.press("down", "down", "space")
        await sees(pilot, "12 of 13 chosen", "partial install")
        await pilot.press("escape")
        page = await on(pilot, DestinationPage)
        assert page.query_one(Input).value == str(DEST)
        await pilot.press("enter")
        again = await on(pilot, DatasetsPage)
        await until(pilot, lambda: len(again.query_one(SelectionList).selected) == 13)
        assert "coco-panoptic" not in wizard(pilot).setup.only


async def test_nothing_chosen_is_said_and_does_not_go_on() -> None:
    async with opened(host_with()) as pilot:
        await _to_datasets(pilot)
        await pilot.press("x", "enter")
        await sees(pilot, "No dataset is chosen")
        assert isinstance(pilot.app.screen, DatasetsPage)


async def test_a_file_is_no_destination() -> None:
    async with opened(host_with()) as pilot:
        await on(pilot, CollectionsPage)
        await pilot.press("enter")
        page = await on(pilot, DestinationPage)
        page.query_one(Input).value = "/data/file"
        await pilot.press("enter")
        await sees(pilot, "that is a file, not a folder", "Choose another folder")
        assert isinstance(pilot.app.screen, DestinationPage)


async def test_a_disk_too_small_holds_no_letter_back_and_starts_nothing() -> None:
    host = host_with()
    host.too_small = "needs 135 GB, 20 GB are free"
    async with opened(host) as pilot:
        await _to_datasets(pilot)
        await pilot.press("enter")
        await sees(pilot, "135 GB, 20 GB are free", "licence letters")
        await pilot.press("enter")
        await on(pilot, RequestsPage)
        await sees(pilot, "Draft mail")
        await pilot.press("enter")
        await on(pilot, TermsPage)
        await pilot.press(*"Ada", "enter")
        await on(pilot, ReadingPage)
        await pilot.press("enter")
        await sees(pilot, "135 GB, 20 GB are free", "Leave datasets out")
        assert host.begun == []
        host.too_small = ""
        await pilot.press("enter")
        await on(pilot, WizardPage)


async def test_what_is_at_hand_is_given_before_the_start_and_used_then() -> None:
    host = host_with()
    async with opened(host) as pilot:
        await _to_requests(pilot)
        await pilot.press("down")
        await sees(pilot, "h Have it")
        await pilot.press("h")
        await on(pilot, HaveModal)
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        await pilot.press(*"https://host.example/mapillary.zip?X-Amz-Date=1", "enter")
        await on(pilot, RequestsPage)
        await sees(pilot, "✓ given, used at the start")
        assert "host.example" not in repr(wizard(pilot).setup)
        assert host.link.answers == []
        await pilot.press("enter")
        await on(pilot, TermsPage)
        await pilot.press(*"Ada", "enter")
        await on(pilot, ReadingPage)
        await pilot.press("enter")
        await on(pilot, WizardPage)
        assert wizard(pilot).setup.given == {}
    given, *signed = host.link.answers
    assert given.address.startswith("mapillary/fetch:")
    assert list(given.values) == ["link"]
    assert len(signed) == 13


async def test_what_is_kept_already_has_nothing_left_to_give() -> None:
    async with opened(host_with()) as pilot:
        await _to_requests(pilot)
        await sees(pilot, "✓ nothing left to give")
        await pilot.press("end", "h")
        await pilot.pause()
        assert isinstance(pilot.app.screen, RequestsPage)


async def test_a_folder_with_an_install_goes_on_with_it() -> None:
    host = host_with()
    host.installs.add(DEST)
    async with opened(host) as pilot:
        await on(pilot, CollectionsPage)
        await pilot.press("enter")
        page = await on(pilot, DestinationPage)
        page.query_one(Input).value = str(DEST)
        await pilot.press("enter")
        await sees(pilot, "welcome back", "Waiting for you (4)")


async def _to_datasets(pilot) -> None:
    await on(pilot, CollectionsPage)
    await pilot.press("enter")
    page = await on(pilot, DestinationPage)
    page.query_one(Input).value = str(DEST)
    await pilot.press("enter")
    await on(pilot, DatasetsPage)
    await sees(pilot, "chosen")


async def _to_requests(pilot) -> None:
    await _to_datasets(pilot)
    await pilot.press("enter")
    await until(pilot, lambda: wizard(pilot).setup.plan is not None)
    await pilot.press("enter")
    await on(pilot, RequestsPage)
