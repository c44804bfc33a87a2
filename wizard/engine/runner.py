"""The runner: threads that look at the disk and run what is missing, in order, per resource."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from typing import Protocol

import msgspec

from wizard import figures
from wizard.durability import settle_on_disk
from wizard.engine import cleanup, schedule, space
from wizard.engine.cleanup import clean_up, mark_begun, mark_over
from wizard.engine.commands import Controls, carry_out
from wizard.engine.journal import InstallState, write_install, write_recipe
from wizard.engine.lease import HEARTBEAT, Hold, acquire
from wizard.engine.logs import STARTED, EventLog, LogFile, Masker, own_log, unexpected
from wizard.engine.remote.protocol import AnyCommand, Event, Reply
from wizard.engine.snapshots import Sight, Viewer, Vitals
from wizard.engine.states import FINISHED
from wizard.engine.survey import BuiltSteps, built_steps
from wizard.engine.table import TaskTable
from wizard.engine.tasks import Task
from wizard.errors import Cancelled, LeaseError, WizardError, reason_of
from wizard.findings import FailureGroup
from wizard.progress import CancelToken
from wizard.state.notices import clear_damage, clear_places
from wizard.state.shards import close_array
from wizard.state.store import restore_copies
from wizard.steps.install import Install, prepare_places
from wizard.steps.step import Step
from wizard.views import Snapshot

_TICK = 0.5
_PROBERS = 2
_LAST_MOMENT = 5.0
"""Seconds that all steps together get to end in, once asked to."""


class RunnerServer(Protocol):
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

    The runner of a shard leaves to a runner of the whole what only one may do: deleting archives
    and temporary files, and the memory of how steps ended.
    """

    def __init__(
        self,
        install: Install,
        *,
        steps: Sequence[Step] | None = None,
        state: InstallState | None = None,
        server: RunnerServer | None = None,
        lease: Hold | None = None,
    ) -> None:
        self.install = install
        self._is_shard = install.part is not None and install.part.shard is not None
        self._state = state
        self._server = server
        self._masker = Masker()
        self._events = EventLog(LogFile(own_log(install, "log.jsonl")), self._masker)
        self._cursor = self._events.cursor()
        self._built = built_steps(install) if steps is None else BuiltSteps(tuple(steps))
        self._table = TaskTable(install, self._built.steps, self._events)
        self._viewer = Viewer(install, self._table.tasks)
        self._vitals = Vitals(disk_free=space.free_bytes(install.place.dest))
        self._controls = Controls(self._table, self._vitals, self._masker, self._stop_soon)
        self._ending = threading.Event()
        self._ended = threading.Event()
        self._removed: set[str] = set()
        self._cleaning = CancelToken()
        self._cleaned = threading.Event()
        self._workers: set[threading.Thread] = set()
        self._lease: Hold | None = lease
        self._unclean = False
        self.died = ""
        """Which part of the run ended unexpectedly, and how; empty while none did."""
        self.ousted = False
        """Whether another runner took the destination over."""

    def start(self) -> None:
        """Take the destination and begin; raises ``LeaseError`` or ``DestinationError``."""
        address = self._server.address if self._server else ""
        lease = self._lease = self._lease or acquire(self.install.place, address=address)
        self._vitals.runner, self._vitals.running = str(lease.owner), True
        try:
            clear_places(self.install.place.state)
            self._tell_damage()
            restore_copies(self.install.place.state / "steps")
            prepare_places(self.install)
            if self._state is not None:
                write_install(self.install.place, self._state)
                written = self.install.written or self.install.recipe
                write_recipe(self.install.place, self._state.collection, written)
            self._unclean = mark_begun(self.install)
            if self.install.part:
                self.install.part.begin()
        except BaseException:
            lease.release()
            raise
        self._events.add("info", f"{STARTED} {lease.owner}")
        self._open_server()
        self._begin_cleanup(lease.taken_at)
        self._table.recall(self._built.take())
        for number in range(_PROBERS):
            self.spawn(self._look, f"look-{number}")
        self.spawn(self._beat, "heartbeat")
        if not self._is_shard:
            self._awaited(self._remove_used, "remove")
        self.spawn(self._drive, "drive")

    def snapshot(self) -> Snapshot:
        """The install as it stands now."""
        with self._table.lock:
            seen = self._viewer.snapshot(self._sight(), self._vitals)
            return msgspec.structs.replace(seen, settled=self.settled)

    def _sight(self) -> Sight:
        return Sight(self._table.tasks, self._table.runs, self._table.held)

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

    @property
    def cut_off(self) -> bool:
        """Whether the run before this one was killed."""
        return self._unclean

    @property
    def settled(self) -> bool:
        """Whether nothing moves and nothing will before a person acts or a cause is mended."""
        with self._table.lock:
            return (
                schedule.settled(self._table.tasks, self._table.held)
                and self._is_removed()
                and self._cleaned.is_set()
            )

    @property
    def ended(self) -> bool:
        """Whether the runner has stopped."""
        return self._ended.is_set()

    def wait_settled(self, seconds: float) -> bool:
        """Wait until the run is settled or has ended, up to ``seconds``; returns whether it is."""
        deadline = time.monotonic() + seconds
        with self._table.changed:
            while not (self.ended or self.settled):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._table.changed.wait(min(left, _TICK))
            return True

    def spawn(self, target: Callable[[], None], name: str) -> None:
        """Run something on a thread of its own; should it die, the run ends and says so."""
        threading.Thread(
            target=self._guarded, args=(target, name), name=f"segwizard-{name}", daemon=True
        ).start()

    def _guarded(self, target: Callable[[], None], name: str) -> None:
        try:
            target()
        except BaseException as error:  # noqa: BLE001  # a thread that is gone must not go unseen
            self._died(name, error)

    def _died(self, name: str, error: BaseException) -> None:
        """End the run, as part of it is gone: what waits for that part would wait for ever."""
        group = unexpected(error, own_log(self.install, "errors.log"), self._masker)
        self.died = f"{name} ended unexpectedly: {group.examples[0]}"
        self._events.add("error", f"stopping: {self.died} ({group.hint})")
        self._stop_soon()

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
            self._cleaning.cancel()
            self._table.cancel(tuple(self._table.runs))
            with self._table.changed:
                self._table.changed.notify_all()

    def _drive(self) -> None:
        """Start what may start, keep the figures fresh, and clean up at the end."""
        self._guarded(self._start_what_may, "drive")
        self._finish()

    def _start_what_may(self) -> None:
        while not self._ending.is_set():
            self._viewer_sample()
            self._tell_damage()
            if self._is_shard and self.install.part:
                self.install.part.rest(only_waits=self.settled)
            if not self._vitals.paused:
                for task in self._table.next_starts():
                    self._launch(task)
            with self._table.changed:
                self._table.changed.wait(_TICK)

    def _viewer_sample(self) -> None:
        self._vitals.disk_free = space.free_bytes(self.install.place.dest)
        with self._table.lock:
            self._viewer.sample(self._sight(), time.monotonic())

    def _launch(self, task: Task) -> None:
        self._awaited(lambda: self._work(task), task.address)
        if self._ending.is_set() or self._vitals.paused or task.address in self._table.held:
            self._table.cancel([task.address])

    def _awaited(self, target: Callable[[], None], name: str) -> None:
        """Run something on a thread that the end of the run waits for."""
        worker = threading.Thread(
            target=self._guarded, args=(target, name), name=f"segwizard {name}", daemon=True
        )
        self._workers = {each for each in self._workers if each.is_alive()} | {worker}
        worker.start()

    def _work(self, task: Task) -> None:
        address = task.address
        try:
            task.step.run(self._table.runs[address].context)
            self._table.settling(address)
            if not self._table.runs[address].context.durable:
                settle_on_disk(self.install.place.dest)
        except Cancelled:
            self._table.interrupted(address)
        except (WizardError, OSError) as error:
            self._table.broke(address, error)
        except Exception as error:  # noqa: BLE001  # one odd step must not end the others
            self._table.crashed(address, self._odd(error))
        else:
            self._table.finished(address)

    def _look(self) -> None:
        """Probe steps, one after the other."""
        while not self._ending.is_set():
            task = self._table.next_probe()
            if task is None:
                with self._table.changed:
                    self._table.changed.wait(_TICK)
                continue
            try:
                self._table.probed(task.address, task.step.probe())
            except (WizardError, OSError) as error:
                self._table.unreadable(task.address, error)
            except Exception as error:  # noqa: BLE001  # as in ``_work``
                self._table.crashed(task.address, self._odd(error))

    def _odd(self, error: Exception) -> FailureGroup:
        return unexpected(error, own_log(self.install, "errors.log"), self._masker)

    def _remove_used(self) -> None:
        """Delete the archives of datasets that have just been proven, beside the work."""
        while not self._ending.is_set():
            before = set(self._removed)
            for removed in cleanup.remove_used(self._table, self._removed):
                self._events.add("info", removed)
            with self._table.changed:
                if before != self._removed:
                    self._table.changed.notify_all()
                if self._is_removed():
                    self._table.changed.wait(_TICK)

    def _begin_cleanup(self, before: float) -> None:
        """Clear what a killed run left, beside the work."""
        if self._unclean:
            self.spawn(lambda: self._clean_up(before), "sweep")
        else:
            self._cleaned.set()

    def _clean_up(self, before: float) -> None:
        self._events.add("info", "the last run was cut off; clearing its temporary files")
        try:
            count = clean_up(self.install, before, self._cleaning)
        except Cancelled:
            return
        self._events.add("info", f"{figures.count(count, 'temporary file')} cleared")
        self._cleaned.set()

    def _is_removed(self) -> bool:
        if self._is_shard:
            return True
        datasets = {dataset.id for dataset in self.install.plan.datasets}
        done = {each for each in datasets if schedule.dataset_done(self._table.tasks, each)}
        return done <= self._removed

    def _beat(self) -> None:
        while self._lease is not None and not self._ended.wait(HEARTBEAT):
            try:
                self._lease.renew()
            except LeaseError as error:
                self.ousted = True
                self._events.add("error", f"stopping: {error}")
                self._stop_soon()
            except OSError as error:
                self._events.add("warning", f"the lease could not be renewed: {reason_of(error)}")

    def _close_array(self) -> None:
        """Forget what shards left for this run of the whole."""
        done = {a for a, task in self._table.tasks.items() if task.state in FINISHED}
        complete = len(done) == len(self._table.tasks)
        close_array(self.install.place.state, done, complete=complete)

    def _open_server(self) -> None:
        if self._server is not None:
            try:
                self._server.open(self)
            except OSError as error:
                self._events.add("warning", f"other terminals cannot join: {reason_of(error)}")

    def _tell_damage(self) -> None:
        for notice in clear_damage():
            self._events.add("warning", str(notice))

    def _finish(self) -> None:
        deadline = time.monotonic() + _LAST_MOMENT
        for worker in self._workers:
            worker.join(max(0.0, deadline - time.monotonic()))
        self.install.shared.close()
        if self._cleaned.is_set() and not any(worker.is_alive() for worker in self._workers):
            mark_over(self.install)
        if self.install.part and not self._is_shard and not self.ousted:
            with contextlib.suppress(OSError):
                self._close_array()
        self._vitals.running = False
        self._events.add("info", "stopped; what is finished stays")
        # The socket first: once the lease is free, the next runner's may stand in its place.
        if self._server is not None:
            self._server.close()
        # One that slept through its own takeover may have failed at what another did meanwhile.
        if self._lease is not None and not self._lease.release():
            self.ousted = True
        self._ended.set()
        with self._table.changed:
            self._table.changed.notify_all()
