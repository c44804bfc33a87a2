"""The plan of one shard: which steps it divides with others, does by itself, or leaves alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import msgspec

from wizard.errors import RecipeError
from wizard.kinds.labelling.step import LabelStep
from wizard.kinds.proving.check import CheckStep
from wizard.kinds.proving.verify import VerifyStep
from wizard.kinds.registry import build_step, known_kinds
from wizard.kinds.sharding.steps import (
    Others,
    OthersStep,
    OwnStep,
    PartOfLabels,
    PartOfProofs,
    WholeOfLabels,
)
from wizard.state.shards import ArrayPart, Shard
from wizard.steps.install import Install
from wizard.steps.planned import Plan, PlannedStep
from wizard.steps.step import Step

_FOR_THE_WHOLE = ("report", "clear")
"""Roles of the steps that a shard leaves alone."""
_PART = "~part"


def divided(install: Install) -> Iterator[tuple[PlannedStep, Step]]:
    """Yield what the shard that an install knows has to do of it; raises ``RecipeError``.

    Labels and proofs are divided by the place of their items. Each archive is fetched and unpacked
    by one shard; all of a dataset whose files may come from several sources are. Licences are
    recorded by the first shard, other steps are done by one shard a dataset. What rests on a whole
    verification, the report and the clearing of secrets are left to the run of the whole.
    """
    part = install.part
    if part is None or part.shard is None:
        raise RecipeError("there is no shard to divide this for")
    kept: set[str] = set()
    shard, owners = part.shard, _Owners(install.plan, part.of)
    for planned in install.plan.steps:
        role = known_kinds().of(planned.spec).role
        if role in _FOR_THE_WHOLE or not kept.issuperset(planned.dependencies):
            continue
        uses = tuple(each for each in planned.uses if each in kept)
        planned = msgspec.structs.replace(planned, uses=uses)
        step = build_step(planned, install)
        if isinstance(step, VerifyStep):
            one = _part_of(planned, shard)
            yield one, PartOfProofs(one, step, part, shard)
            continue
        kept.add(planned.address)
        owner = owners.of(planned)
        if isinstance(step, LabelStep):
            yield from _divided_labels(planned, step, part, shard, owner)
        else:
            yield planned, _undivided(planned, step, part, shard, owner)


def _divided_labels(
    planned: PlannedStep, step: LabelStep, part: ArrayPart, shard: Shard, owner: int
) -> Iterator[tuple[PlannedStep, Step]]:
    one = _part_of(planned, shard)
    yield one, PartOfLabels(one, step, part, shard)
    whole = msgspec.structs.replace(planned, dependencies=(*planned.dependencies, one.address))
    yield whole, WholeOfLabels(whole, step, part, owner, Others(part, planned.address))


def _undivided(
    planned: PlannedStep, step: Step, part: ArrayPart, shard: Shard, owner: int
) -> OwnStep | OthersStep:
    if owner != shard.index:
        return OthersStep(planned, step, part, owner, Others(part, planned.address))
    # What is wrong is taken away by the run of the whole: here others may be reading it.
    mine = replace(step, mender=None) if isinstance(step, CheckStep) else step
    return OwnStep(planned, mine, part)


def _part_of(planned: PlannedStep, shard: Shard) -> PlannedStep:
    title = f"{planned.title}, part {shard}"
    return msgspec.structs.replace(planned, address=planned.address + _PART, title=title)


class _Owners:
    """Tells which shard does a step that is not divided: a pure function of the plan."""

    def __init__(self, plan: Plan, of: int) -> None:
        self._of = of
        self._datasets = {each.id: place for place, each in enumerate(plan.datasets)}
        self._several = {each.dataset for each in plan.steps if each.alternative}
        fetched = [each for each in plan.steps if each.archive is not None]
        self._archives = {
            (each.dataset, each.archive.name): place
            for place, each in enumerate(fetched)
            if each.archive
        }

    def of(self, planned: PlannedStep) -> int:
        """Return the index of the shard that does a step."""
        if planned.terms is not None:
            return 0
        by_dataset = self._datasets.get(planned.dataset, 0)
        if planned.dataset in self._several:
            return by_dataset % self._of
        name = planned.archive.name if planned.archive else planned.spec.takes
        return self._archives.get((planned.dataset, name), by_dataset) % self._of
