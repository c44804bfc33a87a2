"""What becomes of the tasks when something happens: pure functions, one for each event.

Each takes all tasks and what happened and returns all tasks; none reads a clock, a disk or a lock.
The runner applies them as its threads report, the survey to one look at everything. Moments are
given: ``again`` is the monotonic one from which a waiting step is looked at anew, ``clock`` the
time of day in seconds.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from wizard.engine import schedule
from wizard.engine.space import Room
from wizard.engine.states import (
    BUSY,
    FINISHED,
    LOOKED_AT,
    NEEDS_PERSON,
    SAID,
    UNBEGUN,
    TaskState,
)
from wizard.engine.tasks import Task, Tasks
from wizard.findings import FailureGroup
from wizard.steps.step import Probe
from wizard.views import Request

Failures = tuple[FailureGroup, ...]

_NOT_NEEDED = Probe("done", unit="bytes", detail="not needed any more")
_IN_RESERVE = "in reserve: another source comes first"


def on_probed(tasks: Tasks, address: str, probe: Probe, *, again: float, clock: float) -> Tasks:
    """Take in what the disk says of a step."""
    task = tasks[address]
    if task.state not in LOOKED_AT:
        return tasks
    if _is_still_asked(task, probe, clock):
        return tasks.replaced(replace(task, due=again, first_said=task.first_said or probe))
    task = replace(task, probe=probe, request=None, first_said=None)
    tasks = tasks.replaced(task)
    if probe.outdated:
        tasks = _outdated(tasks, task)
    came, task = task.state in NEEDS_PERSON, _read(tasks, task, again)
    tasks = tasks.replaced(task)
    return _spared(_decided(tasks, task, came=came) if task.state is TaskState.DONE else tasks)


def _read(tasks: Tasks, task: Task, again: float) -> Task:
    """Return a task as the probe in it says, among the others."""
    probe, state = task.probe, SAID[task.probe.state]
    if state is TaskState.DONE:
        if not task.remade:
            return _done(task)
        state = TaskState.READY
    if schedule.standing_by(tasks, task):
        reserve = replace(probe, request=None, detail=_IN_RESERVE)
        return replace(task, state=TaskState.STALE, probe=reserve, due=again)
    if state is TaskState.WAITING:
        return replace(task, state=state, request=probe.request, due=again)
    return replace(task, state=state)


def on_unreadable(tasks: Tasks, address: str, failures: Failures, note: str) -> Tasks:
    """Take in that a step could not be looked at; for a locked one it is too early to tell."""
    task = tasks[address]
    if task.state not in LOOKED_AT:
        return tasks
    if schedule.locked_by(tasks, task):
        return _spared(tasks.replaced(replace(task, state=TaskState.STALE, request=None)))
    return on_failed(tasks, address, failures, note)


def at_rest(tasks: Tasks, look: Callable[[Tasks, Task], Tasks]) -> Tasks:
    """Have every step looked at in the order of a run that starts none, and return what is so.

    ``look`` takes in what the disk says of one task.
    """
    while (task := schedule.to_probe(tasks, float("-inf"))) is not None:
        tasks = look(tasks, task)
    return tasks


def on_recalled(tasks: Tasks, address: str, failures: Failures, note: str) -> Tasks:
    """Take in how a step that is not done ended in a run before this one."""
    task = tasks[address]
    if task.state not in UNBEGUN:
        return tasks
    return _spared(
        tasks.replaced(replace(task, state=TaskState.FAILED, failures=failures, note=note))
    )


def on_started(tasks: Tasks, address: str) -> Tasks:
    """Take in that a step began to run."""
    task = replace(tasks[address], state=TaskState.RUNNING, failures=(), request=None, note="")
    return tasks.replaced(task)


def on_finished(tasks: Tasks, address: str, whole: Probe, reported: Failures) -> Tasks:
    """Take in that a run did what it should; ``reported`` is what is worth knowing of it."""
    task = tasks[address]
    done = replace(_done(task), probe=whole, failures=reported)
    if task.state is TaskState.BEHIND:
        done = replace(done, state=TaskState.UNSEEN)
    return _spared(_after_run(tasks.replaced(done), address))


def on_interrupted(tasks: Tasks, address: str, left: Probe) -> Tasks:
    """Take in that a run stopped on request."""
    return _spared(tasks.replaced(replace(tasks[address], state=TaskState.STALE, probe=left)))


def on_failed(
    tasks: Tasks,
    address: str,
    failures: Failures,
    note: str,
    left: Probe | None = None,
) -> Tasks:
    """Take in that a step ended with an error; ``left`` is how far it came, if it ran."""
    task = replace(tasks[address], state=TaskState.FAILED, failures=failures, note=note)
    return _spared(tasks.replaced(replace(task, probe=left or task.probe, request=None)))


def on_asked(tasks: Tasks, address: str, left: Probe, request: Request, *, again: float) -> Tasks:
    """Take in that a run found that a person has to act."""
    task = replace(
        tasks[address],
        state=TaskState.ASKED,
        probe=left,
        request=request,
        due=again,
        first_said=None,
    )
    return _spared(tasks.replaced(task))


def on_filled(tasks: Tasks, address: str, left: Probe, request: Request, room: Room) -> Tasks:
    """Take in that the disk ran full under a step; ``room`` is what was free then."""
    task = replace(
        tasks[address], state=TaskState.FULL, probe=left, request=request, room_when_full=room
    )
    return _spared(tasks.replaced(task))


def on_emptied(tasks: Tasks, room: Room) -> Tasks:
    """Take in what is free now: steps that lacked it are tried again where it is enough more."""
    return tasks.replaced(
        *(
            replace(task, state=TaskState.UNSEEN, request=None)
            for task in tasks.values()
            if task.state is TaskState.FULL and room.exceeds(task.room_when_full)
        ),
    )


def on_reopened(tasks: Tasks, address: str, left: Probe) -> Tasks:
    """Take in that some of what a step rests on was taken away: all of that is looked at again.

    So is what was spared of other alternatives, which may be needed now.
    """
    made = {address: replace(tasks[address], state=TaskState.STALE, probe=left)}
    waiting, seen = [*tasks[address].step.dependencies], {address}
    while waiting:
        each = waiting.pop()
        if each not in seen:
            seen.add(each)
            waiting += tasks[each].step.dependencies
            for again in (each, *_spared_beside(tasks, tasks[each])):
                if tasks[again].state in FINISHED:
                    made[again] = replace(tasks[again], state=TaskState.UNSEEN)
    return _spared(tasks.replaced(*made.values()))


def _spared_beside(tasks: Tasks, task: Task) -> tuple[str, ...]:
    siblings = (tasks[address] for address in task.facts.siblings)
    return tuple(each.address for each in siblings if each.state is TaskState.SPARED)


def on_retried(tasks: Tasks, addresses: Iterable[str]) -> Tasks:
    """Take in that a person wants failed steps, or those that asked or lack space, tried again."""
    return tasks.replaced(
        *(_fresh(tasks[address]) for address in addresses if is_retried(tasks[address]))
    )


def is_retried(task: Task) -> bool:
    """Whether there is anything about a step to try again."""
    return task.state in (TaskState.FAILED, TaskState.FULL, TaskState.ASKED)


def on_acted(tasks: Tasks, address: str) -> Tasks:
    """Take in that a person did something about a step: it is looked at at once."""
    task = replace(tasks[address], due=0.0)
    if task.state is TaskState.FAILED:
        task = _fresh(task)
    elif task.state is TaskState.ASKED:
        task = replace(task, state=TaskState.WAITING)
    elif task.state is TaskState.READY:
        task = replace(task, state=TaskState.STALE)
    return _spared(tasks.replaced(task))


def _done(task: Task) -> Task:
    return replace(
        task, state=TaskState.DONE, request=None, failures=(), note="", remade=frozenset()
    )


def _fresh(task: Task) -> Task:
    return replace(task, state=TaskState.UNSEEN, request=None, failures=(), note="")


def _spared(tasks: Tasks) -> Tasks:
    """Spare what can be, until nothing more can: optional archives are spared after the others."""
    while found := schedule.to_spare(tasks):
        spared = (replace(_done(task), state=TaskState.SPARED, probe=_NOT_NEEDED) for task in found)
        tasks = tasks.replaced(*spared)
    return tasks


def _outdated(tasks: Tasks, task: Task) -> Tasks:
    """Have all that was made of an outdated archive made again, once the archive is replaced."""
    users = [tasks[address] for address in task.facts.users]
    remade = (
        replace(
            user,
            state=TaskState.READY if user.state is TaskState.DONE else user.state,
            remade=user.remade | {task.address},
        )
        for user in users
        if user.state is not TaskState.SPARED
    )
    opened = (user for user in users if user.state is TaskState.DONE)
    return _with_archives(tasks.replaced(*remade), opened)


def _with_archives(tasks: Tasks, opened: Iterable[Task]) -> Tasks:
    """Have archives looked at again that were spared because these steps were done."""
    below = (tasks[address] for task in opened for address in task.step.dependencies)
    return tasks.replaced(
        *(
            replace(task, state=TaskState.UNSEEN)
            for task in below
            if task.state is TaskState.SPARED and task.facts.archive is not None
        ),
    )


def _after_run(tasks: Tasks, address: str) -> Tasks:
    """Have all steps that rest on this one looked at again, now that it changed the disk.

    So are those of which too little was there to tell.
    """
    changed, made = {address}, Tasks(tasks)
    for name, task in tasks.items():
        if task.state in UNBEGUN and task.probe.undecided:
            task = made[name] = replace(task, state=TaskState.UNSEEN)
        if not changed.isdisjoint((*task.step.dependencies, *task.planned.uses)):
            changed.add(name)
            made[name] = _on_changed(task, address)
    opened = (made[name] for name, task in tasks.items() if task.state in FINISHED)
    return _with_archives(made, (task for task in opened if task.state not in FINISHED))


def _decided(tasks: Tasks, done: Task, *, came: bool) -> Tasks:
    """Have steps of which too little was there to tell looked at again, now that more is.

    Those that rest on what was seen to be done, or all where a person has just brought it.
    """
    return tasks.replaced(
        *(
            replace(task, state=TaskState.UNSEEN)
            for task in tasks.values()
            if task.state in UNBEGUN
            and task.probe.undecided
            and (came or done.address in task.step.dependencies)
        ),
    )


def _on_changed(task: Task, changed: str) -> Task:
    """Return a task that rests on something changed, always as a new value: looks are too old."""
    if task.state in BUSY:
        return replace(task, state=TaskState.BEHIND)
    if task.state in UNBEGUN:
        return replace(task, state=TaskState.STALE)
    if task.state in FINISHED:
        proves = task.step.resource == "cpu" and task.state is TaskState.DONE
        remade = task.remade | {changed} if proves else task.remade
        return replace(task, state=TaskState.UNSEEN, remade=remade)
    return replace(task)


def _is_still_asked(task: Task, probe: Probe, clock: float) -> bool:
    """Whether a step waits on, as nothing changed on disk since its run asked a person.

    Without this a refused password would be tried once a second. What rests for a while is tried
    again when that is over.
    """
    if task.state is not TaskState.ASKED or SAID[probe.state] is not TaskState.READY:
        return False
    if task.request and 0 < task.request.again <= clock:
        return False
    return task.first_said in (None, probe)
