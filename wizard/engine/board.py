"""What has become of every step: the transitions between phases, all under one lock."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterable
from dataclasses import replace

from wizard import figures
from wizard.engine import schedule, space
from wizard.engine.events import EventLog
from wizard.engine.failures import failure_of, only_fatal, system_failure
from wizard.engine.install import Install
from wizard.engine.journal import Outcome, read_outcomes, write_outcomes
from wizard.engine.slots import Slot
from wizard.engine.step import PersonNeeded, Probe, Step, StepContext
from wizard.engine.views import FailureGroup, Need
from wizard.errors import WaitingError, WizardError

RECHECK = 1.0
"""Seconds between two looks at a step that waits for a person."""


class Board:
    """The steps of one install; every method takes the lock itself.

    ``changed`` is notified after each transition, so that threads may wait for work.
    """

    def __init__(self, install: Install, steps: Iterable[Step], events: EventLog) -> None:
        self.install = install
        self.slots = make_slots(install, steps)
        self.lock = threading.RLock()
        self.changed = threading.Condition(self.lock)
        self._events = events
        self._dest = install.place.dest
        self._outcomes = read_outcomes(install.place)

    def next_probe(self) -> Slot | None:
        """Hand out the step whose disk should be looked at next."""
        with self.lock:
            slot = schedule.to_probe(self.slots, time.monotonic())
            if slot is not None:
                slot.looking = True
            return slot

    def probed(self, slot: Slot, probe: Probe) -> None:
        """Take in what the disk says of a step."""
        with self.changed:
            outrun, slot.looking, slot.outrun = slot.outrun, False, False
            if outrun or slot.phase in ("running", "failed"):
                return
            if _still_asked(slot, probe):
                slot.due = time.monotonic() + RECHECK
                return
            locked = bool(schedule.locked_by(self.slots, slot))
            slot.probe, slot.stale, slot.need, slot.asked = probe, locked, None, False
            if probe.outdated:
                schedule.outdate(self.slots, slot)
            if probe.state == "done" and not slot.redo:
                self._done(slot)
            elif schedule.standing_by(self.slots, slot):
                slot.phase, slot.stale, slot.due = "idle", True, time.monotonic() + RECHECK
                slot.probe = replace(probe, need=None, detail="in reserve: another way comes first")
            elif probe.state == "waiting":
                self._wait(slot, probe.need, announce=not locked)
            else:
                slot.phase = "idle"
            self._spare()
            self.changed.notify_all()

    def unreadable(self, slot: Slot, error: WizardError | OSError) -> None:
        """Take in that a step could not be looked at; for a locked one it is too early to tell."""
        with self.changed:
            slot.looking = False
            if schedule.locked_by(self.slots, slot):
                slot.phase, slot.stale = "idle", True
            elif slot.phase not in ("running", "failed"):
                self._fail(slot, _groups((), error), str(error))
            self.changed.notify_all()

    def next_starts(self) -> list[Slot]:
        """Mark the steps that start now as running and return them."""
        with self.lock:
            self._recheck_space()
            limits = schedule.lane_limits(self.install.settings)
            chosen = schedule.to_start(self.slots, limits)
            for slot in chosen:
                slot.phase, slot.context = "running", StepContext()
                slot.failures, slot.need, slot.began = (), None, time.monotonic()
                slot.meter.reset()
                self._events.add("info", f"{slot.step.title}: started", address=slot.address)
            return chosen

    def finished(self, slot: Slot) -> bool:
        """Take in that a run returned; returns whether the step is done."""
        with self.changed:
            reported = tuple(slot.context.failures) if slot.context else ()
            fatal = only_fatal(list(reported))
            if fatal:
                self._fail(slot, reported, figures.count(len(fatal), "problem"))
            else:
                self._complete(slot, reported)
            self._spare()
            self.changed.notify_all()
            return not fatal

    def interrupted(self, slot: Slot) -> None:
        """Take in that a run stopped on request."""
        with self.changed:
            self._leave(slot)
            slot.phase, slot.stale = "idle", True
            self.changed.notify_all()

    def broke(self, slot: Slot, error: WizardError | OSError) -> None:
        """Take in that a run ended with an error: a failure, a full disk, or a person's turn."""
        with self.changed:
            reported = tuple(slot.context.failures) if slot.context else ()
            if space.is_disk_full(error):
                self._fill(slot, error)
            elif isinstance(error, WaitingError):
                self._leave(slot)
                slot.asked, slot.seen_since = True, None
                self._wait(slot, _need(error), announce=True)
            else:
                self._fail(slot, _groups(reported, error), str(error))
            self._spare()
            self.changed.notify_all()

    def crashed(self, slot: Slot, group: FailureGroup) -> None:
        """Take in that a run ended in a way nobody foresaw."""
        with self.changed:
            self._fail(slot, (group,), group.examples[0])
            self.changed.notify_all()

    def retry(self, address: str = "") -> int:
        """Have failed steps, one or all, those that asked and those short of space try again."""
        with self.changed:
            chosen = [
                slot
                for slot in self.slots.values()
                if (slot.phase in ("failed", "full") or slot.asked)
                and address in ("", slot.address)
            ]
            for slot in chosen:
                self._forget_failure(slot)
                slot.phase, slot.stale, slot.asked = "unseen", True, False
            self.changed.notify_all()
            return len(chosen)

    def look_again(self, slot: Slot) -> None:
        """Have a step probed at once, because a person did something about it."""
        with self.changed:
            slot.due, slot.asked, slot.outrun = 0.0, False, slot.looking
            if slot.phase == "failed":
                self._forget_failure(slot)
                slot.phase = "unseen"
            slot.stale = True
            self.changed.notify_all()

    def cancel(self, slots: Iterable[Slot]) -> None:
        """Ask running steps to stop."""
        with self.lock:
            for slot in slots:
                if slot.phase == "running" and slot.context is not None:
                    slot.context.token.cancel()

    def _done(self, slot: Slot) -> None:
        slot.phase, slot.stale, slot.redo, slot.announced = "done", False, False, None
        slot.spared = False
        self._forget_failure(slot)

    def _complete(self, slot: Slot, reported: tuple[FailureGroup, ...]) -> None:
        done, unit = slot.done, slot.unit
        self._leave(slot)
        slot.probe = Probe("done", done=done, total=done or None, unit=unit)
        self._done(slot)
        if slot.missed:
            slot.phase, slot.missed = "unseen", False
        slot.failures = reported
        schedule.after_run(self.slots, slot)
        took = figures.span(time.monotonic() - slot.began)
        self._events.add("info", f"{slot.step.title}: done in {took}", address=slot.address)
        for group in reported:
            self._events.add("info", f"note: {_group_line(group)}", address=slot.address)

    def _fail(self, slot: Slot, groups: tuple[FailureGroup, ...], note: str) -> None:
        self._leave(slot)
        slot.phase, slot.failures, slot.note = "failed", groups, note
        self._events.add("error", f"{slot.step.title}: failed: {note}", address=slot.address)
        # An error that stands for itself has just been told.
        for group in (each for each in groups if each.examples != (note,)):
            level, note = ("error", "") if group.fatal else ("info", "note: ")
            self._events.add(level, f"{note}{_group_line(group)}", address=slot.address)
        self._outcomes[slot.address] = Outcome(moment=time.time(), failures=groups)
        self._keep_outcomes()

    def _wait(self, slot: Slot, need: Need | None, *, announce: bool) -> None:
        slot.phase, slot.need, slot.due = "waiting", need, time.monotonic() + RECHECK
        if announce and need is not None and need != slot.announced:
            slot.announced = need
            self._events.add("warning", f"waiting for you: {need.ask}", address=slot.address)

    def _fill(self, slot: Slot, error: BaseException) -> None:
        self._leave(slot)
        left = space.room(self._dest)
        slot.phase, slot.room_when_full = "full", left
        slot.need = space.space_need(error, self._dest, left)
        slot.due = time.monotonic() + space.RECHECK
        text = f"{slot.step.title}: paused, the disk is full"
        self._events.add("error", text, address=slot.address)

    def _recheck_space(self) -> None:
        now = time.monotonic()
        for slot in self.slots.values():
            if slot.phase != "full" or slot.due > now:
                continue
            slot.due = now + space.RECHECK
            if space.room(self._dest).exceeds(slot.room_when_full):
                slot.phase, slot.stale, slot.need = "unseen", True, None

    def _leave(self, slot: Slot) -> None:
        """Keep the count of a run that is over, and let go of its context."""
        if slot.context is not None:
            slot.probe = Probe("partial", done=slot.done, total=slot.total, unit=slot.unit)
        slot.context = None
        slot.meter.reset()

    def _spare(self) -> None:
        for slot in [each for each in self.slots.values() if schedule.spared(self.slots, each)]:
            self._done(slot)
            slot.spare()
        self.cancel(each for each in self.slots.values() if schedule.overtaken(self.slots, each))

    def _forget_failure(self, slot: Slot) -> None:
        slot.failures, slot.note = (), ""
        if self._outcomes.pop(slot.address, None) is not None:
            self._keep_outcomes()

    def _keep_outcomes(self) -> None:
        try:
            write_outcomes(self.install.place, self._outcomes)
        except OSError:
            self._events.add("warning", "the outcome of a step could not be written down")


