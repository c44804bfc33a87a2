"""Every kind of need is answered from its own form, through the runner link."""

from __future__ import annotations

import msgspec
import pytest
from textual import events
from textual.widgets import Button, Input

from tests.tui.driving import at_work, go_to, on, seen, sees, until, wizard
from tests.tui.fakes import busy, host_with, mseg, plan_of, snapshot_of
from wizard.app import machine
from wizard.engine.remote.protocol import Reply
from wizard.kinds.registry import load_recipe
from wizard.tui import sums
from wizard.tui.panes.kinds import alternatives_said
from wizard.tui.screens.requests import draft, shown_draft
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.stages import Focus, Stage
from wizard.tui.widgets.form import RequestForm
from wizard.tui.widgets.sidebar import Sidebar
from wizard.views import DatasetView, Request, StepView

LINK = (
    "https://bucket.s3.amazonaws.com/mapillary-vistas-dataset_public_v1.1.zip"
    "?Expires=4102444800&Signature=abcdefgh"
)


async def _answer(pilot, dataset: str, values: dict[str, str]) -> RequestForm:
    await go_to(pilot, dataset)
    await until(pilot, lambda: any(f.is_mounted for f in pilot.app.screen.query(RequestForm)))
    form = _form(pilot, dataset)
    for name, value in values.items():
        form.query_one(f"#{name}", Input).value = value
    form.query_one("#answer", Button).press()
    return form


def _form(pilot, dataset: str) -> RequestForm:
    return next(f for f in pilot.app.screen.query(RequestForm) if f.address.startswith(dataset))


@pytest.mark.parametrize(
    ("dataset", "values", "sent"),
    [
        ("cityscapes", {"user": "ada", "password": "s3cret"}, None),
        ("mapillary", {"link": LINK}, None),
        (
            "scannet",
            {"link": "http://host.example/secret/"},
            {"base-url": "http://host.example/secret/"},
        ),
        ("bdd", {"path": "/home/ada/bdd100k_seg.zip"}, None),
    ],
)
async def test_an_answer_reaches_the_step_that_asked(dataset, values, sent) -> None:
    host = host_with()
    async with at_work(host) as pilot:
        form = await _answer(pilot, dataset, values)
        await until(pilot, lambda: bool(host.link.answers))
        assert host.link.answers[0].values == (sent or values)
        assert host.link.answers[0].address == form.address
        await sees(pilot, "Taken")


async def test_terms_are_accepted_by_one_press() -> None:
    plan = plan_of(mseg())
    request = Request(kind="terms", ask="Accept the ADE20K terms?", page="https://terms.example")
    host = host_with(
        snapshot_of(
            plan,
            {
                "mseg-api/*": {"state": "done"},
                "ade20k/terms": {"state": "waiting", "request": request},
            },
        )
    )
    async with at_work(host) as pilot:
        await go_to(pilot, "ade20k")
        await sees(pilot, "Not for commercial use", "Read and accept")
        await pilot.press("enter", "enter")
        await until(pilot, lambda: bool(host.link.answers))
        assert host.link.answers[0].address == "ade20k/terms"
        assert set(host.link.answers[0].values) == {"accepted_by"}


async def test_a_password_never_shows_and_does_not_stay() -> None:
    host = host_with()
    host.link.reply = Reply(ok=False, text="Wrong password", hint="Try again")
    async with at_work(host) as pilot:
        form = await _answer(pilot, "cityscapes", {"user": "ada", "password": "hunter2"})
        assert "hunter2" not in seen(pilot)
        await sees(pilot, "Wrong password. Try again")
        assert form.query_one("#password", Input).value == ""
        assert form.query_one("#user", Input).value == "ada"
        assert "hunter2" not in repr(RequestForm.Answered(form, "a", {"password": "hunter2"}))


