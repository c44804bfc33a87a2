"""The clearing step: everything stored goes, sessions too, and what is not ours is named."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.credentials.fakes import MemoryVault
from tests.engine.access import exact, install
from wizard.credentials.chain import open_vault
from wizard.credentials.secret import Secret
from wizard.credentials.vault import Vault
from wizard.kinds.clear import ClearCredentials, ClearStored
from wizard.kinds.registry import build_step
from wizard.recipes.model import Site
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import StepContext

CANARY = "canary-c1ea"


def clearing(dest: Path, vault: Vault, **settings: object) -> ClearStored:
    made = install(dest, exact(), **settings)
    made = Install(made.place, made.recipe, made.plan, made.settings, vault)
    planned = PlannedStep(
        address="finish/clear-credentials",
        dataset="finish",
        title="Clear credentials",
        kind="clear-credentials",
        dependencies=(),
        spec=ClearCredentials(),
    )
    step = build_step(planned, made)
    assert isinstance(step, ClearStored)
    return step


def test_it_is_not_done_before_it_ran_even_when_nothing_is_stored(tmp_path: Path) -> None:
    step = clearing(tmp_path, MemoryVault())
    assert step.probe().state == "todo"
    step.run(StepContext())
    assert step.probe().state == "done"


def test_everything_stored_goes_and_a_later_secret_opens_it_again(tmp_path: Path) -> None:
    vault = MemoryVault(idd={"link": f"https://x.example/?Signature={CANARY}"})
    forgotten: list[int] = []
    vault.on_clear(lambda: forgotten.append(1))
    step = clearing(tmp_path, vault)
    assert step.probe().total == 1
    step.run(StepContext())
    assert vault.kept() == ()
    assert forgotten == [1]
    assert CANARY not in step.record.read_text()
    assert step.probe().state == "done"
    vault.put("idd", "link", Secret("https://y.example/"))
    assert step.probe().state == "todo"


def test_a_person_may_keep_what_is_stored(tmp_path: Path) -> None:
    vault = MemoryVault(idd={"link": "https://x.example/"})
    step = clearing(tmp_path, vault, clear_credentials=False)
    assert step.probe().detail == "kept, as you chose"
    step.run(StepContext())
    assert vault.has("idd", "link")


def test_variables_and_other_scripts_files_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    for name in ("STATE", "DATA"):
        monkeypatch.setenv(f"XDG_{name}_HOME", str(tmp_path / name))
    cookies = tmp_path / "dest/sets/Cityscapes/cookies.txt"
    cookies.parent.mkdir(parents=True)
    cookies.write_text(f"# HTTP Cookie File\n{CANARY}")
    site = Site(
        id="cityscapes", title="C", protocol="cityscapes", login_url="https://c.example/login"
    )
    environ = {"SEGWIZARD_CITYSCAPES_PASSWORD": CANARY}
    vault = open_vault([site], environ=environ, use_keyring=False)
    context = StepContext()
    clearing(tmp_path / "dest", vault).run(context)
    told = {group.title: group for group in context.failures}
    assert not any(group.fatal for group in context.failures)
    assert told["given from outside"].examples == ("the variable SEGWIZARD_CITYSCAPES_PASSWORD",)
    assert told["left by other scripts"].examples == (f"{cookies}: session cookies",)
    assert CANARY not in str(context.failures)


class OpenVault(MemoryVault):
    """A vault that tells what it holds."""

    def secrets(self) -> tuple[Secret, ...]:
        return tuple(self.values.values())


@pytest.mark.parametrize("rehearsed", [True, False])
def test_answers_of_a_rehearsal_are_no_secrets(tmp_path: Path, rehearsed: bool) -> None:
    link = f"https://x.example/?Signature={CANARY}"
    step = clearing(tmp_path, OpenVault(idd={"link": link}))
    step = replace(step, told=frozenset({link} if rehearsed else ()))
    (tmp_path / "site.toml").write_text(f'rehearsal = {{ link = "{link}" }}')
    context = StepContext()
    step.run(context)
    assert bool(context.failures) is not rehearsed