def make_slots(install: Install, steps: Iterable[Step]) -> dict[str, Slot]:
    """Return a slot for every step of the plan, in order; raises ``RecipeError`` on bad needs."""
    planned = {step.address: step for step in install.plan.steps}
    slots = {step.address: Slot(step, planned[step.address]) for step in steps}
    schedule.check_needs(slots)
    return slots


def _still_asked(slot: Slot, probe: Probe) -> bool:
    """Whether a step waits on, as nothing changed on disk since its run asked a person.

    Without this a refused password would be tried once a second. What rests for a while is tried
    again when that is over.
    """
    if not slot.asked or probe.state in ("done", "waiting"):
        return False
    if slot.need and 0 < slot.need.again <= time.time():
        return False
    if slot.seen_since is None:
        slot.seen_since = probe
    return probe == slot.seen_since


def _groups(
    reported: tuple[FailureGroup, ...], error: WizardError | OSError
) -> tuple[FailureGroup, ...]:
    """Return what a step reported, or the error itself when it reported nothing that is fatal."""
    if any(group.fatal for group in reported):
        return reported
    own = failure_of(error) if isinstance(error, WizardError) else system_failure(error)
    return (own, *reported)


def _need(error: WaitingError) -> Need:
    if isinstance(error, PersonNeeded):
        return error.need
    return Need(kind="choice", ask=str(error), how=error.hint)


def _group_line(group: FailureGroup) -> str:
    first = group.examples[0] if group.examples else ""
    hint = f" ({group.hint})" if group.hint else ""
    return f"{group.cause}: {figures.count(group.count, 'time')}, first: {first}{hint}"
