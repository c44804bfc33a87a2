"""The task table: every step's task, replaced by transitions under one lock, and told as events."""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterable, Mapping

from wizard import figures
from wizard.engine import schedule, space, transitions
from wizard.engine.journal import LastFailure, read_outcomes, write_outcomes
from wizard.engine.logs import EventLog
from wizard.engine.states import FINISHED, TaskState
from wizard.engine.step_runs import StepRun, how_far
from wizard.engine.tasks import Task, Tasks, make_tasks
from wizard.errors import Reopened, WaitingError, WizardError
from wizard.findings import FailureGroup, fatal, finding_of, grouped
from wizard.steps.install import Install
from wizard.steps.step import PersonNeeded, Probe, Step
from wizard.views import Request

RECHECK = 1.0
"""Seconds between two looks at a step that waits for a person."""


class TaskTable:
    """The tasks of one install; every method takes the lock itself.

    ``changed`` is notified after each transition, so that threads may wait for work.
    """

    def __init__(self, install: Install, steps: Iterable[Step], events: EventLog) -> None:
        self.install = install
        self.tasks: Tasks = make_tasks(install, steps)
        self.runs: dict[str, StepRun] = {}
        """Those under way."""
        self.held: frozenset[str] = frozenset()
        """Steps a person paused one by one."""
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self._events = events
        self._dest = install.place.dest
        self._outcomes = read_outcomes(install.place)
        self._looking: dict[str, Task] = {}
        """Steps being looked at, as they were when that began: only then what is seen counts."""
        self._announced: dict[str, Request] = {}
        """What was last said to be needed, so as to say it once."""
        self._space_due = 0.0
        self._written: dict[str, float] = {}
        """Moments (monotonic) since which no step wrote, as it ended or was looked at then."""

    def next_probe(self) -> Task | None:
        """Hand out the step whose disk should be looked at next."""
        with self.lock:
            task = schedule.to_probe(self.tasks, time.monotonic(), self._looking)
            if task is not None:
                self._looking[task.address] = task
            return task

    def probed(self, address: str, probe: Probe) -> None:
        """Take in what the disk says of a step."""
        with self.changed:
            if self._is_looked_at(address):
                self._written[address] = time.monotonic()
                self._apply(self._probed(self.tasks, address, probe))

    def recall(self, probes: Mapping[str, Probe]) -> None:
        """Take in what was seen of many steps a moment ago."""
        with self.changed:
            tasks = self.tasks
            # The last ones first: whether an archive is needed is known by those that use it.
            for address, probe in reversed(tuple(probes.items())):
                tasks = self._probed(tasks, address, probe)
            self._apply(tasks)

    def _probed(self, tasks: Tasks, address: str, probe: Probe) -> Tasks:
        again, clock = time.monotonic() + RECHECK, time.time()
        return transitions.on_probed(tasks, address, probe, again=again, clock=clock)

    def unreadable(self, address: str, error: WizardError | OSError) -> None:
        """Take in that a step could not be looked at; for a locked one it is too early to tell."""
        with self.changed:
            if self._is_looked_at(address):
                groups = why_failed((), error)
                self._apply(transitions.on_unreadable(self.tasks, address, groups, str(error)))

    def _is_looked_at(self, address: str) -> bool:
        """End a look; tell whether nothing happened to the step meanwhile."""
        return self._looking.pop(address, None) is self.tasks[address]

    def next_starts(self) -> list[Task]:
        """Mark the steps that start now as running and return them."""
        with self.lock:
            self._recheck_space()
            limits = schedule.resource_limits(self.install.settings)
            settling = {address for address, run in self.runs.items() if run.settling}
            chosen = schedule.to_start(self.tasks, limits, self.held, settling)
            for task in chosen:
                self.runs[task.address] = StepRun(time.monotonic())
                self._apply(transitions.on_started(self.tasks, task.address))
                self._events.add("info", f"{task.step.title}: started", address=task.address)
            return chosen

    def settling(self, address: str) -> None:
        """Take in that a run did its work, which is not safe on disk yet: others may start."""
        with self.changed:
            self.runs[address].settling = True
            self._written[address] = time.monotonic()
            self.changed.notify_all()

    def written(self, dataset: str) -> float:
        """Return the moment (monotonic) since which no step of a finished dataset wrote."""
        with self.lock:
            of_it = [task.address for task in self.tasks.values() if task.step.dataset == dataset]
            return max(self._written.get(address, time.monotonic()) for address in of_it)

    def finished(self, address: str) -> bool:
        """Take in that a run returned; returns whether the step is done."""
        with self.changed:
            run = self.runs[address]
            whole = how_far(self.tasks[address], run).whole()
            reported = tuple(run.context.failures)
            broken = fatal(reported)
            left = self._left(address)
            if broken:
                note = figures.count(len(broken), "problem")
                self._apply(transitions.on_failed(self.tasks, address, reported, note, left))
            else:
                self._apply(transitions.on_finished(self.tasks, address, whole, reported))
                self._tell_finished(self.tasks[address], time.monotonic() - run.began, reported)
            return not broken

    def interrupted(self, address: str) -> None:
        """Take in that a run stopped on request."""
        with self.changed:
            self._apply(transitions.on_interrupted(self.tasks, address, self._left(address)))

    def broke(self, address: str, error: WizardError | OSError) -> None:
        """Take in that a run ended with an error: a failure, a full disk, or a person's turn."""
        with self.changed:
            reported = tuple(self.runs[address].context.failures)
            left, title = self._left(address), self.tasks[address].step.title
            if space.is_disk_full(error):
                room = space.room(self._dest)
                request = space.space_need(error, self._dest, room)
                self._space_due = time.monotonic() + space.SPACE_RECHECK
                self._apply(transitions.on_filled(self.tasks, address, left, request, room))
                self._events.add("error", f"{title}: paused, the disk is full", address=address)
            elif isinstance(error, Reopened):
                self._apply(transitions.on_reopened(self.tasks, address, left))
                self._events.add("warning", f"{title}: {error.message}", address=address)
            elif isinstance(error, WaitingError):
                again = time.monotonic() + RECHECK
                request = _request(error)
                self._apply(transitions.on_asked(self.tasks, address, left, request, again=again))
            else:
                groups = why_failed(reported, error)
                self._apply(transitions.on_failed(self.tasks, address, groups, str(error), left))

    def crashed(self, address: str, group: FailureGroup) -> None:
        """Take in that a run, or a look, ended in a way nobody foresaw."""
        with self.changed:
            self._looking.pop(address, None)
            left, note = self._left(address) if address in self.runs else None, group.examples[0]
            self._apply(transitions.on_failed(self.tasks, address, (group,), note, left))

    def _left(self, address: str) -> Probe:
        """Let go of a run that is over; return how far it came."""
        return how_far(self.tasks[address], self.runs.pop(address)).left()

    def retry(self, address: str = "") -> int:
        """Have failed steps, one or all, those that asked and those short of space try again."""
        with self.changed:
            chosen = [
                name
                for name, task in self.tasks.items()
                if address in ("", name) and transitions.is_retried(task)
            ]
            self._apply(transitions.on_retried(self.tasks, chosen))
            return len(chosen)

    def look_again(self, address: str) -> None:
        """Have a step probed at once, because a person did something about it."""
        with self.changed:
            self._apply(transitions.on_acted(self.tasks, address))

    def hold(self, addresses: Collection[str]) -> None:
        """Pause single steps: those at work are stopped, the others do not begin."""
        with self.changed:
            self.held |= frozenset(addresses)
            self.cancel(addresses)

    def let_go(self, addresses: Collection[str]) -> None:
        """Take back ``hold``."""
        with self.changed:
            self.held -= frozenset(addresses)
            self.changed.notify_all()

    def cancel(self, addresses: Iterable[str]) -> None:
        """Ask running steps to stop."""
        with self.lock:
            for address in addresses:
                if address in self.runs:
                    self.runs[address].context.token.cancel()

    def _apply(self, tasks: Tasks) -> None:
        """Replace all tasks, tell what is new about them, and wake whoever waits."""
        before, self.tasks = self.tasks, tasks
        for address, task in tasks.items():
            if task is not before[address]:
                self._tell(before[address], task)
        self._keep_outcomes(before)
        self._announce()
        overtaken = (a for a in self.runs if schedule.overtaken(self.tasks, self.tasks[a]))
        self.cancel(overtaken)
        self.changed.notify_all()

    def _tell(self, before: Task, task: Task) -> None:
        if task.state is not TaskState.FAILED or before.state is TaskState.FAILED:
            return
        note, address = task.note, task.address
        self._events.add("error", f"{task.step.title}: failed: {note}", address=address)
        # An error that stands for itself has just been told.
        for group in (each for each in task.failures if each.examples != (note,)):
            level, word = ("error", "") if group.fatal else ("info", "note: ")
            self._events.add(level, f"{word}{_group_line(group)}", address=address)

    def _tell_finished(
        self, task: Task, seconds: float, reported: tuple[FailureGroup, ...]
    ) -> None:
        text = f"{task.step.title}: done in {figures.span(seconds)}"
        self._events.add("info", text, address=task.address)
        for group in reported:
            self._events.add("info", f"note: {_group_line(group)}", address=task.address)

    def _announce(self) -> None:
        """Say once what a person has to do."""
        for address, task in self.tasks.items():
            if task.state in FINISHED:
                self._announced.pop(address, None)
            elif (
                task.request is not None
                and task.request != self._announced.get(address)
                and schedule.is_asked_for(self.tasks, task)
            ):
                self._announced[address] = task.request
                ask, soon = task.request.ask, task.request.soon
                level, text = ("info", ask) if soon else ("warning", f"waiting for you: {ask}")
                self._events.add(level, text, address=address)

    def _recheck_space(self) -> None:
        full = any(task.state is TaskState.FULL for task in self.tasks.values())
        if full and time.monotonic() >= self._space_due:
            self._space_due = time.monotonic() + space.SPACE_RECHECK
            self._apply(transitions.on_emptied(self.tasks, space.room(self._dest)))

    def _keep_outcomes(self, before: Tasks) -> None:
        """Write down how steps failed, where that changed; a shard does not see the whole."""
        if self.install.part is not None and self.install.part.shard is not None:
            return
        kept = dict(self._outcomes)
        for address, task in self.tasks.items():
            failed_before = before[address].state is TaskState.FAILED
            if task.state is TaskState.FAILED and not failed_before:
                kept[address] = LastFailure(moment=time.time(), failures=task.failures)
            elif task.state in FINISHED or (failed_before and task.state is not TaskState.FAILED):
                kept.pop(address, None)
        if kept == self._outcomes:
            return
        self._outcomes = kept
        try:
            write_outcomes(self.install.place, kept)
        except OSError:
            self._events.add("warning", "the outcome of a step could not be written down")


def why_failed(
    reported: tuple[FailureGroup, ...], error: WizardError | OSError
) -> tuple[FailureGroup, ...]:
    """Return what a step reported, or the error itself when it reported nothing that is fatal."""
    return reported if fatal(reported) else (*grouped([finding_of(error)]), *reported)


def _request(error: WaitingError) -> Request:
    if isinstance(error, PersonNeeded):
        return error.request
    return Request(kind="choice", ask=str(error), how=error.hint)


def _group_line(group: FailureGroup) -> str:
    first = group.examples[0] if group.examples else ""
    hint = f" ({group.hint})" if group.hint else ""
    return f"{group.cause}: {figures.count(group.count, 'time')}, first: {first}{hint}"
