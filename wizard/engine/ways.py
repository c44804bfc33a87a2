"""Which of its several ways a dataset's files came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from wizard.engine.kinds.proofs import last_proof, record_path
from wizard.plan.model import Fetch, PlannedStep
from wizard.recipes.model import Dataset


def way_taken(
    dataset: Dataset, steps: Sequence[PlannedStep], made: Callable[[str], bool], state: Path
) -> str:
    """Return the title of the way that was gone to its end; empty when none was, or there is one.

    ``made`` tells of an address whether its step did its work rather than being spared. Ways may
    leave the same files; then the archives that were proven here, ever, decide.
    """
    gone = (
        way.title
        for way in dataset.ways
        if (own := [step for step in steps if (step.dataset, step.way) == (dataset.id, way.id)])
        and all(made(step.address) for step in _making(own))
        and all(last_proof(record_path(state, step.address)) for step in own if _fetches(step))
    )
    return next(gone, "")


def _making(steps: list[PlannedStep]) -> list[PlannedStep]:
    """The steps that make a way's files: an archive may be gone by now, what came of it is not."""
    return [step for step in steps if not _fetches(step)] or steps


def _fetches(step: PlannedStep) -> bool:
    return isinstance(step.spec, Fetch)
