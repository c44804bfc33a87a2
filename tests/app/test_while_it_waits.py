"""A run that waits for a person, answered, steered and left from either front end."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from textual.pilot import Pilot
from textual.widgets import Button, Input, Static

from tests.headless.toy import Toy, is_free, owner, toy_collection
from tests.tui.driving import go_to, on, opened, sees, until, wizard
from tests.waiting import until as waited
from wizard.app.app import App
from wizard.tui.departure import LeaveModal
from wizard.tui.modals import ConfirmModal
from wizard.tui.screens.resume import ResumePage
from wizard.tui.screens.wizard import WizardPage
from wizard.tui.widgets.form import RequestForm

pytestmark = pytest.mark.slow

NO_LINKS = {
    "no link": "the letter has not come",
    "of another file": "https://host.example/flowers.zip?Expires=4102444800&Signature=abcdef",
    "run out": "https://host.example/trees.zip?Expires=1000000000&Signature=abcdef",
    "of a page": "ftp://host.example/trees.zip",
}


@pytest.fixture
def toy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Toy]:
    """The toy's own folders are those of this process too, as of one person's two terminals."""
    with toy_collection(tmp_path) as made:
        for name, value in made.environment.items():
            if name == "HOME" or name.startswith("XDG_"):
                monkeypatch.setenv(name, value)
        yield made


@pytest.fixture
def waiting(toy: Toy) -> Iterator[Toy]:
    """A runner in the background that has come as far as it can without the link of the trees."""
    toy.install("--yes", "--detach", code=0)
    waited(lambda: states(toy).get("trees/fetch:trees.zip") == "waiting")
    yield toy
    if not is_free(toy):
        toy.run("stop", "--dest", toy.dest)


def states(toy: Toy) -> dict[str, str]:
    """How every step stands, by the command line."""
    told = json.loads(toy.run("status", "--dest", toy.dest, "--json").stdout)
    return {each["address"]: each["state"] for each in told["steps"]}


async def joined(pilot: Pilot[int]) -> WizardPage:
    """The page of the install, by the one that shows how it stands."""
    await on(pilot, ResumePage)
    await sees(pilot, "Trees")
    await pilot.press("enter")
    page = await on(pilot, WizardPage)
    await until(pilot, lambda: page.dataset != "")
    return page


async def given(pilot: Pilot[int], link: str) -> RequestForm:
    """Give a link on screen."""
    await go_to(pilot, "trees")
    page = pilot.app.screen
    await until(pilot, lambda: any(form.is_mounted for form in page.query(RequestForm)))
    form = page.query_one(RequestForm)
    form.query_one("#link", Input).value = link
    form.query_one("#answer", Button).press()
    return form


async def refused(pilot: Pilot[int], link: str) -> str:
    """Give a link on screen that is not taken; returns what the form says of it."""
    form = await given(pilot, link)
    verdict = form.query_one(".verdict", Static)
    await until(pilot, lambda: verdict.display and "Sending" not in str(verdict.content))
    return "\n".join(str(each.content) for each in form.query(Static))


@pytest.mark.parametrize("kind", NO_LINKS)
async def test_a_link_is_refused_for_the_same_reason(waiting: Toy, kind: str) -> None:
    told = waiting.run("link", "trees", NO_LINKS[kind], "--dest", waiting.dest, code=2).stderr
    reason = told.partition("error: ")[2].partition("\n")[0]
    assert reason
    async with opened(App(), dest=waiting.dest) as pilot:
        await joined(pilot)
        said = await refused(pilot, NO_LINKS[kind])
    assert reason.rstrip(".").lower() in said.lower()
    assert states(waiting)["trees/fetch:trees.zip"] == "waiting"


async def test_what_the_screen_answers_the_command_line_sees_done(waiting: Toy) -> None:
    async with opened(App(), dest=waiting.dest) as pilot:
        await joined(pilot)
        await given(pilot, waiting.link)
        await until(pilot, lambda: is_free(waiting))
    assert set(states(waiting).values()) == {"done"}


async def test_what_the_command_line_answers_the_screen_sees_done(waiting: Toy) -> None:
    async with opened(App(), dest=waiting.dest) as pilot:
        await joined(pilot)
        waiting.run("link", "trees", waiting.link, "--dest", waiting.dest, code=0)

        def shown() -> set[str]:
            bridge = wizard(pilot).bridge
            seen = bridge.snapshot if bridge else None
            return {step.state for step in seen.steps} if seen else set()

        await until(pilot, lambda: shown() == {"done"})


async def test_each_sees_the_other_pause_resume_and_stop(waiting: Toy) -> None:
    def paused() -> bool:
        return bool(
            json.loads(waiting.run("status", "--dest", waiting.dest, "--json").stdout)["paused"]
        )

    async with opened(App(), dest=waiting.dest) as pilot:
        await joined(pilot)
        await pilot.press("p")
        await until(pilot, paused)
        waiting.run("resume", "--dest", waiting.dest, code=0)
        bridge = wizard(pilot).bridge
        assert bridge is not None
        await until(pilot, lambda: bridge.snapshot is not None and not bridge.snapshot.paused)
        waiting.run("stop", "--dest", waiting.dest, code=0)
        await until(pilot, lambda: not bridge.snapshot.running)


async def test_the_screen_leaves_work_to_the_background_and_the_command_line_joins_it(
    toy: Toy,
) -> None:
    toy.install("--yes", code=3)
    async with opened(App(), dest=toy.dest) as pilot:
        await on(pilot, ResumePage)
        await sees(pilot, "Trees")
        await pilot.press("enter")
        await on(pilot, ConfirmModal)
        await pilot.press("enter")
        page = await on(pilot, WizardPage)
        await until(pilot, lambda: page.dataset != "")
        await until(pilot, lambda: not is_free(toy))
        await pilot.press("q")
        await on(pilot, LeaveModal)
        await pilot.press("enter")
        await until(pilot, lambda: pilot.app.return_code == 0)
    assert owner(toy).pid
    toy.run("link", "trees", toy.link, "--dest", toy.dest, code=0)
    waited(lambda: set(states(toy).values()) == {"done"})
