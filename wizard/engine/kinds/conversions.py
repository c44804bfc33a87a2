"""Steps that start from annotation files or label folders of the smaller collections."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from wizard.engine.install import Install
from wizard.engine.kinds.labels import LabelStep, LabelWork, base_folder, label_step
from wizard.engine.kinds.proofs import record_path
from wizard.engine.kinds.sources import Brought
from wizard.errors import RecipeError
from wizard.labels.derived import EdgeWork, PickledWork, WeightWork
from wizard.labels.instances import InstanceWork
from wizard.labels.run_lengths import RunLengthWork
from wizard.plan.model import PlannedStep
from wizard.recipes.conversions import (
    BoundaryWeights,
    Edges,
    Instances,
    PickledLabels,
    RleLabels,
)
from wizard.recipes.order import address, fetch_id


def build_conversion(planned: PlannedStep, install: Install) -> LabelStep:
    """Return the step for any table of ``recipes.conversions``."""
    step = label_step(planned, install, _work(planned, install))
    if not isinstance(planned.spec, BoundaryWeights) or not planned.spec.ready:
        return step
    state, fetch = install.place.state, address(planned.dataset, fetch_id(planned.spec.ready))
    stamp = record_path(state, f"{planned.address}:{planned.spec.ready}")
    archive = _place(planned, install, planned.spec.ready)
    return replace(step, sources=Brought(stamp, record_path(state, fetch), archive))


def _work(planned: PlannedStep, install: Install) -> LabelWork[Any]:
    root = base_folder(planned, install)
    roll = record_path(install.place.state, planned.address)
    match planned.spec:
        case Instances() as spec:
            return InstanceWork(root, spec, roll)
        case RleLabels() as spec:
            return RunLengthWork(root, spec, roll)
        case PickledLabels() as spec:
            return PickledWork(root, spec, roll)
        case Edges() as spec:
            return EdgeWork(root, spec)
        case BoundaryWeights() as spec:
            ready = _place(planned, install, spec.ready) if spec.ready else None
            return WeightWork(root, spec, ready)
        case _:
            raise RecipeError("not a conversion", where=planned.address)


def _place(planned: PlannedStep, install: Install, name: str) -> Path:
    """Return where an archive of the step's dataset belongs."""
    dataset = install.recipe.dataset(planned.dataset)
    return install.place.dest / install.recipe.archive_place(dataset, dataset.archive(name))
