"""Several ways to one dataset: the first is taken, the others stand by, one is enough."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from tests.engine.fakes import FakeStep, make_install, view
from tests.waiting import TIME_LIMIT, until
from wizard.engine import table
from wizard.engine.runner import Runner
from wizard.engine.survey import survey
from wizard.errors import Reopened, TransferError
from wizard.steps.install import Install
from wizard.steps.step import Probe, Resource, StepContext
from wizard.views import Request

TOKEN = Request(kind="token", ask="Give a token")
BROWSER = Request(kind="browser", ask="Download it")


@dataclass
class Brought(FakeStep):
    """A fetch step that also takes a file from an inbox."""

    inbox: Path | None = None

    def probe(self) -> Probe:
        if self.inbox and self.inbox.exists() and not self.mark.exists():
            return Probe("todo", at_hand=True)
        return super().probe()


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table, "RECHECK", 0.02)
    monkeypatch.setattr("wizard.engine.runner._TICK", 0.02)


def steps_of(dest: Path) -> list[FakeStep]:
    """A hub's archive, one from a site, each unpacked, and a check of what came out."""
    request = {"a/hub": ("a/fetch:hub",), "a/site": ("a/fetch:site",), "a/check": ("a/hub",)}
    made = [
        Brought(address, dest / "marks" / address.replace(":", "_"), request.get(address, ()))
        for address in ("a/fetch:hub", "a/fetch:site", "a/hub", "a/site", "a/check")
    ]
    made[1].inbox = dest / "brought"
    return list(made)


def install_of(dest: Path, steps: list[FakeStep]) -> Install:
    return with_alternatives(make_install(dest, steps), ("hub", "site", "hub", "site", ""), "site")


def with_alternatives(install: Install, names: Sequence[str], second: str) -> Install:
    """The install with each step part of an alternative, of which ``second`` stands by."""
    planned = tuple(
        changed(each, alternative=name, optional=name == second, rank=int(name == second))
        for each, name in zip(install.plan.steps, names, strict=True)
    )
    return replace(install, plan=changed(install.plan, steps=planned))


@pytest.fixture
def steps(tmp_path: Path) -> list[FakeStep]:
    return steps_of(tmp_path)


@pytest.fixture
def runner(tmp_path: Path, steps: list[FakeStep]) -> Iterator[Runner]:
    made = Runner(install_of(tmp_path, steps), steps=steps)
    yield made
    assert made.stop(TIME_LIMIT)


def runs(steps: list[FakeStep]) -> dict[str, int]:
    return {step.address: step.runs for step in steps}


def until_stopped(context: StepContext) -> None:
    context.token.wait(TIME_LIMIT)
    context.token.check()


def refuse(context: StepContext) -> None:
    raise TransferError("gone", hint="another way")


def test_the_first_way_is_taken_and_the_others_are_left(
    runner: Runner, steps: list[FakeStep]
) -> None:
    runner.start()
    assert runner.wait_settled(TIME_LIMIT)
    assert runner.snapshot().complete
    assert runs(steps) == {
        "a/fetch:hub": 1,
        "a/fetch:site": 0,
        "a/hub": 1,
        "a/site": 0,
        "a/check": 1,
    }


def test_another_way_is_fetched_once_the_first_failed(
    runner: Runner, steps: list[FakeStep]
) -> None:
    steps[0].work = refuse
    runner.start()
    assert runner.wait_settled(TIME_LIMIT)
    assert runner.snapshot().complete
    assert runs(steps)["a/site"] == 1
    assert runs(steps)["a/hub"] == 0


@pytest.mark.parametrize("refused", [False, True])
def test_a_way_that_was_passed_over_does_not_stand_for_the_one_that_was_gone(
    runner: Runner, steps: list[FakeStep], *, refused: bool
) -> None:
    def take_away(context: StepContext) -> None:
        """Find, as a verification does, that a file of the way that was gone does not hold."""
        steps[4].work = lambda context: None
        for step in (steps[0], steps[2]):
            step.mark.unlink()
        if refused:
            steps[0].work = refuse
        raise Reopened("1 file did not hold")

    steps[4].work = take_away
    runner.start()
    assert runner.wait_settled(TIME_LIMIT)
    assert runner.snapshot().complete
    assert runs(steps)["a/hub"] == (1 if refused else 2)
    assert runs(steps)["a/site"] == (1 if refused else 0)


def test_nobody_is_asked_for_an_archive_in_reserve(runner: Runner, steps: list[FakeStep]) -> None:
    steps[0].request, steps[1].request = TOKEN, BROWSER
    runner.start()
    assert runner.wait_settled(TIME_LIMIT)
    assert view(runner, "a/fetch:hub").request == TOKEN
    assert view(runner, "a/fetch:site").request is None


def test_an_archive_in_reserve_is_taken_when_a_person_brings_it(
    runner: Runner, steps: list[FakeStep], tmp_path: Path
) -> None:
    steps[0].request, steps[1].request = TOKEN, BROWSER
    runner.start()
    assert runner.wait_settled(TIME_LIMIT)
    (tmp_path / "brought").touch()
    until(lambda: runner.snapshot().complete)
    assert runs(steps)["a/fetch:hub"] == 0
    assert runs(steps)["a/check"] == 1


def test_a_person_is_asked_once_the_first_way_failed(runner: Runner, steps: list[FakeStep]) -> None:
    steps[0].work, steps[1].request = refuse, BROWSER
    runner.start()
    until(lambda: view(runner, "a/fetch:site").request == BROWSER)
    assert view(runner, "a/fetch:hub").state == "failed"