async def test_a_password_typed_in_a_burst_does_not_land_in_the_open_field() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await go_to(pilot, "cityscapes")
        await until(pilot, lambda: any(f.is_mounted for f in pilot.app.screen.query(RequestForm)))
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        for key in ["a", "d", "a", "tab", *"hunter2", "enter"]:
            pilot.app.post_message(events.Key(key, key if len(key) == 1 else None))
        await until(pilot, lambda: bool(host.link.answers))
        assert host.link.answers[0].values == {"user": "ada", "password": "hunter2"}


async def test_a_refused_login_says_so_and_keeps_the_user_name() -> None:
    host = host_with()
    waiting = host.link.now
    async with at_work(host) as pilot:
        await _answer(pilot, "cityscapes", {"user": "ada", "password": "hunter2"})
        await until(pilot, lambda: bool(host.link.answers))
        host.link.now = snapshot_of(plan_of(mseg()), {"mseg-api/*": {"state": "done"}})
        await until(pilot, lambda: "hidden while you type" not in seen(pilot))
        steps = [_refused(step) for step in waiting.steps]
        host.link.now = msgspec.structs.replace(waiting, steps=tuple(steps))
        await sees(pilot, "✗ The password was not accepted", "ada", "hidden while you type")
        await pilot.press("enter")
        await until(pilot, lambda: getattr(pilot.app.focused, "id", "") == "password")


def _refused(step: StepView) -> StepView:
    if step.dataset != "cityscapes" or step.request is None:
        return step
    request = msgspec.structs.replace(step.request, ask="The password was not accepted")
    return msgspec.structs.replace(step, request=request)


async def test_a_half_login_is_not_sent() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await _answer(pilot, "cityscapes", {"user": "ada", "password": ""})
        await sees(pilot, "Both the user name and the password")
        assert host.link.answers == []


async def test_a_link_pasted_over_lines_arrives_whole_with_host_file_and_expiry() -> None:
    host = host_with()
    async with at_work(host, (120, 40)) as pilot:
        await go_to(pilot, "mapillary")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        broken = f'wget "{LINK[:60]}\n  {LINK[60:]}"\n'
        pilot.app.focused.post_message(events.Paste(broken))
        await sees(pilot, "mapillary-vistas-dataset_public_v1.1.zip from")
        await sees(pilot, "bucket.s3.amazonaws.com", "valid for")
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.link.answers))
        assert host.link.answers[0].values == {"link": LINK}


async def test_a_whole_script_gives_its_base_address_and_the_folder_is_not_repeated() -> None:
    host = host_with()
    async with at_work(host, (120, 40)) as pilot:
        await go_to(pilot, "scannet")
        await pilot.press("enter")
        await until(pilot, lambda: isinstance(pilot.app.focused, Input))
        script = (
            "import urllib\nBASE_URL = 'http://host.example/s3cret/'\nTOS = BASE_URL + 'x.pdf'\n"
        )
        pilot.app.focused.post_message(events.Paste(script))
        await sees(pilot, "An address on host.example.")
        await pilot.press("enter")
        await until(pilot, lambda: bool(host.link.answers))
        assert host.link.answers[0].values == {"base-url": "http://host.example/s3cret/"}


async def test_what_is_typed_stays_while_another_dataset_is_looked_at() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await go_to(pilot, "cityscapes")
        await until(pilot, lambda: any(f.is_mounted for f in pilot.app.screen.query(RequestForm)))
        _form(pilot, "cityscapes").query_one("#user", Input).value = "ada"
        await go_to(pilot, "scannet")
        await go_to(pilot, "cityscapes")
        assert _form(pilot, "cityscapes").query_one("#user", Input).value == "ada"


async def test_the_form_goes_when_the_need_is_met() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await go_to(pilot, "cityscapes")
        await until(pilot, lambda: any(f.is_mounted for f in pilot.app.screen.query(RequestForm)))
        plan = plan_of(mseg())
        host.link.now = snapshot_of(plan, {"mseg-api/*": {"state": "done"}})
        await until(pilot, lambda: "Log in" not in seen(pilot))


