"""A run speaks before it looks at the disk, and no command looks twice."""

from __future__ import annotations

import contextlib
import json
from collections import Counter
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from tests.headless.toy import Toy
from tests.looks import counting
from tests.waiting import until
from wizard.app import app, planning
from wizard.app.app import App
from wizard.engine import survey
from wizard.engine.remote.client import attach
from wizard.engine.remote.protocol import Stop
from wizard.errors import UsageError
from wizard.headless.commands import plans, run, status
from wizard.steps.install import Install
from wizard.steps.step import Probe

pytestmark = pytest.mark.slow


@pytest.fixture
def home(toy: Toy, monkeypatch: pytest.MonkeyPatch) -> Toy:
    for name, value in toy.environment.items():
        monkeypatch.setenv(name, value)
    return toy


@pytest.mark.parametrize("words", [(), ("--plain",), ("--json",), ("--detach",)])
def test_the_first_line_comes_before_the_disk_is_looked_at(
    home: Toy, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    home.dest.mkdir()
    (home.dest / ".segwizard").mkdir()

    def look_at(install: Install, *, seen: object) -> None:
        raise UsageError(f"looked at {install.place.dest}")

    monkeypatch.setattr(planning, "survey", look_at)
    arguments = [str(home.recipe), "--dest", str(home.dest), "--yes", *words]
    done = CliRunner().invoke(run.command, arguments)
    assert isinstance(done.exception, UsageError)
    first = (done.stdout if "--json" in words else done.stderr).splitlines()[0]
    text = json.loads(first)["text"] if "--json" in words else first
    assert f"looking at what is in {home.dest}" in text


@pytest.fixture
def looks(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    found: Counter[str] = Counter()
    monkeypatch.setattr(survey, "build_step", counting(found))
    return found


def words_of(toy: Toy, command: click.Command) -> list[str]:
    given = ["--dest", str(toy.dest)]
    if command is status.command:
        return given
    only = ["--only", "flowers"]
    return [str(toy.recipe), *given, *only, *(["--yes"] if command is run.command else [])]


@pytest.mark.parametrize("command", [run.command, status.command, plans.command])
def test_a_command_looks_once_at_each_step_of_a_finished_install(
    home: Toy, looks: Counter[str], command: click.Command
) -> None:
    home.install("--yes", "--only", "flowers", code=0)
    done = CliRunner().invoke(command, words_of(home, command), standalone_mode=False)
    assert done.exception is None, done.output
    assert set(looks.values()) == {1}


def test_planning_judging_and_beginning_look_once_at_many_files(
    home: Toy, looks: Counter[str]
) -> None:
    home.install("--yes", "--only", "flowers", code=0)
    made = App()
    choices = made.choose(str(home.recipe), home.dest, ("flowers",))
    planned, judged = made.outlook(choices), made.outlook(choices)
    assert planned.done == judged.done
    session = made.run(choices)
    try:
        until(lambda: session.wait_settled(1.0))
        assert {step.state for step in session.link.snapshot().steps} == {"done"}
        assert {looks[address] for address in looks if "extract" in address} == {1}
    finally:
        session.stop(10.0)
    # What begins may change the disk: nothing seen before it counts afterwards.
    next((home.dest / "toys/Flowers").rglob("0.txt")).unlink()
    assert "flowers/extract" not in made.outlook(choices).done


def test_what_was_seen_counts_for_the_same_install_alone(home: Toy, looks: Counter[str]) -> None:
    home.install("--yes", "--only", "flowers", code=0)
    made = App()
    made.outlook(made.choose(str(home.recipe), home.dest, ("flowers",)))
    made.outlook(made.choose(str(home.recipe), home.dest))
    assert looks["flowers/extract"] == 2


def test_what_was_seen_long_ago_is_looked_at_again(
    home: Toy, looks: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home.install("--yes", "--only", "flowers", code=0)
    made = App()
    choices = made.choose(str(home.recipe), home.dest, ("flowers",))
    made.outlook(choices)
    monkeypatch.setattr(survey, "_FRESH", 0.0)
    made.outlook(choices)
    assert looks["flowers/extract"] == 2


def test_a_run_looks_again_only_at_what_rests_on_what_it_made(
    home: Toy, looks: Counter[str]
) -> None:
    home.install("--yes", "--only", "flowers", code=0)
    next((home.dest / "toys/Flowers").rglob("0.txt")).unlink()
    CliRunner().invoke(run.command, words_of(home, run.command), standalone_mode=False)
    assert looks["flowers/terms"] == 1
    assert max(looks.values()) <= 2


def test_a_runner_in_the_background_takes_over_what_was_seen(
    home: Toy, looks: Counter[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    home.install("--yes", "--only", "flowers", code=0)
    handed: list[dict[str, Probe]] = []
    real = app.start_detached

    def start(dest: Path, orders, *, sites):
        handed.append(orders.seen)
        return real(dest, orders, sites=sites)

    monkeypatch.setattr(app, "start_detached", start)
    made = App()
    session, _ = made.launch(made.choose(str(home.recipe), home.dest, ("flowers",)))
    try:
        snapshot = session.link.snapshot()
        assert not snapshot.looking
        assert {step.state for step in snapshot.steps} == {"done"}
        assert set(handed[0]) == set(looks)
    finally:
        session.link.send(Stop())
        session.link.close()


def test_a_plan_asks_the_runner_at_work_and_does_not_look_itself(
    home: Toy, looks: Counter[str]
) -> None:
    started = home.install("--yes", "--detach", code=0)
    assert started
    try:
        until(lambda: not _looking(home))
        done = CliRunner().invoke(plans.command, words_of(home, plans.command)[:3])
        assert done.exception is None or done.exit_code == 0, done.output
        assert not looks
    finally:
        home.run("stop", "--dest", home.dest, code=0)


def _looking(toy: Toy) -> int:
    link = attach(toy.dest)
    assert link is not None
    with contextlib.closing(link):
        return link.snapshot().looking
