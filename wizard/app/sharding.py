"""Shards of a run: joining an array, doing one part, and telling who is the last."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

from wizard import environment
from wizard.app.app import App
from wizard.app.opening import Choices, again_line, open_install, to_remember
from wizard.app.sessions import Session, session_of
from wizard.engine.runner import Runner
from wizard.engine.shard_lease import ShardLease, join, lives
from wizard.errors import LeaseError, RecipeError
from wizard.kinds.sharding.whole import shard_steps
from wizard.state.shards import (
    ArrayWork,
    Part,
    Shard,
    all_ended,
    parse_shard,
    part_of_shard,
    read_array,
)
from wizard.steps.step import Place

__all__ = ["GRACE", "Shard", "end_part", "parse_shard", "ready_shard", "take_part", "taken"]

GRACE = 300.0
"""Seconds to wait for a shard that is not at work: a job that is queued again starts in two
minutes."""
_TRIES = 12
_PAUSE = 1.0


def ready_shard(app: App, choices: Choices, shard: Shard, wait: float = 0.0) -> Session:
    """Join the array that works on an install and open one shard's part, to be run here.

    ``wait`` is for how many seconds to wait for shards that are not at work; 0: ``GRACE``. Raises
    ``LeaseError`` where somebody else works on the install, or on this part of it.
    """
    install = open_install(choices, vault=app.vault)
    keep = to_remember(choices, install.recipe)
    part, lease = take_part(install.place, shard, "run", wait)
    try:
        divided = shard_steps(replace(install, part=part))
        runner = Runner(divided.install, steps=divided.steps, state=keep.state(), lease=lease)
    except BaseException:
        lease.release()
        raise
    return session_of(divided.install, runner, again=f"{again_line(choices)} --shard {shard}")


def take_part(
    place: Place, shard: Shard, work: ArrayWork, wait: float = 0.0
) -> tuple[Part, ShardLease]:
    """Hold one shard's part of an install; raises ``LeaseError``.

    The array is the one that Slurm started this process for, or else the one at work.
    """
    job = environment.variable("SLURM_ARRAY_JOB_ID")
    lease = join(place, shard, work, f"slurm-{job}" if job else "")
    array = lease.owner.array
    alive = partial(lives, place, array=array)
    return part_of_shard(place.state, array, shard, grace=wait or GRACE, lives=alive), lease


def end_part(part: Part | None) -> bool:
    """Write down that a shard came to its end; returns whether it was the last of its array."""
    if part is None:
        raise RecipeError("there is no shard to end")
    part.end()
    record = read_array(part.state)
    return record is not None and record.array == part.array and all_ended(part.state, record)


def taken(take: Callable[[], None]) -> bool:
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
