"""How an install stands when nobody runs it: every step's disk looked at once."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import MappingProxyType

from wizard import figures
from wizard.engine import space, transitions
from wizard.engine.journal import read_outcomes
from wizard.engine.lease import current_owner
from wizard.engine.look import BuiltSteps, built_steps
from wizard.engine.snapshots import Sight, Viewer, Vitals
from wizard.engine.table import why_failed
from wizard.engine.tasks import Task, Tasks, make_tasks
from wizard.errors import WizardError
from wizard.folders import one_look
from wizard.steps.install import Install
from wizard.steps.step import Probe, Step
from wizard.views import Snapshot


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
