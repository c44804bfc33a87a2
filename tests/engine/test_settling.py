"""A step that did its work waits for the disk before it is done, and keeps nobody waiting."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.fakes import FakeStep, make_install, states
from tests.waiting import TIME_LIMIT, until
from wizard.engine.runner import Runner
from wizard.errors import DestinationError
from wizard.steps.step import StepContext


class SlowDisk:
    """Stands in for a flush that takes as long as a test says."""

    def __init__(self) -> None:
        self.safe = threading.Event()
        self.broken = False

    def settle(self, folder: Path, written: float | None = None) -> None:
        assert self.safe.wait(TIME_LIMIT)
        if self.broken:
            raise OSError(5, "Input/output error", str(folder))


@pytest.fixture
def disk(monkeypatch: pytest.MonkeyPatch) -> SlowDisk:
    made = SlowDisk()
    for place in ("wizard.engine.runner", "wizard.engine.cleanup"):
        monkeypatch.setattr(f"{place}.settle_on_disk", made.settle)
    monkeypatch.setattr("wizard.engine.runner._TICK", 0.02)
    return made


@pytest.fixture
def steps(tmp_path: Path) -> list[FakeStep]:
    """Two datasets of two steps each, all of which want the one processor."""
    return [
        FakeStep(f"{dataset}/{name}", tmp_path / "marks" / f"{dataset}_{name}", needs, "cpu")
        for dataset in "ab"
        for name, needs in (("labels", ()), ("verify", (f"{dataset}/labels",)))
    ]


@pytest.fixture
def runner(tmp_path: Path, steps: list[FakeStep], disk: SlowDisk) -> Iterator[Runner]:
    made = Runner(make_install(tmp_path, steps), steps=steps)
    made.start()
    yield made
    disk.safe.set()
    assert made.stop(TIME_LIMIT)


def test_others_work_meanwhile_but_what_rests_on_it_waits(
    runner: Runner, steps: list[FakeStep], disk: SlowDisk
) -> None:
    until(lambda: [step.runs for step in steps] == [1, 0, 1, 0])
    told = states(runner)
    assert told["a/labels"] == told["b/labels"] == "running", "not done before it is safe"
    assert told["a/verify"] == told["b/verify"] == "locked"
    disk.safe.set()
    assert runner.wait_settled(TIME_LIMIT)
    assert runner.snapshot().complete
    assert [step.runs for step in steps] == [1, 1, 1, 1]


def test_what_the_disk_refuses_is_not_done(
    runner: Runner, steps: list[FakeStep], disk: SlowDisk
) -> None:
    until(lambda: steps[0].runs == steps[2].runs == 1)
    disk.broken = True
    disk.safe.set()
    assert runner.wait_settled(TIME_LIMIT)
    assert states(runner)["a/labels"] == states(runner)["b/labels"] == "failed"
    assert steps[1].runs == steps[3].runs == 0


def test_work_that_fails_is_told_without_the_disk(tmp_path: Path, disk: SlowDisk) -> None:
    def fail(context: StepContext) -> None:
        raise DestinationError("no room for this")

    step = FakeStep("a/labels", tmp_path / "marks" / "a", (), "cpu", fail)
    made = Runner(make_install(tmp_path, [step]), steps=[step])
    made.start()
    until(lambda: states(made)["a/labels"] == "failed")
    disk.safe.set()
    assert made.stop(TIME_LIMIT)


def test_a_step_that_saw_to_it_itself_waits_for_nobody(tmp_path: Path, disk: SlowDisk) -> None:
    def durable(context: StepContext) -> None:
        context.durable = True

    kinds = (("a/terms", durable), ("b/labels", lambda context: None))
    steps = [FakeStep(name, tmp_path / name, (), "instant", work) for name, work in kinds]
    made = Runner(make_install(tmp_path, steps), steps=steps)
    made.start()
    until(lambda: states(made)["a/terms"] == "done")
    assert states(made)["b/labels"] != "done"
    disk.safe.set()
    assert made.wait_settled(TIME_LIMIT)
    assert made.stop(TIME_LIMIT)
