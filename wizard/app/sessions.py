"""Sessions: an install with whoever works on it, here, in the background, or nobody yet."""

from __future__ import annotations

import random
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import islice
from pathlib import Path

import msgspec

from wizard import environment
from wizard.app import machine
from wizard.app.opening import again_line, found, open_install, reach
from wizard.credentials.vault import Vault
from wizard.engine.lease import Owner, current_owner
from wizard.engine.logs import LARGEST_LOG
from wizard.engine.remote.client import RemoteLink, attach
from wizard.engine.remote.follow import Follower
from wizard.engine.remote.protocol import AnyCommand, Event, Reply, RunnerClient, RunnerGone, Stop
from wizard.engine.remote.shards import ShardLease, join_array, lives
from wizard.engine.runner import Runner
from wizard.errors import DestinationError, LeaseError, RecipeError, UsageError
from wizard.files import PlantedError, read_ours
from wizard.recipes.model import Recipe
from wizard.state.shards import ArrayPart, ArrayWork, Shard, all_ended, part_of_shard, read_array
from wizard.state.store import UNREADABLE
from wizard.steps.install import Install
from wizard.steps.planned import Plan
from wizard.steps.step import Place
from wizard.views import Snapshot

__all__ = ["RunnerGone", "Session", "follow", "join", "newest_events", "steer", "stop"]

GRACE = 300.0
"""Seconds to wait for a shard that is not at work: a job that is queued again starts in two
minutes."""
_TRIES = 12
_PAUSE = 1.0
_TIME_LIMIT = 15.0
_LOGS_KEPT = 4
"""Older logs there are at most, as the engine rotates them."""


@dataclass(frozen=True, slots=True)
class Session:
    """One open install."""

    recipe: Recipe
    plan: Plan
    dest: Path
    link: RunnerClient
    vault: Vault
    background: bool = False
    """Whether its runner lives in another process."""
    note: str = ""
    """What to tell of the run before this one."""
    again: str = ""
    """The command that goes on with it."""
    notes: tuple[str, ...] = ()
    """What a person should know of the destination beforehand."""
    runner: Runner | None = None
    """The runner in this process."""
    private: bool = False
    """Whether this machine shall not remember it, as a rehearsal."""

    @property
    def cut_off(self) -> bool:
        """Whether the run before this one was killed; known once this one has started."""
        return self.runner is not None and self.runner.cut_off

    def start(self) -> None:
        """Start the runner in this process.

        Raises ``LeaseError`` when another one holds the destination, ``DestinationError`` when
        nothing can be written there.
        """
        if self.runner is None:
            return
        try:
            self.runner.start()
        except OSError as error:
            raise DestinationError(
                f"the run cannot begin here: {error.strerror or error}",
                where=str(error.filename or self.dest),
                hint="free some space, mend its permissions, or choose another destination",
            ) from error
        if not self.private:
            machine.remember_dest(self.dest)

    @property
    def over(self) -> bool:
        """Whether nobody works on it any more."""
        if self.runner is not None:
            return self.runner.ended
        return isinstance(self.link, Follower) and self.link.at_rest

    def wait_settled(self, seconds: float) -> bool:
        """Wait until nothing moves and only people can help, or it has ended; whether it has."""
        return self.over if self.runner is None else self.runner.wait_settled(seconds)

    def stop(self, seconds: float) -> bool:
        """Stop a runner in this process; returns whether every step ended in time."""
        return True if self.runner is None else self.runner.stop(seconds)


class Resting:
    """A line to nobody: the install as it was found on disk, to be looked at."""

    def __init__(self, seen: Snapshot) -> None:
        self._seen = seen

    def snapshot(self) -> Snapshot:
        """Return what was found."""
        return self._seen

    def events(self) -> list[Event]:
        """Nothing happens here."""
        return []

    def send(self, command: AnyCommand) -> Reply:
        """Say that nobody is there to do it."""
        return Reply(ok=False, text="Nothing runs here yet", hint="s goes on with the install")

    def close(self) -> None:
        """Nothing to hang up."""


def session_of(
    install: Install,
    link: RunnerClient,
    *,
    note: str = "",
    again: str = "",
    notes: tuple[str, ...] = (),
    private: bool = False,
) -> Session:
    """Return the session of an install with a line to its runner."""
    return Session(
        install.recipe,
        install.plan,
        install.place.dest,
        link,
        install.vault,
        background=isinstance(link, Follower),
        note=note,
        again=again,
        notes=notes,
        runner=link if isinstance(link, Runner) else None,
        private=private,
    )


