"""The laws of what becomes of tasks, tried on random plans and random events."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as changed

from tests.engine.fakes import FakeStep, make_install
from wizard.engine import schedule, transitions
from wizard.engine.schedule import resource_limits
from wizard.engine.space import ENOUGH_MORE, Room
from wizard.engine.states import BUSY, FINISHED, MOVES, SHOWN, UNBEGUN, TaskState
from wizard.engine.tasks import Task, Tasks, make_tasks
from wizard.findings import FailureGroup
from wizard.steps.install import Settings
from wizard.steps.step import Probe
from wizard.views import Request

AGAIN, CLOCK = 1.0, 1000.0
BROKEN = (FailureGroup(cause="transfer", count=1, hint="", examples=("no",)),)
LIMITS = resource_limits(Settings(transfers=2))
NEEDED = Request(kind="link", ask="Paste the link")


def random_plan(rng: Random) -> Tasks:
    """Datasets of several alternatives, optional archives and steps that use what is there."""
    steps: list[FakeStep] = []
    planned: list[dict[str, object]] = []
    for dataset in "ab"[: rng.randint(1, 2)]:
        alternatives = [""] if rng.random() < 0.5 else ["hub", "site"]
        own: list[str] = []
        for rank, alternative in enumerate(alternatives):
            optional = rank > 0 or (alternative == "" and rng.random() < 0.2)
            row = {"alternative": alternative, "optional": optional, "rank": rank}
            fetch = f"{dataset}/fetch:{alternative or 'x'}"
            fetches = (fetch, f"{fetch}2")[: rng.randint(1, 2)]
            for each in fetches:
                steps.append(FakeStep(each, Path("nowhere"), (), "network"))
                planned.append(row)
            unpack = f"{dataset}/extract-{alternative or 'x'}"
            steps.append(FakeStep(unpack, Path("nowhere"), fetches, "disk"))
            planned.append(row)
            if not optional:
                own.append(unpack)
        for number in range(rng.randint(1, 4)):
            before = [step.address for step in steps if step.address in own]
            dependencies = tuple(rng.sample(before, min(len(before), rng.randint(0, 2))))
            address = f"{dataset}/make-{number}"
            resource = rng.choice(["cpu", "disk", "instant"])
            steps.append(
                FakeStep(address, Path("nowhere"), dependencies, resource)  # type: ignore[arg-type]
            )
            uses = (f"{dataset}/fetch:{alternatives[-1] or 'x'}",)
            planned.append({"uses": uses if rng.random() < 0.4 else ()})
            own.append(address)
    install = make_install(Path("/nowhere"), steps)
    rows = (changed(p, **row) for p, row in zip(install.plan.steps, planned, strict=True))
    install = replace(install, plan=changed(install.plan, steps=tuple(rows)))
    return make_tasks(install, steps)


def random_probe(rng: Random, tasks: Tasks, task: Task) -> Probe:
    state = rng.choice(["done", "todo", "todo", "todo", "partial", "waiting"])
    fetches = task.facts.archive is not None
    resting = rng.random() < 0.3
    # What a step is made by, and not only what it is made of, is not there yet.
    lacking = any(
        tasks[each].facts.archive is None and tasks[each].state not in FINISHED
        for each in task.step.dependencies
    )
    request = changed(NEEDED, again=rng.choice([CLOCK - 1, CLOCK + 9])) if resting else NEEDED
    return Probe(
        state,  # type: ignore[arg-type]
        rng.randint(0, 3),
        3,
        request=request if state == "waiting" else None,
        at_hand=fetches and state == "todo" and rng.random() < 0.3,
        undecided=lacking and state == "todo" and rng.random() < 0.2,
        outdated=fetches and state == "todo" and rng.random() < 0.2,
    )


@dataclass
class Walk:
    """Tasks that random events happen to, as they may happen in a runner."""

    rng: Random
    tasks: Tasks
    held: frozenset[str] = frozenset()
    moves: Counter[tuple[TaskState, TaskState]] = field(default_factory=Counter)

    def chosen(self, *states: TaskState) -> Task | None:
        found = [task for task in self.tasks.values() if not states or task.state in states]
        return self.rng.choice(found) if found else None

    def step(self) -> None:
        """Let one thing happen and check what must hold of every event."""
        events: list[Callable[[], Tasks | None]] = [
            self.look, self.look, self.look, self.begin, self.begin, self.end, self.end,
            self.person, self.room, self.remember, self.come, self.see,
        ]  # fmt: skip
        after = self.rng.choice(events)()
        if after is None:
            return
        assert list(after) == list(self.tasks), "no step appears or goes"
        for before, task in zip(self.tasks.values(), after.values(), strict=True):
            assert task.facts is before.facts
            if task.state is not before.state:
                self.moves[before.state, task.state] += 1
                assert task.state in MOVES[before.state], (before.state, task.state)
        self.tasks = after
        self.check()

    def look(self) -> Tasks | None:
        task = schedule.to_probe(self.tasks, self.rng.choice([0.0, AGAIN]))
        if task is None:
            return None
        if self.rng.random() < 0.1:
            return transitions.on_unreadable(self.tasks, task.address, BROKEN, "no")
        probe = random_probe(self.rng, self.tasks, task)
        return transitions.on_probed(self.tasks, task.address, probe, again=AGAIN, clock=CLOCK)

    def see(self) -> Tasks | None:
        """One step is looked at out of order, as by the survey before."""
        task = self.chosen(TaskState.UNSEEN)
        if task is None:
            return None
        probe = random_probe(self.rng, self.tasks, task)
        return transitions.on_probed(self.tasks, task.address, probe, again=AGAIN, clock=CLOCK)

    def come(self) -> Tasks | None:
        """Something that a step at work takes came, or was made anew."""
        task = self.chosen(TaskState.RUNNING)
        if task is None:
            return None
        return self.tasks.replaced(replace(task, state=TaskState.BEHIND))

    def remember(self) -> Tasks | None:
        task = self.chosen(*UNBEGUN)
        if task is None or self.rng.random() < 0.8:
            return None
        return transitions.on_recalled(self.tasks, task.address, BROKEN, "no")

    def begin(self) -> Tasks | None:
        tasks = self.tasks
        for task in schedule.to_start(tasks, LIMITS, self.held):
            assert tasks[task.address].state is TaskState.READY
            assert not schedule.locked_by(tasks, task), "nothing begins before what it rests on"
            for use in task.planned.uses:
                assert tasks[use].state not in BUSY, "nor before what it takes has come"
            tasks = transitions.on_started(tasks, task.address)
        running = Counter(each.step.resource for each in tasks.values() if each.state in BUSY)
        assert all(running[each] <= LIMITS[each] for each in running)
        return tasks

    def end(self) -> Tasks | None:
        task = self.chosen(*BUSY)
        if task is None:
            return None
        address, left = task.address, Probe("partial", 1, 3)
        ends = {
            "well": lambda: transitions.on_finished(self.tasks, address, Probe("done", 3, 3), ()),
            "stopped": lambda: transitions.on_interrupted(self.tasks, address, left),
            "failed": lambda: transitions.on_failed(self.tasks, address, BROKEN, "no", left),
            "asked": lambda: transitions.on_asked(self.tasks, address, left, NEEDED, again=AGAIN),
            "rests": lambda: transitions.on_asked(
                self.tasks, address, left, changed(NEEDED, again=CLOCK - 1), again=AGAIN
            ),
            "full": lambda: transitions.on_filled(self.tasks, address, left, NEEDED, Room(0)),
            "reopened": lambda: transitions.on_reopened(self.tasks, address, left),
        }
        names = ["well"] * 5 + ["reopened"] * 4 + list(ends)
        return ends[self.rng.choice(names)]()

    def person(self) -> Tasks | None:
        task = self.chosen()
        assert task is not None
        if self.rng.random() < 0.4:
            return transitions.on_retried(self.tasks, [task.address])
        if self.rng.random() < 0.3:
            self.held = self.held ^ {task.address}
            return self.tasks
        return transitions.on_acted(self.tasks, task.address)

    def room(self) -> Tasks:
        return transitions.on_emptied(self.tasks, Room(self.rng.choice([0, ENOUGH_MORE])))

    def check(self) -> None:
        """What holds at any moment."""
        # Nothing is spared that could still be wanted: asked again, it stays as it is.
        assert schedule.to_spare(self.tasks) == []
        for task in self.tasks.values():
            if task.state in BUSY or task.state is TaskState.DONE:
                continue
            if task.request is not None:
                assert SHOWN[task.state] in ("waiting", "paused"), "only who waits asks"

    def finish(self) -> None:
        """Have a person do all that is asked and every run end well."""
        self.held = frozenset()
        for _ in range(40 * len(self.tasks)):
            tasks = transitions.on_retried(self.tasks, list(self.tasks))
            tasks = transitions.on_emptied(tasks, Room(9 * ENOUGH_MORE))
            task = schedule.to_probe(tasks, AGAIN)
            if task is not None:
                probe = Probe("done" if task.state in FINISHED else "todo")
                tasks = transitions.on_probed(tasks, task.address, probe, again=AGAIN, clock=CLOCK)
            for each in schedule.to_start(tasks, LIMITS):
                tasks = transitions.on_started(tasks, each.address)
            busy = [each for each in tasks.values() if each.state in BUSY]
            if task is None and not busy:
                break
            for each in busy:
                tasks = transitions.on_finished(tasks, each.address, Probe("done"), ())
            self.tasks = tasks


def walks(count: int, steps: int) -> Iterator[Walk]:
    for seed in range(count):
        walk = Walk(Random(seed), random_plan(Random(seed)))
        for _ in range(steps):
            walk.step()
        yield walk


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(5, 120))
def test_whatever_happens_the_laws_of_order_hold(rng: Random, steps: int) -> None:
    walk = Walk(rng, random_plan(rng))
    for _ in range(steps):
        walk.step()


@settings(max_examples=60, deadline=None)
@given(st.randoms(use_true_random=False), st.integers(0, 80))
def test_wherever_it_stands_an_install_can_be_finished(rng: Random, steps: int) -> None:
    """No state is a dead end, and nothing a person has not left out is skipped."""
    walk = Walk(rng, random_plan(rng))
    for _ in range(steps):
        walk.step()
    walk.finish()
    for task in walk.tasks.values():
        assert task.state in FINISHED, (task.address, task.state)
        if task.state is TaskState.SPARED:
            used = [walk.tasks[user].state in FINISHED for user in task.facts.users]
            assert task.planned.optional or task.planned.alternative or (used and all(used))
    assert schedule.settled(walk.tasks)


@pytest.mark.slow
def test_every_move_of_the_table_is_made_and_every_state_is_reached() -> None:
    seen: set[tuple[TaskState, TaskState]] = set()
    for walk in walks(2000, 120):
        seen |= set(walk.moves)
    following = defaultdict(set)
    for before, after in seen:
        following[before].add(after)
    assert {state: frozenset(following[state]) for state in TaskState} == MOVES
    reached = {TaskState.UNSEEN}
    while more := set().union(*(MOVES[state] for state in reached)) - reached:
        reached |= more
    assert reached == set(TaskState)
    assert all(MOVES[state] for state in TaskState), "no state is dead"


def finished_task(rng: Random) -> tuple[Walk, Task] | None:
    walk = Walk(rng, random_plan(rng))
    for _ in range(60):
        walk.step()
    found = walk.chosen(*FINISHED)
    return None if found is None else (walk, found)


@settings(max_examples=80, deadline=None)
@given(st.randoms(use_true_random=False))
def test_what_is_finished_stays_so_whatever_is_said_of_it(rng: Random) -> None:
    """Only what it rests on opens it again, or where it was spared, what its users rest on."""
    found = finished_task(rng)
    if found is None:
        return
    walk, task = found
    tasks, here = walk.tasks, task.address
    probe = Probe(rng.choice(["todo", "partial", "waiting"]))  # type: ignore[arg-type]
    for after in (
        transitions.on_probed(tasks, here, probe, again=AGAIN, clock=CLOCK),
        transitions.on_unreadable(tasks, here, BROKEN, "no"),
        transitions.on_recalled(tasks, here, BROKEN, "no"),
        transitions.on_retried(tasks, [here]),
        transitions.on_acted(tasks, here),
        transitions.on_emptied(tasks, Room(9 * ENOUGH_MORE)),
    ):
        assert after[here].state is task.state
    for other in tasks.values():
        concerned = (task, *(tasks[user] for user in task.facts.users))
        if other.state in BUSY and not any(rests_on(tasks, c, other.address) for c in concerned):
            ended = transitions.on_finished(tasks, other.address, Probe("done"), ())
            assert ended[here].state is task.state


def rests_on(tasks: Tasks, task: Task, address: str) -> bool:
    below = (*task.step.dependencies, *task.planned.uses)
    return address in below or any(rests_on(tasks, tasks[each], address) for each in below)


@settings(max_examples=80, deadline=None)
@given(st.randoms(use_true_random=False))
def test_a_survey_says_what_a_runner_at_rest_says(rng: Random) -> None:
    """Whatever two probers hand in first: at rest it comes to what one look in order says."""
    tasks = random_plan(rng)
    probes = {address: random_probe(rng, tasks, task) for address, task in tasks.items()}

    looks: Counter[str] = Counter()

    def look(tasks: Tasks, task: Task) -> Tasks:
        looks[task.address] += 1
        assert looks[task.address] < 12, "looking comes to an end"
        probe = probes[task.address]
        return transitions.on_probed(tasks, task.address, probe, again=AGAIN, clock=CLOCK)

    surveyed = transitions.at_rest(tasks, look)
    order = list(tasks)
    rng.shuffle(order)
    ran = tasks
    for address in order:
        ran = look(ran, ran[address])
    ran = transitions.at_rest(ran, look)
    assert shown(ran) == shown(surveyed)


def shown(tasks: Tasks) -> dict[str, tuple[object, ...]]:
    """What viewers are told of each task."""
    return {
        address: (
            "rests" if task.state in UNBEGUN else task.state,
            schedule.locked_by(tasks, task),
            task.request,
            bool(task.remade),
        )
        for address, task in tasks.items()
    }
