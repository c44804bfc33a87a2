"""Time left comes from the work of this run: what was found done tells nothing of its speed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from tests.engine.fakes import FakeStep, make_install
from wizard.engine.snapshots import Sight, Viewer, Vitals
from wizard.engine.states import TaskState
from wizard.engine.step_runs import StepRun
from wizard.engine.tasks import make_tasks
from wizard.steps.step import Probe

FOUND = 9
"""Archives of a gigabyte that are there already, beside one that is fetched."""
SIZE = 1_000_000_000


@pytest.fixture
def steps(tmp_path: Path) -> list[FakeStep]:
    names = [f"d/fetch:a{number}.zip" for number in range(FOUND + 1)]
    return [FakeStep(name, tmp_path / name.replace("/", "-"), size=SIZE) for name in names]


def test_what_was_found_done_makes_nothing_quick(tmp_path: Path, steps: list[FakeStep]) -> None:
    install = make_install(tmp_path, steps)
    fresh = make_tasks(install, steps)
    viewer = Viewer(install, fresh)
    *found, fetched = fresh
    run = StepRun(began=0.0)
    run.context.counter.total = 100
    tasks = {
        **fresh,
        fetched: replace(fresh[fetched], state=TaskState.RUNNING, probe=Probe("todo", total=100)),
    }
    for second in range(101):
        if second == 50:
            # The look at the disk comes to the end of what is there, all at once.
            tasks |= {name: replace(fresh[name], state=TaskState.DONE) for name in found}
        run.context.counter.advance(second // 2 - run.context.counter.done)
        viewer.sample(Sight(tasks, {fetched: run}), float(second))
    shown = viewer.snapshot(Sight(tasks, {fetched: run}), Vitals(running=True))
    assert shown.fraction > 0.9
    # Half of the one archive came in 100 seconds, so the other half takes as long.
    assert shown.eta == pytest.approx(100, rel=0.05)