def at_work(dest: Path) -> bool:
    """Whether a runner holds a destination."""
    return _owner(dest) is not None


def join(dest: Path) -> RemoteLink:
    """Return a line to the runner at work; raises ``UsageError`` or ``LeaseError`` without one."""
    reach(dest)
    link = attach(dest)
    if link is not None:
        return link
    owner = _owner(dest)
    if owner is None:
        raise UsageError(
            "no runner is at work here",
            where=str(dest),
            hint="segwizard run goes on with it, segwizard status shows how it stands",
        )
    raise LeaseError(
        f"the runner ({owner}) cannot be reached from here",
        where=str(dest),
        hint="watch and steer it on the machine and as the user it runs on",
    )


def follow(dest: Path) -> Session:
    """Watch whichever runner works at a destination; raises as ``join`` does."""
    link = join(dest)
    choices = found(dest)
    install = open_install(choices)
    return session_of(install, Follower(install, link), again=again_line(choices))


def steer(dest: Path, command: AnyCommand) -> Reply:
    """Have a command carried out by the runner at work; raises ``UsageError`` when it refuses."""
    link = join(dest)
    try:
        reply = link.send(command)
    finally:
        link.close()
    if not reply.ok:
        raise UsageError(reply.text, hint=reply.hint)
    return reply


def stop(dest: Path) -> Reply:
    """Stop the run at a destination and wait for its end; raises ``LeaseError`` if it lasts."""
    reply = steer(dest, Stop())
    deadline = time.monotonic() + _TIME_LIMIT
    while _owner(dest) is not None:
        if time.monotonic() > deadline:
            raise LeaseError("the runner has not stopped yet", where=str(dest))
        time.sleep(0.1)
    return reply


def take_part(
    place: Place, shard: Shard, work: ArrayWork, wait: float = 0.0
) -> tuple[ArrayPart, ShardLease]:
    """Hold one shard's part of an install; raises ``LeaseError``.

    The array is the one that Slurm started this process for, or else the one at work.
    """
    job = environment.variable("SLURM_ARRAY_JOB_ID")
    lease = join_array(place, shard, work, f"slurm-{job}-{work}" if job else "")
    array = lease.owner.array
    alive = partial(lives, place, array=array)
    return part_of_shard(place.state, array, shard, grace=wait or GRACE, lives=alive), lease


def end_part(part: ArrayPart | None) -> bool:
    """Write down that a shard came to its end; returns whether it was the last of its array."""
    if part is None:
        raise RecipeError("there is no shard to end")
    part.end()
    record = read_array(part.state)
    return record is not None and record.array == part.array and all_ended(part.state, record)


def take_whole(take: Callable[[], None]) -> bool:
    """Take the whole after the shards; returns whether it was had.

    Two that ended at once are in each other's way for a moment; then one of them has it.
    """
    for _ in range(_TRIES):
        try:
            take()
        except LeaseError:
            time.sleep(random.uniform(0.2, 1) * _PAUSE)  # noqa: S311  # no secret
        else:
            return True
    return False


def newest_events(dest: Path, most: int) -> tuple[Event, ...]:
    """Return the newest lines of an install's log, oldest first; raises ``UsageError`` for none."""
    reach(dest)
    path = Place(dest=dest, root=dest).state / "log.jsonl"
    newest = tuple(islice(_newest_first(path), most))
    if not newest:
        raise UsageError("there is no log here", where=str(path), hint="check --dest")
    return newest[::-1]


def _owner(dest: Path) -> Owner | None:
    return current_owner(Place(dest=dest.absolute(), root=dest.absolute()))


def _newest_first(path: Path) -> Iterator[Event]:
    """Yield events from the log and the older ones beside it; damaged lines are left out."""
    older = [path.with_name(f"{path.name}.{number}") for number in range(1, _LOGS_KEPT + 1)]
    for each in (path, *older):
        try:
            written = read_ours(each, 2 * LARGEST_LOG, whole=False).splitlines()
        except (OSError, PlantedError):
            return
        for line in reversed(written):
            try:
                yield msgspec.json.decode(line, type=Event)
            except UNREADABLE:
                continue