async def test_copy_offers_the_page_and_the_upload_line_and_keeps_them_in_a_file() -> None:
    from wizard.app.machine import copied_file

    async with at_work(host_with()) as pilot:
        await go_to(pilot, "bdd")
        await until(pilot, lambda: any(f.is_mounted for f in pilot.app.screen.query(RequestForm)))
        await pilot.press("y")
        await until(pilot, lambda: "scp bdd100k_seg.zip" in wizard(pilot).clipboard)
        assert "scp bdd100k_seg.zip" in copied_file().read_text()


async def test_next_need_walks_through_every_dataset_that_waits() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        page = await on(pilot, WizardPage)
        sidebar = page.query_one(Sidebar)
        visited: list[str] = []
        for _ in range(4):
            last = page.dataset
            await pilot.press("n")
            await until(pilot, lambda last=last: page.dataset != last and not sidebar.has_focus)
            visited.append(page.dataset)
            await pilot.press("escape")
            await until(pilot, lambda: sidebar.has_focus)
        assert sorted(visited) == ["bdd", "cityscapes", "mapillary", "scannet"]


def test_busy_has_what_these_tests_rely_on() -> None:
    dependencies = {
        step.dataset: step.request.kind for step in busy(plan_of(mseg())).steps if step.request
    }
    assert dependencies == {
        "bdd": "browser",
        "cityscapes": "login",
        "mapillary": "link",
        "scannet": "base-url",
    }


async def test_the_day_a_licence_was_asked_for_is_kept_and_told(tmp_path, monkeypatch) -> None:
    request = mseg().dataset("scannet").request
    assert request is not None
    machine.note_asked(tmp_path, {"scannet": 1_000_000.0})
    assert machine.asked_dates(tmp_path) == {"scannet": 1_000_000.0}
    said, late = sums.waiting_so_far(request, 1_000_000.0, 1_000_000.0 + 3 * 86_400)
    assert "You asked on 12 January" in said
    assert not late
    said, late = sums.waiting_so_far(request, 1_000_000.0, 1_000_000.0 + 20 * 86_400)
    assert late
    assert "ask again" in said
    async with at_work(host_with(), (120, 40)) as pilot:
        await go_to(pilot, "scannet")
        await sees(pilot, "The answer usually takes about a week. Press d")
        monkeypatch.setattr("wizard.app.machine._asked_file", lambda dest: tmp_path / "asked.json")
        await pilot.press("d")
        await sees(pilot, "You asked on")


def test_ways_are_said_until_one_is_gone_and_then_only_that_one() -> None:
    recipe = load_recipe("cosmos")
    snapshot = snapshot_of(plan_of(recipe), {})
    dataset = next(each for each in recipe.datasets if len(each.alternatives) > 2)
    first, second, third = (alternative.title for alternative in dataset.alternatives)
    focus = Focus(dataset, Stage("Download", "fetch", ()), (), snapshot)
    open_lines = [f"First source: {first}", f"Another source: {second}", f"Another source: {third}"]
    assert alternatives_said(focus).plain.splitlines() == open_lines

    gone = DatasetView(
        id=dataset.id,
        title="",
        state="done",
        done_steps=1,
        total_steps=1,
        fraction=1.0,
        alternative=second,
    )
    later = msgspec.structs.replace(snapshot, datasets=(gone,))
    focus = Focus(dataset, Stage("Check", "prove", ()), (), later)
    assert alternatives_said(focus).plain == f"The files came from: {second}"


@pytest.mark.parametrize("width", [30, 46, 100])
def test_a_draft_mail_flows_anew_on_screen_and_keeps_the_lines_to_fill_in(width) -> None:
    mail = next(d.request.mail for d in mseg().datasets if d.request and d.request.mail)
    shown = shown_draft(mail, width)
    assert shown.split() == draft(mail).split()
    assert {"Name:", "Institution:"} <= set(shown.splitlines())
    text = next(part for part in shown.split("\n\n") if part.startswith("please"))
    lines = text.splitlines()
    for line, after in zip(lines, lines[1:], strict=False):
        assert len(line) <= width < len(f"{line} {after.split()[0]}")
