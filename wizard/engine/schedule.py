"""Which steps are looked at and started next: needs, turn and lanes; pure functions over slots."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping

from wizard.engine.install import Settings
from wizard.engine.slots import Slot
from wizard.engine.step import Lane
from wizard.errors import RecipeError

Slots = Mapping[str, Slot]
"""Slots by address, in plan order."""


def lane_limits(settings: Settings) -> dict[Lane, int]:
    """Return how many steps of a lane run at once; a cpu step uses every worker by itself."""
    return {"network": max(1, settings.transfers), "disk": 2, "cpu": 1, "instant": 1}


def locked_by(slots: Slots, slot: Slot) -> tuple[str, ...]:
    """Return the addresses of the steps this one still waits for.

    A step that is done holds back the next one while something before it is to be redone.
    """
    return tuple(
        address
        for address in slot.step.needs
        if slots[address].phase != "done" or _rests_on_redo(slots, slots[address])
    )


def _rests_on_redo(slots: Slots, slot: Slot) -> bool:
    needs = [slots[address] for address in slot.step.needs]
    return any(need.redo or _rests_on_redo(slots, need) for need in needs)


def to_probe(slots: Slots, now: float) -> Slot | None:
    """Return the step whose disk should be looked at next.

    Open steps come first, then waiting ones whose moment has come, then the survey of the rest.
    """
    return next(_probe_order(slots, now), None)


def _probe_order(slots: Slots, now: float) -> Iterator[Slot]:
    every = [slot for slot in slots.values() if not slot.looking]
    yield from (s for s in every if _wants_probe(s) and not _is_locked(slots, s))
    yield from (s for s in every if _is_watched(slots, s) and s.due <= now)
    yield from (s for s in every if s.phase == "unseen")


def _is_watched(slots: Slots, slot: Slot) -> bool:
    """Whether something may come from outside that lets a step start."""
    return slot.phase == "waiting" or (slot.phase == "idle" and standing_by(slots, slot))


def standing_by(slots: Slots, slot: Slot) -> bool:
    """Whether a step is left alone, as another way to the dataset's files comes before its own.

    An archive is taken over when a person brings it, and fetched when a step of every way before
    failed or rests; with it, the steps on it open. A way without archives stands by itself. Who
    brought one archive of a way is asked for the others of it.
    """
    planned = slot.planned
    if not (planned.way and planned.optional) or slot.probe.at_hand:
        return False
    own = [other for other in _siblings(slots, slot) if other.planned.way == planned.way]
    if slot.probe.state == "waiting" and any(_is_brought(other) for other in own):
        return False
    if slot.step.kind != "fetch" and any(other.step.kind == "fetch" for other in own):
        return False
    siblings = _siblings(slots, slot)
    closed = {each.planned.turn for each in siblings if each.planned.way and _is_closed(each)}
    return not closed.issuperset(range(planned.turn))


def _is_brought(slot: Slot) -> bool:
    return slot.step.kind == "fetch" and slot.phase == "done" and not slot.spared


def _is_closed(slot: Slot) -> bool:
    """Whether a step failed, or is only tried again much later."""
    resting = slot.phase == "waiting" and slot.need is not None and slot.need.again > 0
    return slot.phase == "failed" or resting


def _siblings(slots: Slots, slot: Slot) -> list[Slot]:
    return [other for other in slots.values() if other.step.dataset == slot.step.dataset]


def _wants_probe(slot: Slot) -> bool:
    return slot.phase == "unseen" or (slot.phase == "idle" and slot.stale)


def to_start(slots: Slots, limits: Mapping[Lane, int]) -> list[Slot]:
    """Return the idle, open steps for which a lane has room, in plan order."""
    busy = Counter(slot.step.lane for slot in slots.values() if slot.phase == "running")
    chosen: list[Slot] = []
    for slot in slots.values():
        lane = slot.step.lane
        if busy[lane] < limits[lane] and _may_start(slots, slot):
            busy[lane] += 1
            chosen.append(slot)
    return chosen


def _may_start(slots: Slots, slot: Slot) -> bool:
    if slot.phase != "idle" or slot.stale or slot.held or locked_by(slots, slot):
        return False
    if standing_by(slots, slot) or _too_early(slots, slot):
        return False
    if any(_is_coming(slots, slots[address]) for address in slot.planned.uses):
        return False
    # Whether an archive is needed at all is known once its users have been looked at.
    return slot.step.kind != "fetch" or all(user.phase != "unseen" for user in users(slots, slot))


def _is_coming(slots: Slots, slot: Slot) -> bool:
    """Whether an archive nobody has to wait for is on its way, or may be."""
    about_to = slot.phase == "idle" and not slot.held and not _is_locked(slots, slot)
    return slot.phase in ("unseen", "running") or about_to


def settled(slots: Slots) -> bool:
    """Whether nothing moves and nothing can before a person acts or a cause is mended.

    What a person just acted on, and nobody has looked at since, moves.
    """
    return not any(
        slot.phase in ("unseen", "running")
        or (slot.phase == "waiting" and slot.due == 0.0)
        or (slot.phase == "idle" and not slot.held and not _is_locked(slots, slot))
        for slot in slots.values()
    )


def _is_locked(slots: Slots, slot: Slot) -> bool:
    return bool(locked_by(slots, slot)) or standing_by(slots, slot) or _too_early(slots, slot)


def _too_early(slots: Slots, slot: Slot) -> bool:
    """Whether it is not yet known if an archive is needed: its files may be here already."""
    return slot.step.kind == "fetch" and any(u.probe.undecided for u in users(slots, slot))


def users(slots: Slots, slot: Slot) -> list[Slot]:
    """Return the steps of the same dataset that need this one directly."""
    return [other for other in _siblings(slots, slot) if slot.address in other.step.needs]


def spared(slots: Slots, slot: Slot) -> bool:
    """Whether an archive need not be fetched, because all that uses it is done without it.

    Steps of one way are spared once all steps of another are done, and optional steps that cannot
    start once the rest of their dataset is.
    """
    if slot.phase not in ("idle", "waiting", "failed"):
        return False
    if overtaken(slots, slot) or _is_used_up(slots, slot):
        return True
    return _is_stuck(slots, slot) and all(
        other.phase == "done" or _is_stuck(slots, other) for other in _siblings(slots, slot)
    )


def _is_used_up(slots: Slots, slot: Slot) -> bool:
    using = users(slots, slot) if slot.step.kind == "fetch" and not slot.probe.outdated else []
    return bool(using) and all(user.phase == "done" for user in using)


def overtaken(slots: Slots, slot: Slot) -> bool:
    """Whether another way than a step's own was gone to its end."""
    if not slot.planned.way:
        return False
    ways = {other.planned.way for other in _siblings(slots, slot)} - {"", slot.planned.way}
    return any(_way_done(slots, slot, way) for way in ways)


