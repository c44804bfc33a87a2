"""What the runner knows of each step: values that transitions replace and never change."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property

from wizard.engine.space import Room
from wizard.engine.states import NEEDS_PERSON, TaskState
from wizard.errors import RecipeError
from wizard.findings import FailureGroup
from wizard.plan.work import cpu_seconds
from wizard.recipes.model import Archive
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Probe, Step
from wizard.views import Request

_SLOWER_DISK = 5.0
_SLOWER_LINE = 15.0
"""Seconds of a step for each of CPU, where the disk or the line holds it back: 60 and 20 MB/s."""


@dataclass(frozen=True, slots=True)
class Facts:
    """What the plan says of a step; it stays while an install is open."""

    step: Step
    planned: PlannedStep
    siblings: tuple[str, ...]
    """Addresses of all steps of its dataset, its own among them."""
    users: tuple[str, ...]
    """Those of them that rest on it directly."""
    seconds: float = 1.0
    """About how long it takes."""
    behind: float = 1.0
    """Seconds from its start to the end of the longest chain of steps that rests on it."""

    @property
    def archive(self) -> Archive | None:
        """The archive it brings to its place, if that is what it does."""
        return self.planned.archive


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """One step as it stands at a moment."""

    facts: Facts
    state: TaskState = TaskState.UNSEEN
    probe: Probe = Probe("todo")
    """What the disk last said, or how far its last run came."""
    request: Request | None = None
    failures: tuple[FailureGroup, ...] = ()
    note: str = ""
    """Why it failed, in a sentence."""
    remade: frozenset[str] = frozenset()
    """What was made anew since it was done: then it is made anew too, whatever the disk says."""
    first_said: Probe | None = None
    """What the disk first said after its run asked; a change from it lets the step try again."""
    due: float = 0.0
    """Moment (monotonic) from which it is looked at again; 0 when a person has just acted."""
    room_when_full: Room = Room()
    """What was free when the disk ran full under it."""

    @property
    def step(self) -> Step:
        """What looks at the disk and does the work."""
        return self.facts.step

    @property
    def planned(self) -> PlannedStep:
        """Its place in the plan."""
        return self.facts.planned

    @property
    def address(self) -> str:
        """``dataset/step``."""
        return self.facts.planned.address

    @property
    def is_closed(self) -> bool:
        """Whether it failed, or is only tried again much later."""
        rests = self.state in NEEDS_PERSON and self.request is not None and self.request.again > 0
        return self.state is TaskState.FAILED or rests


@dataclass(slots=True)
class Alternatives:
    """How the alternatives of one dataset stand, by id; empty for what every one needs."""

    states: dict[str, set[TaskState]] = field(default_factory=dict)
    """Of all steps of each."""
    closed: set[int] = field(default_factory=set)
    """Ranks of those with a step that failed or rests."""
    brought: set[str] = field(default_factory=set)
    """Those with an archive in its place."""
    fetched: set[str] = field(default_factory=set)
    """Those with archives."""

    def note(self, task: Task) -> None:
        """Take in one step of the dataset."""
        planned = task.planned
        self.states.setdefault(planned.alternative, set()).add(task.state)
        if planned.alternative and task.is_closed:
            self.closed.add(planned.rank)
        if task.facts.archive is not None:
            self.fetched.add(planned.alternative)
            if task.state is TaskState.DONE:
                self.brought.add(planned.alternative)


class Tasks(dict[str, Task]):
    """Tasks by address, in plan order; replaced as a whole, never changed."""

    def replaced(self, *changed: Task) -> Tasks:
        """Return the tasks with some in the place of those of the same address."""
        return Tasks({**self, **{task.address: task for task in changed}})

    @cached_property
    def alternatives(self) -> Mapping[str, Alternatives]:
        """How the alternatives of each dataset stand, looked at once: there may be hundreds."""
        found: dict[str, Alternatives] = {}
        for task in self.values():
            found.setdefault(task.step.dataset, Alternatives()).note(task)
        return found


def make_tasks(install: Install, steps: Iterable[Step]) -> Tasks:
    """Return a task for every step of the plan, in order; raises ``RecipeError`` on bad needs."""
    planned = {step.address: step for step in install.plan.steps}
    known = {step.address: step for step in steps}
    _check_dependencies(known)
    siblings: dict[str, list[str]] = {}
    users: dict[str, list[str]] = {address: [] for address in known}
    for address, step in known.items():
        siblings.setdefault(step.dataset, []).append(address)
        for dependency in step.dependencies:
            if known[dependency].dataset == step.dataset:
                users[dependency].append(address)
    work = cpu_seconds(install.plan)
    seconds = {a: seconds_of(install, step, work[a]) for a, step in known.items()}
    behind = seconds_behind(seconds, {a: step.dependencies for a, step in known.items()})
    return Tasks(
        {
            address: Task(
                facts=Facts(
                    step,
                    planned[address],
                    siblings=tuple(siblings[step.dataset]),
                    users=tuple(users[address]),
                    seconds=seconds[address],
                    behind=behind[address],
                )
            )
            for address, step in known.items()
        }
    )


def _check_dependencies(steps: Mapping[str, Step]) -> None:
    seen: set[str] = set()
    for step in steps.values():
        for address in step.dependencies:
            if address not in seen:
                raise RecipeError(
                    f"needs {address}, which is not a step before it",
                    where=step.address,
                    hint="mend the recipe's needs, or choose the dataset it belongs to as well",
                )
        seen.add(step.address)


def seconds_of(install: Install, step: Step, work: float) -> float:
    """Return about how many seconds a step takes that has so many CPU seconds of work."""
    if step.resource == "cpu":
        return work / max(1, install.settings.workers)
    if step.resource == "disk":
        return work * _SLOWER_DISK
    return work * _SLOWER_LINE if step.resource == "network" else work


def seconds_behind(
    seconds: Mapping[str, float], dependencies: Mapping[str, Sequence[str]]
) -> Mapping[str, float]:
    """Return for each step the seconds from its start to the end of the longest chain on it.

    Both arguments go by address, in an order in which each step comes after all it needs.
    """
    behind = dict(seconds)
    for address in reversed(tuple(seconds)):
        for each in dependencies[address]:
            behind[each] = max(behind[each], seconds[each] + behind[address])
    return behind
