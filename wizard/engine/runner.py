"""The runner: threads that look at the disk and run what is missing, in order, lane by lane."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

from wizard import figures
from wizard.credentials.secret import Secret
from wizard.engine import schedule, space, tidy
from wizard.engine.board import Board
from wizard.engine.commands import Controls, carry_out
from wizard.engine.events import EventLog
from wizard.engine.failures import unexpected
from wizard.engine.install import Install
from wizard.engine.journal import InstallState, damaged, write_install
from wizard.engine.lease import HEARTBEAT, Lease, acquire
from wizard.engine.link import AnyCommand, Event, Reply
from wizard.engine.logs import LogFile, Masker
from wizard.engine.places import prepare_places
from wizard.engine.slots import Slot
from wizard.engine.snapshots import Viewer, Vitals
from wizard.engine.step import Step
from wizard.engine.sweep import mark_ended, mark_running, sweep
from wizard.engine.views import FailureGroup, Snapshot
from wizard.errors import Cancelled, LeaseError, WizardError
from wizard.progress import CancelToken

_TICK = 0.5
_PROBERS = 2


class Door(Protocol):
    """Where other terminals come in to watch and steer a runner."""

    address: str
    """What the lease tells them."""

    def open(self, runner: Runner) -> None:
        """Let them in; raises ``OSError``."""
        ...

    def close(self) -> None:
        """Let nobody in any more and see everybody out."""
        ...


class Runner:
    """Runs one install on threads of its own; a ``RunnerLink`` within this process.

    Nothing stops at the first failure: what does not rest on a failed step goes on. Closing the
    link stops the run cleanly, within about two seconds.
    """

    def __init__(
        self,
        install: Install,
        *,
        steps: Sequence[Step] | None = None,
        state: InstallState | None = None,
        door: Door | None = None,
    ) -> None:
        self.install = install
        self._state = state
        self._door = door
        self._masker = Masker()
        self._events = EventLog(LogFile(install.place.state / "log.jsonl"), self._masker)
        self._cursor = self._events.cursor()
        self._board = Board(install, _built(install) if steps is None else steps, self._events)
        self._viewer = Viewer(install, self._board.slots)
        self._vitals = Vitals(disk_free=space.free_bytes(install.place.dest))
        self._controls = Controls(self._board, self._vitals, self._masker, self._stop_soon)
        self._ending = threading.Event()
        self._ended = threading.Event()
        self._tidied: set[str] = set()
        self._sweeping = CancelToken()
        self._swept = threading.Event()
        self._workers: set[threading.Thread] = set()
        self._lease: Lease | None = None
        self._unclean = False

    def start(self) -> None:
        """Take the destination and begin; raises ``LeaseError`` or ``DestinationError``."""
        lease = acquire(self.install.place, address=self._door.address if self._door else "")
        self._lease = lease
        self._vitals.runner, self._vitals.running = str(lease.holder), True
        try:
            self._tell_damage()
            prepare_places(self.install)
            if self._state is not None:
                write_install(self.install.place, self._state)
            self._unclean = mark_running(self.install.place)
        except BaseException:
            lease.release()
            raise
        self._events.add("info", f"started on {lease.holder}")
        self._open_door()
        self._begin_sweep(lease.taken_at)
        for number in range(_PROBERS):
            _thread(self._look, f"look-{number}")
        _thread(self._beat, "heartbeat")
        _thread(self._drive, "drive")

    def snapshot(self) -> Snapshot:
        """The install as it stands now."""
        with self._board.lock:
            return self._viewer.snapshot(self._vitals)

    def events(self) -> list[Event]:
        """Events since the last call, oldest first."""
        return self._cursor.read()

    def event_log(self) -> EventLog:
        """The events themselves, for viewers that keep their own place."""
        return self._events

    def send(self, command: AnyCommand) -> Reply:
        """Carry out a command."""
        try:
            return carry_out(self._controls, command)
        except WizardError as error:
            return Reply(ok=False, text=str(error), hint=error.hint)

    def know(self, secret: Secret) -> None:
        """Keep a secret out of every line of the log."""
        self._masker.learn(secret)

    @property
    def cut_off(self) -> bool:
        """Whether the run before this one was killed."""
        return self._unclean

    @property
    def settled(self) -> bool:
        """Whether nothing moves and nothing will before a person acts or a cause is mended."""
        with self._board.lock:
            return schedule.settled(self._board.slots) and self._is_tidy() and self._swept.is_set()

    @property
    def ended(self) -> bool:
        """Whether the runner has stopped."""
        return self._ended.is_set()

    def wait_settled(self, seconds: float) -> bool:
        """Wait until the run is settled or has ended, up to ``seconds``; returns whether it is."""
        deadline = time.monotonic() + seconds
        with self._board.changed:
            while not (self.ended or self.settled):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._board.changed.wait(min(left, _TICK))
            return True

    def stop(self, seconds: float = 2.0) -> bool:
        """Ask every step to stop and wait for it; returns whether all did in time."""
        self._stop_soon()
        return self._ended.wait(seconds)

    def close(self) -> None:
        """Stop the run; in this process nobody else could go on with it."""
        self.stop()

    def _stop_soon(self) -> None:
        if self._lease is None:
            self._ended.set()
        if not self._ending.is_set():
            self._ending.set()
            self._sweeping.cancel()
            self._board.cancel(self._board.slots.values())
            with self._board.changed:
                self._board.changed.notify_all()

    def _drive(self) -> None:
        """Start what may start, keep the figures fresh, and clean up at the end."""
        while not self._ending.is_set():
            self._viewer_sample()
            if not self._vitals.paused:
                for slot in self._board.next_starts():
                    self._launch(slot)
            self._tidy()
            with self._board.changed:
                self._board.changed.wait(_TICK)
        self._finish()

    def _viewer_sample(self) -> None:
        self._vitals.disk_free = space.free_bytes(self.install.place.dest)
        with self._board.lock:
            self._viewer.sample(time.monotonic())

    def _launch(self, slot: Slot) -> None:
        worker = threading.Thread(
            target=self._work, args=(slot,), name=f"segwizard {slot.address}", daemon=True
        )
        self._workers = {each for each in self._workers if each.is_alive()} | {worker}
        worker.start()
        if self._ending.is_set() or self._vitals.paused or slot.held:
            self._board.cancel([slot])

    def _work(self, slot: Slot) -> None:
        if slot.context is None:
            return
        try:
            slot.step.run(slot.context)
        except Cancelled:
            self._board.interrupted(slot)
        except (WizardError, OSError) as error:
            self._board.broke(slot, error)
        except Exception as error:  # noqa: BLE001  # one odd step must not end the others
            self._board.crashed(slot, self._odd(error))
        else:
            self._board.finished(slot)

    def _look(self) -> None:
        """Probe steps, one after the other."""
        while not self._ending.is_set():
            slot = self._board.next_probe()
            if slot is None:
                with self._board.changed:
                    self._board.changed.wait(_TICK)
                continue
            try:
                self._board.probed(slot, slot.step.probe())
            except (WizardError, OSError) as error:
                self._board.unreadable(slot, error)
            except Exception as error:  # noqa: BLE001  # as in ``_work``
                slot.looking = False
                self._board.crashed(slot, self._odd(error))

    def _odd(self, error: Exception) -> FailureGroup:
        return unexpected(error, self.install.place.state / "errors.log", self._masker)

    def _tidy(self) -> None:
        """Delete the archives of datasets that have just been proven."""
        for removed in tidy.tidy(self._board, self._tidied):
            self._events.add("info", removed)
        with self._board.changed:
            self._board.changed.notify_all()

    def _begin_sweep(self, before: float) -> None:
        """Clear what a killed run left, beside the work."""
        if self._unclean:
            _thread(lambda: self._sweep(before), "sweep")
        else:
            self._swept.set()

    def _sweep(self, before: float) -> None:
        self._events.add("info", "the last run was cut off; clearing its temporary files")
        try:
            count = sweep(self.install, before, self._sweeping)
        except Cancelled:
            return
        self._events.add("info", f"{figures.count(count, 'temporary file')} cleared")
        self._swept.set()

    def _is_tidy(self) -> bool:
        datasets = {dataset.id for dataset in self.install.plan.datasets}
        done = {each for each in datasets if schedule.dataset_done(self._board.slots, each)}
        return done <= self._tidied

    def _beat(self) -> None:
        while self._lease is not None and not self._ended.wait(HEARTBEAT):
            try:
                self._lease.renew()
            except LeaseError as error:
                self._events.add("error", f"stopping: {error}")
                self._stop_soon()
            except OSError as error:
                self._events.add("warning", f"the lease could not be renewed: {error.strerror}")

    def _open_door(self) -> None:
        if self._door is not None:
            try:
                self._door.open(self)
            except OSError as error:
                self._events.add("warning", f"other terminals cannot join: {error.strerror}")

    def _tell_damage(self) -> None:
        for path in damaged(self.install.place):
            self._events.add("warning", f"{path.name} is damaged and ignored; the disk decides")

    def _finish(self) -> None:
        for worker in self._workers:
            worker.join(5.0)
        self.install.shared.close()
        if self._swept.is_set() and not any(worker.is_alive() for worker in self._workers):
            mark_ended(self.install.place)
        self._vitals.running = False
        self._events.add("info", "stopped; what is finished stays")
        # The door first: once the lease is free, the next runner's may stand in its place.
        if self._door is not None:
            self._door.close()
        if self._lease is not None:
            self._lease.release()
        self._ended.set()
        with self._board.changed:
            self._board.changed.notify_all()


def _built(install: Install) -> tuple[Step, ...]:
    from wizard.engine.kinds.registry import build_steps

    return build_steps(install)


def _thread(target: Callable[[], None], name: str) -> None:
    threading.Thread(target=target, name=f"segwizard-{name}", daemon=True).start()