def test_what_came_another_way_is_whole_to_a_look_from_outside(
    steps: list[FakeStep], tmp_path: Path
) -> None:
    for step in (steps[1], steps[3], steps[4]):
        step.run(StepContext())
    install = install_of(tmp_path, steps_of(tmp_path))
    assert survey(install, steps=steps_of(tmp_path)).complete


def test_a_way_without_archives_waits_for_the_first_to_fail(tmp_path: Path) -> None:
    for fails in (False, True):
        dest = tmp_path / str(fails)
        steps = [
            FakeStep("a/fetch:hub", dest / "hub"),
            FakeStep("a/place", dest / "place", ("a/fetch:hub",)),
            FakeStep("a/merge", dest / "merge"),
            FakeStep("a/check", dest / "check", ("a/place",)),
        ]
        steps[0].work = refuse if fails else steps[0].work
        names = ("hub", "hub", "merge", "")
        install = with_alternatives(make_install(dest, steps), names, "merge")
        runner = Runner(install, steps=list(steps))
        runner.start()
        assert runner.wait_settled(TIME_LIMIT)
        assert runner.snapshot().complete
        assert (steps[1].runs, steps[2].runs) == ((0, 1) if fails else (1, 0))
        assert runner.stop(10)


def test_ways_are_gone_in_turn(tmp_path: Path) -> None:
    steps = [FakeStep(f"a/fetch:{name}", tmp_path / name) for name in ("one", "two", "three")]
    steps[0].work = refuse
    install = make_install(tmp_path, steps)
    planned = tuple(
        changed(each, alternative=each.address, optional=rank > 0, rank=rank)
        for rank, each in enumerate(install.plan.steps)
    )
    runner = Runner(replace(install, plan=changed(install.plan, steps=planned)), steps=list(steps))
    runner.start()
    assert runner.wait_settled(TIME_LIMIT)
    assert runner.snapshot().complete
    assert [step.runs for step in steps] == [1, 1, 0]
    assert runner.stop(TIME_LIMIT)


def test_what_still_runs_of_a_way_ends_when_another_was_gone(
    runner: Runner, steps: list[FakeStep], tmp_path: Path
) -> None:
    steps[0].resource, steps[0].work = "network", until_stopped
    runner.start()
    until(lambda: view(runner, "a/fetch:hub").state == "running")
    (tmp_path / "brought").touch()
    until(lambda: runner.snapshot().complete)
    assert not steps[0].mark.exists()


def test_an_archive_of_another_way_may_be_deleted_once_it_was_used(
    steps: list[FakeStep], tmp_path: Path
) -> None:
    for step in (steps[3], steps[4]):
        step.run(StepContext())
    assert survey(install_of(tmp_path, steps_of(tmp_path)), steps=steps_of(tmp_path)).complete


def test_who_brings_one_archive_of_a_way_is_asked_for_the_others_of_it(tmp_path: Path) -> None:
    names = ("hub", "tar", "kit", "other")
    steps = [Brought(f"a/fetch:{name}", tmp_path / "marks" / name) for name in names]
    steps[0].request, steps[1].inbox = TOKEN, tmp_path / "brought"
    for step in steps[1:]:
        step.request = BROWSER
    install = make_install(tmp_path, list(steps))
    alternatives = ("hub", "site", "site", "other")
    planned = tuple(
        changed(each, alternative=alternative, optional=alternative != "hub", rank=rank)
        for each, alternative, rank in zip(
            install.plan.steps, alternatives, (0, 1, 1, 2), strict=True
        )
    )
    made = replace(install, plan=changed(install.plan, steps=planned))
    runner = Runner(made, steps=list(steps))
    runner.start()
    assert runner.wait_settled(TIME_LIMIT)
    assert view(runner, "a/fetch:kit").request is None
    (tmp_path / "brought").touch()
    until(lambda: view(runner, "a/fetch:kit").request == BROWSER)
    assert view(runner, "a/fetch:other").request is None
    assert runner.stop(TIME_LIMIT)


def taking(dest: Path, resource: Resource) -> tuple[list[FakeStep], Runner]:
    """An archive nobody has to wait for, and a step that takes files from it where it is there."""
    steps = [
        FakeStep("a/fetch:ready", dest / "ready", resource="network"),
        FakeStep("a/make", dest / "made", resource=resource),
    ]
    install = make_install(dest, steps)
    planned = (
        changed(install.plan.steps[0], optional=True),
        changed(install.plan.steps[1], uses=("a/fetch:ready",)),
    )
    made = replace(install, plan=changed(install.plan, steps=planned))
    return steps, Runner(made, steps=list(steps))


def test_what_is_on_its_way_is_waited_for_by_who_takes_it(tmp_path: Path) -> None:
    steps, runner = taking(tmp_path, "cpu")
    steps[0].work = lambda context: until(lambda: view(runner, "a/make").state == "todo")
    found: list[bool] = []
    steps[1].work = lambda context: found.append(steps[0].mark.exists())
    runner.start()
    until(lambda: runner.snapshot().complete)
    assert found == [True]
    assert runner.stop(TIME_LIMIT)


def test_what_comes_while_it_is_made_without_it_is_looked_at_afterwards(tmp_path: Path) -> None:
    steps, runner = taking(tmp_path, "cpu")
    steps[0].request = BROWSER
    steps[1].work = lambda context: until(lambda: steps[0].runs)
    runner.start()
    until(lambda: view(runner, "a/make").state == "running")
    probes = []
    steps[1].probe = lambda: probes.append(1) or Probe("done")  # type: ignore[method-assign]
    steps[0].request = None
    until(lambda: runner.snapshot().complete)
    assert probes
    assert runner.stop(TIME_LIMIT)