def _way_done(slots: Slots, slot: Slot, way: str) -> bool:
    steps = [other for other in _siblings(slots, slot) if other.planned.way == way]
    return all(other.phase == "done" for other in steps)


def _is_stuck(slots: Slots, slot: Slot) -> bool:
    """Whether an optional step waits for a person, or for one that does."""
    locked = slot.phase == "idle" and _is_locked(slots, slot)
    return slot.planned.optional and (locked or slot.phase == "waiting")


def after_run(slots: Slots, slot: Slot) -> None:
    """Have all steps that rest on this one looked at again, now that it changed the disk.

    So are those of which too little was there to tell.
    """
    changed = {slot.address}
    for other in slots.values():
        if other.phase == "idle" and other.probe.undecided:
            other.phase = "unseen"
        if changed.isdisjoint((*other.step.needs, *other.planned.uses)):
            continue
        if other.phase == "running":
            other.missed = True
        changed.add(other.address)
        if other.phase == "done":
            other.phase = "unseen"
            other.redo = other.step.lane == "cpu"


def outdate(slots: Slots, slot: Slot) -> None:
    """Have all that was made of an outdated archive made again, once the archive is replaced."""
    for user in users(slots, slot):
        user.redo = True
        if user.phase == "done":
            user.phase = "unseen"


def check_needs(slots: Slots) -> None:
    """Raise ``RecipeError`` when a step needs one that is not there or comes later."""
    seen: set[str] = set()
    for slot in slots.values():
        for address in slot.step.needs:
            if address not in seen:
                raise RecipeError(
                    f"needs {address}, which is not a step before it",
                    where=slot.address,
                    hint="mend the recipe's needs, or choose the dataset it belongs to as well",
                )
        seen.add(slot.address)


def dataset_done(slots: Slots, dataset: str) -> bool:
    """Whether every step of a dataset is done."""
    return all(s.phase == "done" for s in slots.values() if s.step.dataset == dataset)
