"""Looking at the disk: once for a whole command, and how an install stands when nobody runs it."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from wizard import figures
from wizard.engine import space, transitions
from wizard.engine.journal import read_outcomes
from wizard.engine.lease import current_owner
from wizard.engine.snapshots import Sight, Viewer, Vitals
from wizard.engine.table import why_failed
from wizard.engine.tasks import Task, Tasks, make_tasks
from wizard.errors import WizardError
from wizard.folders import one_look
from wizard.kinds.registry import build_step
from wizard.kinds.sharding.whole import whole_steps
from wizard.steps.install import Install
from wizard.steps.step import Probe, Step
from wizard.views import Snapshot

_FRESH = 30.0
"""Seconds for which a look counts: a person may sit before a question longer than that."""

_HEAVY = ("disk", "cpu")
"""Resources of the steps whose look is one at many files."""


@dataclass(slots=True)
class BuiltSteps:
    """The steps of an install, made once, and what the disk last said of them."""

    steps: tuple[Step, ...]
    _probes: Mapping[str, Probe] = field(default_factory=dict)
    _moment: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, probes: Mapping[str, Probe]) -> None:
        """Remember what was just seen, by address."""
        with self._lock:
            self._probes, self._moment = dict(probes), time.monotonic()

    def fresh(self) -> Mapping[str, Probe]:
        """Return what was seen a moment ago, and keep it."""
        with self._lock:
            return self._probes if time.monotonic() - self._moment < _FRESH else {}

    def take(self) -> Mapping[str, Probe]:
        """Hand out what was seen a moment ago, once: the next one to ask looks for itself."""
        seen = self.fresh()
        with self._lock:
            self._probes = {}
        return seen


@dataclass(slots=True)
class RecentLook:
    """What the disk just said of an install that is opened several times before it runs.

    A screen plans, judges and begins one after the other, each with the install opened anew. Only
    steps that look at many files are remembered: the others are asked again, as a person may have
    answered them meanwhile.
    """

    _first: tuple[tuple[object, ...], BuiltSteps] | None = None
    """What the first of these looks rests on, and its steps with what they saw."""

    def probes(self, install: Install) -> Mapping[str, Probe]:
        """Return what was seen a moment ago of this very install; nothing of any other."""
        if self._first is None or self._first[0] != _told_by(install):
            return {}
        built = self._first[1]
        heavy = {each.address for each in built.steps if each.resource in _HEAVY}
        return {each: probe for each, probe in built.fresh().items() if each in heavy}

    def keep(self, install: Install) -> None:
        """Remember what its survey saw, for as long as the first look counts."""
        if not self.probes(install):
            self._first = _told_by(install), built_steps(install)

    def forget(self) -> None:
        """Look anew the next time: something begins to change the disk."""
        self._first = None


def _told_by(install: Install) -> tuple[object, ...]:
    """Return what the words of steps rest on beside the disk."""
    return install.place, install.recipe, install.plan.steps, install.settings


def built_steps(install: Install) -> BuiltSteps:
    """Return the steps of an install; the same ones for everybody who works on it."""
    return install.shared.get(BuiltSteps, lambda: BuiltSteps(tuple(_steps(install))))


def _steps(install: Install) -> Iterable[Step]:
    if install.part is None:
        return (build_step(each, install) for each in install.plan.steps)
    return whole_steps(install)


def survey(
    install: Install,
    *,
    steps: Sequence[Step] | None = None,
    seen: Mapping[str, Probe] = MappingProxyType({}),
) -> Snapshot:
    """Probe every step that was not ``seen`` a moment ago and return the whole; reads only.

    A runner of the same install that begins a moment later takes over what was seen.
    Steps that failed in the last run and are not done show how they failed.
    """
    built = built_steps(install) if steps is None else BuiltSteps(tuple(steps))
    fresh = make_tasks(install, built.steps)
    looks = Looks(seen)
    with one_look(str(install.place.root)):
        tasks = transitions.at_rest(fresh, looks.take)
    built.keep(looks.probes)
    for address, outcome in read_outcomes(install.place).items():
        if address in tasks:
            note = f"failed {figures.moment(outcome.moment)}"
            tasks = transitions.on_recalled(tasks, address, outcome.failures, note)
    owner = current_owner(install.place)
    vitals = Vitals(
        runner="" if owner is None else str(owner),
        disk_free=space.free_bytes(Path(install.plan.dest)),
    )
    return Viewer(install, fresh).snapshot(Sight(tasks, {}), vitals)


class Looks:
    """Looks at the disk of each step once, and says the same when asked again."""

    def __init__(self, seen: Mapping[str, Probe]) -> None:
        self.probes: dict[str, Probe] = dict(seen)
        self._errors: dict[str, WizardError | OSError] = {}

    def take(self, tasks: Tasks, task: Task) -> Tasks:
        """Take in what the disk says of a task."""
        address = task.address
        if address not in self.probes and address not in self._errors:
            self._look(task.step)
        if address in self.probes:
            probe = self.probes[address]
            return transitions.on_probed(
                tasks, address, probe, again=time.monotonic(), clock=time.time()
            )
        error = self._errors[address]
        return transitions.on_unreadable(tasks, address, why_failed((), error), str(error))

    def _look(self, step: Step) -> None:
        try:
            self.probes[step.address] = step.probe()
        except (WizardError, OSError) as error:
            self._errors[step.address] = error
