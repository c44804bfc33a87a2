"""Steps that start from annotation files or label folders of the smaller collections."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from wizard.engine.install import Install
from wizard.engine.kinds.labels import LabelStep, LabelWork, base_folder, label_step
from wizard.engine.kinds.proofs import record_path
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


def build_conversion(planned: PlannedStep, install: Install) -> LabelStep:
    """Return the step for any table of ``recipes.conversions``."""
    return label_step(planned, install, _work(planned, install))


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
            return WeightWork(root, spec, _ready(planned, install, spec))
        case _:
            raise RecipeError("not a conversion", where=planned.address)


def _ready(planned: PlannedStep, install: Install, spec: BoundaryWeights) -> Path | None:
    """Return where the archive of ready-made weights belongs."""
    if not spec.ready:
        return None
    dataset = install.recipe.dataset(planned.dataset)
    return install.place.dest / install.recipe.archive_place(dataset, dataset.archive(spec.ready))
