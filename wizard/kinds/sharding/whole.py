"""The steps of a shard, and those of a run of the whole that comes after shards.

What is slow to load is loaded only where there are shards: else looking at an install needs none.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import msgspec

from wizard.kinds.registry import build_step
from wizard.steps.install import Install
from wizard.steps.step import Step


@dataclass(frozen=True, slots=True)
class ShardSteps:
    """What one shard has to do of an install."""

    install: Install
    """With the shard's plan in place of the whole."""
    steps: tuple[Step, ...]


def shard_steps(install: Install) -> ShardSteps:
    """Return the part of the shard that an install knows; raises ``RecipeError``."""
    from wizard.kinds.sharding.plan import divided

    made = tuple(divided(install))
    plan = msgspec.structs.replace(install.plan, steps=tuple(planned for planned, _ in made))
    return ShardSteps(replace(install, plan=plan), tuple(step for _, step in made))


def whole_steps(install: Install) -> Iterator[Step]:
    """Yield the steps of an install; what shards left without an end has still to be ended."""
    from wizard.kinds.labelling.step import LabelStep
    from wizard.kinds.sharding.steps import UnendedLabels

    left = install.part.left if install.part else frozenset()
    for planned in install.plan.steps:
        step = build_step(planned, install)
        if planned.address in left and isinstance(step, LabelStep) and install.part:
            yield UnendedLabels(planned, step, install.part)
        else:
            yield step
