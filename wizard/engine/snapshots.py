"""From tasks to what viewers see: views of steps, transfers, datasets and the whole."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass

from wizard.engine.schedule import locked_by, too_early
from wizard.engine.states import (
    BUSY,
    FINISHED,
    NEEDS_PERSON,
    SHOWN,
    TRANSFER_AT_REST,
    UNBEGUN,
    TaskState,
)
from wizard.engine.step_runs import StepRun, StepRuns, fraction, how_far
from wizard.engine.tasks import Task, Tasks
from wizard.kinds.fetching.alternatives import alternative_taken
from wizard.kinds.fetching.proofs import is_only_plausible
from wizard.kinds.registry import known_kinds
from wizard.progress import Meter
from wizard.recipes.model import Archive
from wizard.steps.install import Install
from wizard.views import DatasetView, Snapshot, State, StepView, TransferView


@dataclass(slots=True)
class Vitals:
    """What a snapshot holds beyond the steps."""

    running: bool = False
    paused: bool = False
    runner: str = ""
    disk_free: int = 0


@dataclass(frozen=True, slots=True)
class Sight:
    """What a viewer looks at: the tasks of a moment, their runs and what a person paused."""

    tasks: Tasks
    runs: StepRuns
    held: Collection[str] = ()

    def fraction(self, task: Task) -> float:
        """How much of a step is done, 0 to 1."""
        return fraction(task, self.runs.get(task.address))


_Stand = tuple[TaskState | None, ...]
"""Of each step of a dataset, how it was finished; None where it is not."""


class Viewer:
    """Builds snapshots of one install; the caller holds the runner's lock."""

    def __init__(self, install: Install, tasks: Tasks) -> None:
        self._install = install
        self._weights = {address: task.facts.seconds for address, task in tasks.items()}
        self._overall = Meter(window=120.0)
        self._worked = 0.0
        """Weight of the work of this run: what was found done tells nothing of how fast it goes."""
        self._last: dict[str, float] = {}
        """How far each step was that ran at the last sample."""
        self._alternatives = {
            (dataset.id, alternative.id): alternative.title
            for dataset in install.recipe.datasets
            for alternative in dataset.alternatives
        }
        self._taken: dict[str, tuple[_Stand, str]] = {}
        self._plausible: dict[str, bool] = {}

    def sample(self, sight: Sight, moment: float) -> None:
        """Note how far everything is; called about twice a second by the runner."""
        for address, run in sight.runs.items():
            run.meter.sample(moment, how_far(sight.tasks[address], run).done)
        self._note_work(sight)
        if sight.runs:
            self._overall.sample(moment, self._worked)
        else:
            self._overall.reset()

    def _note_work(self, sight: Sight) -> None:
        for address, before in self._last.items():
            task = sight.tasks[address]
            if task.state in BUSY or task.state is TaskState.DONE:
                self._worked += self._weights[address] * max(0.0, sight.fraction(task) - before)
        self._last = {address: sight.fraction(sight.tasks[address]) for address in sight.runs}

    def snapshot(self, sight: Sight, vitals: Vitals) -> Snapshot:
        """Return everything as it stands."""
        plan, tasks = self._install.plan, sight.tasks.values()
        steps = tuple(self._step(sight, task, vitals) for task in tasks)
        transfers = tuple(
            self._transfer(task, task.facts.archive, view, sight.runs.get(task.address))
            for task, view in zip(tasks, steps, strict=True)
            if task.facts.archive
        )
        total, done = sum(self._weights.values()), self._done_weight(sight)
        everything = all(task.state in FINISHED for task in tasks)
        fraction = 1.0 if everything else min(done / total if total else 0.0, 0.999)
        return Snapshot(
            collection=plan.collection,
            dest=plan.dest,
            moment=time.time(),
            running=vitals.running,
            paused=vitals.paused,
            partial=bool(plan.left_out),
            complete=everything and not plan.left_out,
            runner=vitals.runner,
            datasets=self._datasets(sight, steps),
            steps=steps,
            transfers=transfers,
            fraction=fraction,
            eta=None if everything else self._overall.eta(self._worked + total - done),
            looking=sum(task.state is TaskState.UNSEEN for task in tasks),
            disk_free=vitals.disk_free,
            disk_needed=int(plan.peak_bytes * (1 - fraction)),
            rate=sum(t.rate or 0.0 for t in transfers if t.state == "running"),
            rate_limit=self._install.rate.limit,
        )

    def _done_weight(self, sight: Sight) -> float:
        return sum(self._weights[a] * sight.fraction(task) for a, task in sight.tasks.items())

    def _step(self, sight: Sight, task: Task, vitals: Vitals) -> StepView:
        still = task.state in FINISHED or task.state in BUSY
        locks = () if still else locked_by(sight.tasks, task)
        state = _shown(task, vitals, locked=bool(locks), held=task.address in sight.held)
        run = sight.runs.get(task.address)
        far, spec = how_far(task, run), task.planned
        return StepView(
            address=task.address,
            dataset=task.step.dataset,
            title=task.step.title,
            kind=task.step.kind,
            word=known_kinds().word(task.step.kind),
            role=known_kinds().role(task.step.kind),
            state=state,
            alternative=self._alternatives.get((task.step.dataset, spec.alternative), ""),
            done=far.done,
            total=far.total,
            unit=far.unit,
            rate=run.meter.rate if run else None,
            eta=run.meter.eta(far.total) if run else None,
            detail=_detail(task, run),
            waits_for=locks,
            request=task.request if state in ("waiting", "paused") else None,
            failures=task.failures,
            presumed=_is_presumed(sight, task),
            plausible=self._is_plausible(task),
        )

    def _is_plausible(self, task: Task) -> bool:
        """Tell whether the archive of a step is only plausible.

        Its proof is read once each time the step gets done; a deleted archive counts.
        """
        if not task.facts.archive or task.state not in FINISHED:
            self._plausible.pop(task.address, None)
            return False
        if task.address not in self._plausible:
            found = is_only_plausible(self._install.place.state, task.address)
            self._plausible[task.address] = found
        return self._plausible[task.address]

    def _transfer(
        self, task: Task, archive: Archive, view: StepView, run: StepRun | None
    ) -> TransferView:
        moving = run.transfer if run else None
        return TransferView(
            archive=archive.name,
            dataset=task.step.dataset,
            address=task.address,
            state=moving.state if moving else TRANSFER_AT_REST[view.state],
            done=view.done,
            total=view.total or archive.size or archive.size_about or None,
            rate=view.rate,
            eta=view.eta,
            quiet=moving.quiet if moving else 0.0,
            mirror=moving.mirror if moving else "",
            note=moving.note if moving else "",
        )

    def _datasets(self, sight: Sight, steps: tuple[StepView, ...]) -> tuple[DatasetView, ...]:
        plan = self._install.plan
        titles = {dataset.id: dataset.title for dataset in self._install.recipe.datasets}
        views = {view.address: view for view in steps}
        by_dataset: dict[str, list[Task]] = {dataset.id: [] for dataset in plan.datasets}
        for task in sight.tasks.values():
            by_dataset.setdefault(task.step.dataset, []).append(task)
        chosen = [
            DatasetView(
                id=name,
                title=titles.get(name, name.capitalize()),
                state=_roll_up([views[task.address].state for task in tasks]),
                done_steps=sum(task.state in FINISHED for task in tasks),
                total_steps=len(tasks),
                fraction=self._share(sight, tasks),
                alternative=self._alternative(name, tasks),
            )
            for name, tasks in by_dataset.items()
        ]
        out = [
            DatasetView(
                id=name,
                title=titles.get(name, name),
                state="todo",
                done_steps=0,
                total_steps=0,
                fraction=0.0,
                chosen=False,
            )
            for name in plan.left_out
        ]
        return (*chosen, *out)

    def _share(self, sight: Sight, tasks: list[Task]) -> float:
        """Return how much of some steps is done by weight, 0 to 1."""
        weight = sum(self._weights[task.address] for task in tasks)
        done = sum(self._weights[task.address] * sight.fraction(task) for task in tasks)
        return done / weight if weight else 1.0

    def _alternative(self, name: str, tasks: list[Task]) -> str:
        """Say which of a dataset's alternatives its files came by.

        Telling reads the proof of every archive, so it is remembered while the same steps are done.
        """
        if not any(task.planned.alternative for task in tasks):
            return ""
        stand = tuple(task.state if task.state in FINISHED else None for task in tasks)
        known, alternative = self._taken.get(name, ((), ""))
        if known != stand:
            made = {task.address for task in tasks if task.state is TaskState.DONE}
            planned = [task.planned for task in tasks]
            dataset, place = self._install.recipe.dataset(name), self._install.place
            alternative = alternative_taken(dataset, planned, made.__contains__, place.state)
            self._taken[name] = stand, alternative
        return alternative


