from __future__ import annotations

from tests.tui.driving import at_work, on, seen, sees, until
from tests.tui.fakes import host_with
from wizard.credentials.secret import Secret
from wizard.engine.remote.protocol import ClearLogins, KeepLogin, Reply
from wizard.tui.screens.credentials import CredentialsPage


async def test_the_store_in_use_is_named_and_every_site_listed() -> None:
    async with at_work(host_with()) as pilot:
        await _open(pilot)
        await sees(pilot, "kept in the system keyring", "Cityscapes", "WildDash", "nothing kept")


async def test_a_login_is_entered_hidden_kept_and_tested() -> None:
    host = host_with()
    async with at_work(host) as pilot:
        await _open(pilot)
        await pilot.press("enter")
        await pilot.press(*"ada", "enter", *"hunter2")
        assert "hunter2" not in seen(pilot)
        await pilot.press("enter")
        await sees(pilot, "Kept in the system keyring")
        assert host.vault.kept["cityscapes", "password"].reveal() == "hunter2"
        await pilot.press("t")
        await sees(pilot, "Logged in")


async def test_a_login_set_while_watching_reaches_the_runner_that_works() -> None:
    host = host_with()
    host.background = True
    async with at_work(host) as pilot:
        await _open(pilot)
        await pilot.press("enter")
        await pilot.press(*"ada", "enter", *"hunter2", "enter")
        await sees(pilot, "Kept in the system keyring", "The runner has been told")
        values = {"user": "ada", "password": "hunter2"}
        assert host.link.commands == [KeepLogin(site="cityscapes", values=values)]
        assert "hunter2" not in repr(host.link.commands)
        await pilot.press("x", "down", "enter")
        await sees(pilot, "every place read again", "The runner has been told")
        assert host.link.commands[1:] == [ClearLogins(site="cityscapes")]


async def test_a_login_that_is_refused_says_so() -> None:
    host = host_with()
    host.login = Reply(ok=False, text="Cityscapes refused the password", hint="Enter sets it anew")
    async with at_work(host) as pilot:
        await _open(pilot)
        await pilot.press("t")
        await sees(pilot, "Cityscapes refused the password. Enter sets it anew")


async def test_clearing_one_leaves_the_other_and_proves_it() -> None:
    host = host_with()
    for site in ("cityscapes", "wilddash"):
        for field in ("user", "password"):
            host.vault.kept[site, field] = Secret("x")
    async with at_work(host) as pilot:
        await _open(pilot)
        await pilot.press("x", "down", "enter")
        await sees(pilot, "every place read again", "cityscapes password in the system keyring")
        assert {site for site, _ in host.vault.kept} == {"wilddash"}


async def test_clearing_all_asks_and_the_safe_answer_comes_first() -> None:
    host = host_with()
    host.vault.kept["wilddash", "password"] = Secret("x")
    async with at_work(host) as pilot:
        await _open(pilot)
        await pilot.press("X")
        await sees(pilot, "Clear every login")
        await pilot.press("enter")
        await on(pilot, CredentialsPage)
        assert host.vault.kept
        await pilot.press("X", "down", "enter")
        await until(pilot, lambda: not host.vault.kept)
        await sees(pilot, "every place read again")


async def _open(pilot) -> None:
    await pilot.press("c")
    await on(pilot, CredentialsPage)
    await sees(pilot, "Secrets are kept")
