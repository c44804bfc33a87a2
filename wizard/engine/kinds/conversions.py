"""Steps that start from annotation files or label folders of the smaller collections."""

from __future__ import annotations

from typing import Any

from wizard.engine.install import Install
from wizard.engine.kinds.labels import LabelStep, LabelWork, base_folder, label_step
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
    match planned.spec:
        case Instances() as spec:
            return InstanceWork(root, spec)
        case RleLabels() as spec:
            return RunLengthWork(root, spec)
        case PickledLabels() as spec:
            return PickledWork(root, spec)
        case Edges() as spec:
            return EdgeWork(root, spec)
        case BoundaryWeights() as spec:
            return WeightWork(root, spec)
        case _:
            raise RecipeError("not a conversion", where=planned.address)