def _is_presumed(sight: Sight, task: Task) -> bool:
    """Whether it is not known yet if there is anything to do, though its files are here."""
    if task.state not in UNBEGUN and task.state not in NEEDS_PERSON:
        return False
    return task.probe.undecided or too_early(sight.tasks, task)


def _detail(task: Task, run: StepRun | None) -> str:
    if task.state is TaskState.FAILED:
        return task.note
    return run.context.detail if run else task.probe.detail


def _shown(task: Task, vitals: Vitals, *, locked: bool, held: bool) -> State:
    """Return what viewers are shown of a step."""
    if locked:
        return "locked"
    begun = task.state in UNBEGUN and task.probe.state == "partial"
    halted = held or (vitals.paused and (task.state in UNBEGUN or task.state in BUSY))
    state = "partial" if begun else SHOWN[task.state]
    return "paused" if halted and state in ("todo", "partial", "running") else state


def _roll_up(states: list[State]) -> State:
    """Return the state of a dataset: what moves first, then what needs a person, then the rest."""
    for state in ("running", "failed", "waiting", "paused", "partial"):
        if state in states:
            return state
    if all(state == "done" for state in states):
        return "done"
    if "done" in states:
        return "partial"
    return "locked" if states and all(state == "locked" for state in states) else "todo"
