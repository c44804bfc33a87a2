"""The law of order: nothing starts before all it rests on, over the whole chain, is done."""

from __future__ import annotations

import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.engine.fakes import FakeStep, make_install
from tests.waiting import until
from wizard.engine import schedule
from wizard.engine.remote.protocol import Resume
from wizard.engine.runner import Runner
from wizard.engine.states import BUSY, FINISHED, TaskState
from wizard.engine.tasks import Task, make_tasks, seconds_behind
from wizard.steps.install import Settings
from wizard.steps.step import Probe, StepContext


@st.composite
def graphs(draw: st.DrawFn) -> list[tuple[str, ...]]:
    """What each step needs, of those before it."""
    size = draw(st.integers(1, 9))
    return [
        tuple(f"a/{need}" for need in draw(st.sets(st.integers(0, max(0, place - 1)), max_size=3)))
        if place
        else ()
        for place in range(size)
    ]


def tasks_of(graph: list[tuple[str, ...]]) -> dict[str, Task]:
    steps = [FakeStep(f"a/{n}", Path("nowhere"), needs) for n, needs in enumerate(graph)]
    return dict(make_tasks(make_install(Path("/nowhere"), steps), steps))


def above(tasks: dict[str, Task], task: Task) -> set[str]:
    """All it rests on, written anew: what is spared rests on nothing."""
    found: set[str] = set()
    for address in task.step.dependencies:
        spared = tasks[address].state is TaskState.SPARED
        found |= {address} | (set() if spared else above(tasks, tasks[address]))
    return found


@given(graphs(), st.data())
def test_nothing_starts_before_the_whole_chain_is_done(
    graph: list[tuple[str, ...]], data: st.DataObject
) -> None:
    tasks = tasks_of(graph)
    for address, task in tasks.items():
        tasks[address] = replace(task, state=data.draw(st.sampled_from(TaskState)))
    limits = {"network": 9, "disk": 9, "cpu": 9, "instant": 9}
    for task in schedule.to_start(tasks, limits):  # type: ignore[arg-type]
        assert all(tasks[address].state in FINISHED for address in above(tasks, task))
    for task in tasks.values():
        undone = {each for each in above(tasks, task) if tasks[each].state not in FINISHED}
        assert bool(schedule.locked_by(tasks, task)) == bool(undone)
        assert set(schedule.locked_by(tasks, task)) <= undone


class Slow(FakeStep):
    """A step that takes a while to look at."""

    def probe(self) -> Probe:
        time.sleep(0.2)
        return super().probe()


@pytest.mark.parametrize("attempt", range(3))
def test_a_proof_waits_for_what_its_labels_were_made_from(tmp_path: Path, attempt: int) -> None:
    """A photograph is gone: its labels are there, so only the chain tells to wait."""
    order: list[str] = []

    def noted(name: str):
        def work(context: StepContext) -> None:
            del context
            order.append(name)

        return work

    def mark(name: str) -> Path:
        return tmp_path / f"marks{attempt}" / name

    steps = [
        Slow("d/extract", mark("extract"), work=noted("extract"), resource="disk"),
        FakeStep("d/labels", mark("labels"), ("d/extract",), "cpu", noted("labels")),
        FakeStep("d/verify", mark("verify"), ("d/labels",), "cpu", noted("verify")),
    ]
    mark("labels").parent.mkdir(parents=True)
    mark("labels").touch()
    runner = Runner(make_install(tmp_path / f"dest{attempt}", steps), steps=steps)
    runner.start()
    try:
        until(lambda: runner.settled)
        assert order[0] == "extract"
        assert order[-1] == "verify"
        assert runner.snapshot().complete
    finally:
        runner.stop()


def test_steps_that_are_done_are_looked_at_once(tmp_path: Path) -> None:
    looks: Counter[str] = Counter()

    class Counted(FakeStep):
        def probe(self) -> Probe:
            looks[self.address] += 1
            return super().probe()

    steps = [
        Counted(f"d/{n}", tmp_path / "marks" / str(n), (f"d/{n - 1}",) if n else ())
        for n in range(30)
    ]
    (tmp_path / "marks").mkdir()
    for step in steps:
        step.mark.touch()
    runner = Runner(make_install(tmp_path / "dest", steps), steps=steps)
    runner.start()
    try:
        until(lambda: runner.settled)
        assert runner.snapshot().complete
        assert set(looks.values()) == {1}
    finally:
        runner.stop()


@given(graphs(), st.data())
def test_no_resource_idles_and_the_longest_work_behind_comes_first(
    graph: list[tuple[str, ...]], data: st.DataObject
) -> None:
    tasks = tasks_of(graph)
    seconds = {each: data.draw(st.floats(0.1, 1e5)) for each in tasks}
    behind = seconds_behind(seconds, {a: task.step.dependencies for a, task in tasks.items()})
    for address, task in tasks.items():
        resource = data.draw(st.sampled_from(["network", "disk", "cpu", "instant"]))
        step = replace(task.step, resource=resource)  # type: ignore[type-var]
        facts = replace(task.facts, step=step, behind=behind[address])
        state = data.draw(st.sampled_from(TaskState))
        tasks[address] = replace(task, state=state, facts=facts)
    limits = schedule.resource_limits(Settings(transfers=2))
    chosen = schedule.to_start(tasks, limits)
    for resource, limit in limits.items():
        running = [t for t in tasks.values() if t.state in BUSY and t.step.resource == resource]
        begun = [task for task in chosen if task.step.resource == resource]
        left = [
            task
            for task in tasks.values()
            if task.step.resource == resource
            and schedule.may_start(tasks, task)
            and task not in begun
        ]
        if left:
            assert len(running) + len(begun) >= limit, "nothing idles while there is work"
        for each in begun:
            assert all(each.facts.behind >= other.facts.behind for other in left)


@given(graphs(), st.data())
def test_work_behind_a_step_is_its_longest_chain(
    graph: list[tuple[str, ...]], data: st.DataObject
) -> None:
    tasks = tasks_of(graph)
    seconds = {each: float(data.draw(st.integers(1, 1000))) for each in tasks}
    needs = {address: task.step.dependencies for address, task in tasks.items()}

    def longest(address: str) -> float:
        users = [each for each, wanted in needs.items() if address in wanted]
        return seconds[address] + max(map(longest, users), default=0.0)

    assert seconds_behind(seconds, needs) == {each: longest(each) for each in tasks}


def test_what_takes_longest_afterwards_is_fetched_first(tmp_path: Path) -> None:
    order: list[str] = []
    steps = []
    for name, size in (("small", 10**6), ("large", 10**10)):
        first, last = (
            FakeStep(f"{name}/fetch:{part}", tmp_path / f"{name}{part}", resource="network")
            for part in "xy"
        )
        first.work = lambda context, name=name: order.append(name)
        last.dependencies, last.size = (first.address,), size
        steps += [first, last]
    install = make_install(tmp_path / "dest", steps, transfers=1)
    runner = Runner(install, steps=steps)
    runner._vitals.paused = True
    runner.start()
    try:
        until(lambda: not runner.snapshot().looking)
        assert runner.send(Resume()).ok
        until(lambda: runner.snapshot().complete)
        assert order == ["large", "small"], "both are as small, what comes after is not"
    finally:
        runner.stop()
