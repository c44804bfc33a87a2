"""Which steps are looked at and started next: dependencies, alternatives, resources.

Pure functions of the tasks as they stand; nothing here changes them.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterator, Mapping

from wizard.engine.states import BUSY, FINISHED, NEEDS_PERSON, UNBEGUN, TaskState
from wizard.engine.tasks import Task, Tasks
from wizard.steps.install import Settings
from wizard.steps.step import Resource

NOBODY: Collection[str] = ()
_SPARABLE = UNBEGUN | NEEDS_PERSON | {TaskState.FAILED}


def resource_limits(settings: Settings) -> dict[Resource, int]:
    """Return how many steps of a resource run at once; a cpu step uses every worker by itself."""
    return {"network": max(1, settings.transfers), "disk": 2, "cpu": 1, "instant": 1}


def locked_by(tasks: Tasks, task: Task) -> tuple[str, ...]:
    """Return the addresses of the steps this one still waits for, nearest first.

    The whole chain counts: a step that is done holds back the next one while something it rests
    on is not, be it to be done again or not looked at yet. What is spared rests on nothing: its
    files are here without it.
    """
    found: dict[str, None] = {}
    waiting, seen = list(task.step.dependencies), set(task.step.dependencies)
    for address in waiting:
        other = tasks[address]
        if other.state not in FINISHED:
            found[address] = None
        elif other.state is not TaskState.SPARED:
            fresh = [each for each in other.step.dependencies if each not in seen]
            seen.update(fresh)
            waiting += fresh
    return tuple(found)


def to_probe(tasks: Tasks, now: float, looking: Collection[str] = NOBODY) -> Task | None:
    """Return the step whose disk should be looked at next; ``looking`` are being looked at.

    Open steps come first, then waiting ones about which a person just acted, then the survey of
    the rest, which ends, and only then waiting ones whose moment has come, again and again.
    """
    return next(_probe_order(tasks, now, looking), None)


def _probe_order(tasks: Tasks, now: float, looking: Collection[str]) -> Iterator[Task]:
    every = [task for address, task in tasks.items() if address not in looking]
    yield from (s for s in every if _wants_probe(s) and not _is_locked(tasks, s))
    watched = [s for s in every if _is_watched(tasks, s) and s.due <= now]
    yield from (s for s in watched if s.due == 0.0)
    yield from (s for s in every if s.state is TaskState.UNSEEN)
    yield from watched


def _wants_probe(task: Task) -> bool:
    return task.state in (TaskState.UNSEEN, TaskState.STALE)


def _is_watched(tasks: Tasks, task: Task) -> bool:
    """Whether something may come from outside that lets a step start."""
    if task.state in NEEDS_PERSON:
        return True
    return task.state in UNBEGUN and standing_by(tasks, task)


def standing_by(tasks: Tasks, task: Task) -> bool:
    """Whether a step is left alone, as another source of the dataset's files comes before its own.

    An archive is taken over when a person brings it, and fetched when a step of every alternative
    before failed or rests; with it, the steps on it open. An alternative without archives stands
    by itself. Who brought one archive of an alternative is asked for the others of it.
    """
    planned = task.planned
    if not (planned.alternative and planned.optional) or task.probe.at_hand:
        return False
    stand = tasks.alternatives[task.step.dataset]
    if task.probe.state == "waiting" and planned.alternative in stand.brought:
        return False
    if task.facts.archive is None and planned.alternative in stand.fetched:
        return False
    return not stand.closed.issuperset(range(planned.rank))


def to_start(
    tasks: Tasks,
    limits: Mapping[Resource, int],
    held: Collection[str] = NOBODY,
    settling: Collection[str] = NOBODY,
) -> list[Task]:
    """Return the ready, open steps for which a resource has room; ``held`` ones are paused.

    Those with the longest work behind them come first, then those that come first in the plan.
    Steps that are ``settling`` did their work and only wait for the disk: they take no room.
    """
    working = (task for task in tasks.values() if task.state in BUSY)
    busy = Counter(task.step.resource for task in working if task.address not in settling)
    chosen: list[Task] = []
    for task in sorted(tasks.values(), key=lambda each: -each.facts.behind):
        resource = task.step.resource
        if busy[resource] < limits[resource] and may_start(tasks, task, held):
            busy[resource] += 1
            chosen.append(task)
    return chosen


def may_start(tasks: Tasks, task: Task, held: Collection[str] = NOBODY) -> bool:
    """Whether a step would begin now if its resource has room."""
    if task.state is not TaskState.READY or task.address in held or _is_locked(tasks, task):
        return False
    if any(_is_coming(tasks, tasks[address], held) for address in task.planned.uses):
        return False
    # Whether an archive is needed at all is known once its users have been looked at.
    return task.facts.archive is None or not _has_unseen_users(tasks, task)


def is_asked_for(tasks: Tasks, task: Task) -> bool:
    """Whether a person has to act for a step now, as far as can be told."""
    return (
        task.state in NEEDS_PERSON
        and task.request is not None
        and not locked_by(tasks, task)
        and not _has_unseen_users(tasks, task)
    )


def _has_unseen_users(tasks: Tasks, task: Task) -> bool:
    return any(tasks[user].state is TaskState.UNSEEN for user in task.facts.users)


def _is_coming(tasks: Tasks, task: Task, held: Collection[str]) -> bool:
    """Whether an archive nobody has to wait for is on its way, or may be."""
    moves = task.state in UNBEGUN and task.address not in held and not _is_locked(tasks, task)
    return task.state is TaskState.UNSEEN or task.state in BUSY or moves


def settled(tasks: Tasks, held: Collection[str] = NOBODY) -> bool:
    """Whether nothing moves and nothing can before a person acts or a cause is mended.

    What a person just acted on, and nobody has looked at since, moves.
    """
    return not any(
        _is_coming(tasks, task, held) or (task.state in NEEDS_PERSON and task.due == 0.0)
        for task in tasks.values()
    )


def _is_locked(tasks: Tasks, task: Task) -> bool:
    return bool(locked_by(tasks, task)) or standing_by(tasks, task) or too_early(tasks, task)


def too_early(tasks: Tasks, task: Task) -> bool:
    """Whether it is not yet known if an archive is needed: its files may be here already."""
    if task.facts.archive is None:
        return False
    return any(tasks[user].probe.undecided for user in task.facts.users)


def to_spare(tasks: Tasks) -> list[Task]:
    """Return the steps nothing needs: archives all of whose users are done without them.

    Steps of one alternative are spared once all steps of another are done, and optional steps
    that cannot start once the rest of their dataset is.
    """
    stuck: dict[str, bool] = {}
    """Whether nothing is left of a dataset but steps that are stuck."""
    found = []
    for task in tasks.values():
        if task.state not in _SPARABLE:
            continue
        spared = overtaken(tasks, task) or _is_used_up(tasks, task)
        if not spared and _is_stuck(tasks, task):
            dataset = task.step.dataset
            if dataset not in stuck:
                stuck[dataset] = _is_all_stuck(tasks, task)
            spared = stuck[dataset]
        if spared:
            found.append(task)
    return found


def _is_all_stuck(tasks: Tasks, task: Task) -> bool:
    siblings = (tasks[address] for address in task.facts.siblings)
    return all(other.state in FINISHED or _is_stuck(tasks, other) for other in siblings)


def _is_used_up(tasks: Tasks, task: Task) -> bool:
    """Whether all that is taken from an archive is there; never, where it is read as it is."""
    archive, users = task.facts.archive, [tasks[address] for address in task.facts.users]
    if archive is None or task.probe.outdated or not users:
        return False
    taken = not archive.keep or any(user.planned.spec.takes == archive.name for user in users)
    return taken and all(user.state in FINISHED for user in users)


def overtaken(tasks: Tasks, task: Task) -> bool:
    """Whether another alternative than a step's own was gone to its end.

    One of which all was spared was not gone at all.
    """
    own = task.planned.alternative
    if not own:
        return False
    ends = tasks.alternatives[task.step.dataset].states
    others = (states for name, states in ends.items() if name not in ("", own))
    return any(states <= FINISHED and TaskState.DONE in states for states in others)


def _is_stuck(tasks: Tasks, task: Task) -> bool:
    """Whether an optional step waits for a person, or for one that does."""
    if not task.planned.optional:
        return False
    return task.state in NEEDS_PERSON or (task.state in UNBEGUN and _is_locked(tasks, task))


def dataset_done(tasks: Tasks, dataset: str) -> bool:
    """Whether every step of a dataset is done."""
    return all(task.state in FINISHED for task in tasks.values() if task.step.dataset == dataset)
