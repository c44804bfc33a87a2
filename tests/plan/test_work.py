"""What the plan says of the processor, and that it decides what is started first."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest
from msgspec.structs import replace as changed

from tests.engine.fakes import FakeStep, make_install
from wizard.engine import schedule
from wizard.engine.states import BUSY, FINISHED, TaskState
from wizard.engine.tasks import Tasks, make_tasks
from wizard.kinds.registry import known_kinds, load_recipe
from wizard.plan.planner import make_plan
from wizard.plan.work import PROGRAM, STEP, cpu_seconds
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.steps.install import Settings
from wizard.steps.planned import Plan
from wizard.steps.step import Probe, Resource

COLLECTIONS = ("mseg", "cosmos", "fptrans", "openseg", "partdistillation")
RESOURCES: Mapping[str, Resource] = {
    "fetch": "network",
    "unpack": "disk",
    "labels": "cpu",
    "convert": "cpu",
    "prove": "cpu",
}


def at_random(dice: random.Random, recipe: Recipe) -> Recipe:
    """Return a collection whose archives and labels take something else."""

    def archive(old: Archive) -> Archive:
        size, files = dice.randrange(10**6, 10**11), dice.randrange(10**6)
        about = size if old.unpacked_about else 0
        return changed(old, size=size, unpacked_about=about, files_about=files)

    def dataset(old: Dataset) -> Dataset:
        seconds = 10 ** dice.uniform(0, 5) if old.core_seconds_about else 0.0
        archives = tuple(map(archive, old.archives))
        return changed(old, archives=archives, core_seconds_about=seconds)

    return changed(recipe, datasets=tuple(map(dataset, recipe.datasets)))


def tasks_of(plan: Plan) -> Tasks:
    steps = [
        FakeStep(
            step.address,
            Path("/nowhere"),
            step.dependencies,
            RESOURCES.get(known_kinds().of(step.spec).role, "instant"),
        )
        for step in plan.steps
    ]
    install = make_install(Path("/nowhere"), steps)
    ready = (
        replace(task, state=TaskState.READY, probe=Probe("todo"))
        for task in make_tasks(replace(install, plan=plan), steps).values()
    )
    return Tasks({task.address: task for task in ready})


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_what_labels_take_is_counted_once(collection: str, seed: int) -> None:
    plan = make_plan(at_random(random.Random(seed), load_recipe(collection)), None)
    seconds = cpu_seconds(plan)
    assert plan.core_seconds >= PROGRAM + STEP * sum(not each.optional for each in plan.steps)
    for dataset in plan.datasets:
        named: dict[str, float] = defaultdict(float)
        for step in plan.steps:
            if step.dataset == dataset.id and known_kinds().of(step.spec).writes == "labels":
                named[step.alternative] += seconds[step.address] - STEP
        source = named.pop("", 0.0)
        for each in named.values() or (0.0,):
            assert source + each <= dataset.label_seconds * 1.001
        assert dataset.core_seconds >= dataset.label_seconds * 0.999


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("collection", COLLECTIONS)
def test_a_longer_chain_never_starts_after_a_shorter_one(collection: str, seed: int) -> None:
    dice = random.Random(seed)
    tasks = tasks_of(make_plan(at_random(dice, load_recipe(collection)), None))
    limits = schedule.resource_limits(Settings(transfers=dice.randint(1, 4), workers=2))
    for started in run_out(dice, tasks, limits):
        for task, waiting in started:
            longest = max(waiting, default=0.0)
            assert task >= longest, "one with more work behind it was free and was left"


def run_out(
    dice: random.Random, tasks: Tasks, limits: Mapping[Resource, int]
) -> Iterator[list[tuple[float, list[float]]]]:
    """Run all tasks in an order of chance; yield what each started one and those left have behind.

    The time is summed up anew here, from the seconds of each step.
    """
    behind = {address: chain_of(tasks, address) for address in tasks}
    while True:
        begun = schedule.to_start(tasks, limits)
        tasks = tasks.replaced(*(replace(each, state=TaskState.RUNNING) for each in begun))
        free = [each for each in tasks.values() if schedule.may_start(tasks, each)]
        yield [
            (
                behind[task.address],
                [behind[o.address] for o in free if o.step.resource == task.step.resource],
            )
            for task in begun
        ]
        running = [each for each in tasks.values() if each.state in BUSY]
        if not running:
            break
        tasks = tasks.replaced(replace(dice.choice(running), state=TaskState.DONE))
    usual = (each for each in tasks.values() if not each.planned.optional)
    assert all(each.state in FINISHED for each in usual)


def chain_of(tasks: Tasks, address: str) -> float:
    """Return the seconds of the longest chain that begins with a step."""
    users = [each for each, task in tasks.items() if address in task.step.dependencies]
    return tasks[address].facts.seconds + max((chain_of(tasks, each) for each in users), default=0)
