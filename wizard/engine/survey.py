"""How an install stands when nobody runs it: every step's disk looked at once."""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from wizard.engine import space
from wizard.engine.board import make_slots
from wizard.engine.install import Install
from wizard.engine.journal import read_outcomes
from wizard.engine.lease import current_holder
from wizard.engine.schedule import Slots, spared, standing_by
from wizard.engine.slots import Slot
from wizard.engine.snapshots import Viewer, Vitals
from wizard.engine.step import Probe, Step
from wizard.engine.views import Snapshot
from wizard.errors import WizardError


def survey(install: Install, *, steps: Sequence[Step] | None = None) -> Snapshot:
    """Probe every step and return the whole; reads only.

    Steps that failed in the last run and are not done show how they failed.
    """
    slots = _looked_at(install, steps)
    outcomes = read_outcomes(install.place)
    for slot in slots.values():
        outcome = outcomes.get(slot.address)
        if outcome is not None and slot.phase == "idle":
            slot.phase, slot.failures = "failed", outcome.failures
            slot.note = f"failed {_when(outcome.moment)}"
    holder = current_holder(install.place)
    vitals = Vitals(
        runner="" if holder is None else str(holder),
        disk_free=space.free_bytes(Path(install.plan.dest)),
    )
    return Viewer(install, slots).snapshot(vitals)


def done_steps(install: Install) -> frozenset[str]:
    """Return the addresses of the steps the disk says are done."""
    slots = _looked_at(install, None)
    return frozenset(address for address, slot in slots.items() if slot.phase == "done")


def _looked_at(install: Install, steps: Sequence[Step] | None) -> Slots:
    if steps is None:
        from wizard.engine.kinds.registry import build_steps

        steps = build_steps(install)
    slots = make_slots(install, steps)
    for slot in slots.values():
        _look(slot)
    _stand_by(slots)
    _spare(slots)
    return slots


def _look(slot: Slot) -> None:
    try:
        slot.probe = slot.step.probe()
    except (WizardError, OSError) as error:
        slot.probe = Probe("todo", detail=str(error))
    slot.need = slot.probe.need
    if slot.probe.state in ("done", "waiting"):
        slot.phase = "done" if slot.probe.state == "done" else "waiting"
    else:
        slot.phase = "idle"


def _stand_by(slots: Slots) -> None:
    for slot in [each for each in slots.values() if standing_by(slots, each)]:
        if slot.phase == "waiting":
            slot.phase, slot.need = "idle", None


def _spare(slots: Slots) -> None:
    """Spare what can be, until nothing more can: optional archives are spared after the others."""
    while found := [
        each for each in slots.values() if each.phase != "done" and spared(slots, each)
    ]:
        for slot in found:
            slot.spare()


def _when(moment: float) -> str:
    return time.strftime("%Y-%m-%d %H:%M", time.localtime(moment))
