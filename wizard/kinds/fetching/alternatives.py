"""Which of its alternatives a dataset's files came by."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from wizard.kinds.fetching.proofs import last_proof, record_path
from wizard.recipes.model import Dataset
from wizard.steps.planned import PlannedStep


def alternative_taken(
    dataset: Dataset, steps: Sequence[PlannedStep], made: Callable[[str], bool], state: Path
) -> str:
    """Return the title of the alternative that was completed; empty when none was, or there is one.

    ``made`` tells of an address whether its step did its work rather than being spared.
    Alternatives may leave the same files; then the archives that were proven here, ever, decide.
    """
    gone = (
        alternative.title
        for alternative in dataset.alternatives
        if (
            own := [
                step
                for step in steps
                if (step.dataset, step.alternative) == (dataset.id, alternative.id)
            ]
        )
        and all(made(step.address) for step in _making(own))
        and all(last_proof(record_path(state, step.address)) for step in own if _fetches(step))
    )
    return next(gone, "")


def _making(steps: list[PlannedStep]) -> list[PlannedStep]:
    """Steps that make an alternative's files: its archives may be gone by now, these are not."""
    return [step for step in steps if not _fetches(step)] or steps


def _fetches(step: PlannedStep) -> bool:
    return step.archive is not None
