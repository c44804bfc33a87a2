"""From slots to what viewers see: views of steps, transfers, datasets and the whole."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass

from wizard.engine.install import Install
from wizard.engine.rates import Meter
from wizard.engine.schedule import Slots, locked_by
from wizard.engine.slots import Slot
from wizard.engine.views import DatasetView, Snapshot, State, StepView, TransferView
from wizard.engine.ways import way_taken
from wizard.plan.model import Fetch
from wizard.recipes.model import Archive
from wizard.transfer.progress import TransferState

_WIRE = 20e6
_UNPACK = 60e6
_PHASES: Mapping[str, State] = {
    "unseen": "todo",
    "waiting": "waiting",
    "full": "paused",
    "running": "running",
    "failed": "failed",
    "done": "done",
}
_AT_REST: Mapping[State, TransferState] = {
    "running": "connecting",
    "paused": "paused",
    "failed": "failed",
    "done": "done",
}


@dataclass(slots=True)
class Vitals:
    """What a snapshot holds beyond the steps."""

    running: bool = False
    paused: bool = False
    runner: str = ""
    disk_free: int = 0


_Stand = tuple[tuple[bool, bool], ...]
"""Of each step of a dataset, whether it is done and whether it was spared."""


class Viewer:
    """Builds snapshots of one install; the caller holds the runner's lock."""

    def __init__(self, install: Install, slots: Slots) -> None:
        self._install = install
        self._slots = slots
        self._weights = {a: _weight(install, slot) for a, slot in slots.items()}
        self._overall = Meter(window=120.0)
        self._ways = {
            (dataset.id, way.id): way.title
            for dataset in install.recipe.datasets
            for way in dataset.ways
        }
        self._taken: dict[str, tuple[_Stand, str]] = {}

    def sample(self, moment: float) -> None:
        """Note how far everything is; called about twice a second by the runner."""
        running = [slot for slot in self._slots.values() if slot.phase == "running"]
        for slot in running:
            slot.meter.sample(moment, slot.done)
        if running:
            self._overall.sample(moment, self._done_weight())
        else:
            self._overall.reset()

    def snapshot(self, vitals: Vitals) -> Snapshot:
        """Return everything as it stands."""
        plan = self._install.plan
        steps = tuple(self._step(slot, vitals) for slot in self._slots.values())
        transfers = tuple(
            self._transfer(slot, slot.planned.spec.archive, view)
            for slot, view in zip(self._slots.values(), steps, strict=True)
            if isinstance(slot.planned.spec, Fetch)
        )
        total = sum(self._weights.values())
        everything = all(slot.phase == "done" for slot in self._slots.values())
        fraction = 1.0 if everything else min(self._done_weight() / total if total else 0.0, 0.999)
        return Snapshot(
            collection=plan.collection,
            dest=plan.dest,
            moment=time.time(),
            running=vitals.running,
            paused=vitals.paused,
            partial=bool(plan.left_out),
            complete=everything and not plan.left_out,
            runner=vitals.runner,
            datasets=self._datasets(steps),
            steps=steps,
            transfers=transfers,
            fraction=fraction,
            eta=None if everything else self._overall.eta(total),
            disk_free=vitals.disk_free,
            disk_needed=int(plan.peak_bytes * (1 - fraction)),
            rate=sum(t.rate or 0.0 for t in transfers if t.state == "running"),
            rate_limit=self._install.rate.limit,
        )

    def _done_weight(self) -> float:
        return sum(self._weights[a] * slot.fraction for a, slot in self._slots.items())

    def _step(self, slot: Slot, vitals: Vitals) -> StepView:
        locks = () if slot.phase in ("done", "running") else locked_by(self._slots, slot)
        state = _state(slot, vitals, locked=bool(locks))
        return StepView(
            address=slot.address,
            dataset=slot.step.dataset,
            title=slot.step.title,
            kind=slot.step.kind,
            state=state,
            way=self._ways.get((slot.step.dataset, slot.planned.way), ""),
            done=slot.done,
            total=slot.total,
            unit=slot.unit,
            rate=slot.meter.rate if slot.phase == "running" else None,
            eta=slot.meter.eta(slot.total) if slot.phase == "running" else None,
            detail=_detail(slot),
            waits_for=locks,
            need=slot.need if state in ("waiting", "paused") else None,
            failures=slot.failures,
        )

    def _transfer(self, slot: Slot, archive: Archive, view: StepView) -> TransferView:
        moving = slot.transfer if slot.phase == "running" else None
        return TransferView(
            archive=archive.name,
            dataset=slot.step.dataset,
            address=slot.address,
            state=moving.state if moving else _AT_REST.get(view.state, "queued"),
            done=view.done,
            total=view.total or archive.size or archive.size_about or None,
            rate=view.rate,
            eta=view.eta,
            quiet=moving.quiet if moving else 0.0,
            mirror=moving.mirror if moving else "",
            note=moving.note if moving else "",
        )

    def _datasets(self, steps: tuple[StepView, ...]) -> tuple[DatasetView, ...]:
        plan = self._install.plan
        titles = {dataset.id: dataset.title for dataset in self._install.recipe.datasets}
        views = {view.address: view for view in steps}
        by_dataset: dict[str, list[Slot]] = {dataset.id: [] for dataset in plan.datasets}
        for slot in self._slots.values():
            by_dataset.setdefault(slot.step.dataset, []).append(slot)
        chosen = [
            self._dataset(name, titles.get(name, name.capitalize()), slots, views)
            for name, slots in by_dataset.items()
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

    def _dataset(
        self, name: str, title: str, slots: list[Slot], views: Mapping[str, StepView]
    ) -> DatasetView:
        weight = sum(self._weights[slot.address] for slot in slots)
        done = sum(self._weights[slot.address] * slot.fraction for slot in slots)
        return DatasetView(
            id=name,
            title=title,
            state=_roll_up([views[slot.address].state for slot in slots]),
            done_steps=sum(slot.phase == "done" for slot in slots),
            total_steps=len(slots),
            fraction=done / weight if weight else 1.0,
            way=self._way(name, slots),
        )

    def _way(self, name: str, slots: list[Slot]) -> str:
        """Say which of a dataset's ways its files came.

        Telling reads the proof of every archive, so it is remembered while the same steps are done.
        """
        if not any(slot.planned.way for slot in slots):
            return ""
        stand = tuple((slot.phase == "done", slot.spared) for slot in slots)
        known, way = self._taken.get(name, ((), ""))
        if known != stand:
            made = {slot.address for slot in slots if slot.phase == "done" and not slot.spared}
            planned = [slot.planned for slot in slots]
            dataset, place = self._install.recipe.dataset(name), self._install.place
            way = way_taken(dataset, planned, made.__contains__, place.state)
            self._taken[name] = stand, way
        return way


def _detail(slot: Slot) -> str:
    if slot.phase == "failed":
        return slot.note
    return slot.context.detail if slot.context else slot.probe.detail


def _state(slot: Slot, vitals: Vitals, *, locked: bool) -> State:
    if locked:
        return "locked"
    begun: State = "partial" if slot.probe.state == "partial" else "todo"
    state = _PHASES.get(slot.phase, begun)
    halted = slot.held or (vitals.paused and slot.phase in ("idle", "running"))
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


def _weight(install: Install, slot: Slot) -> float:
    """Return about how many seconds a step takes, so that bars move evenly."""
    spec = slot.planned.spec
    dataset = next((d for d in install.plan.datasets if d.id == slot.step.dataset), None)
    if isinstance(spec, Fetch):
        return 1.0 + (spec.archive.size or spec.archive.size_about) / _WIRE
    if dataset is None:
        return 1.0
    if slot.step.lane == "disk":
        return 1.0 + dataset.unpacked_bytes / _UNPACK
    if slot.step.lane == "cpu":
        return 1.0 + dataset.core_seconds / max(1, install.settings.workers)
    return 1.0
