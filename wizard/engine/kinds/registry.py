"""Which builder makes the step of which kind.

Builders are imported when a plan needs them: numpy and httpx are slow to load.
"""

from __future__ import annotations

from wizard.engine.install import Install
from wizard.engine.step import Step
from wizard.plan.model import Accept, Fetch, PlannedStep
from wizard.recipes.arrangements import Arrange, Lookup, Place, Remove, Symlinks, Write
from wizard.recipes.assemblies import Captions, ClassFolders, MergeInstances, ParquetImages
from wizard.recipes.conversions import (
    BoundaryWeights,
    Edges,
    Instances,
    PickledLabels,
    RleLabels,
)
from wizard.recipes.postconditions import Check
from wizard.recipes.steps import (
    Assign,
    ClearCredentials,
    Extract,
    Labels,
    Mat,
    Polygons,
    Report,
    Verify,
)


def build_steps(install: Install) -> tuple[Step, ...]:
    """Return the plan's steps, bound to the install, in order."""
    return tuple(build_step(planned, install) for planned in install.plan.steps)


def build_step(planned: PlannedStep, install: Install) -> Step:
    """Return one step of the plan, bound to the install."""
    match planned.spec:
        case Accept() | Fetch() | ClearCredentials():
            return _access_step(planned, install)
        case Labels() | Polygons() | Mat():
            return _label_step(planned, install)
        case Instances() | RleLabels() | PickledLabels() | Edges() | BoundaryWeights():
            from wizard.engine.kinds.conversions import build_conversion

            return build_conversion(planned, install)
        case Arrange() | Lookup() | Place() | Remove() | Symlinks() | Write():
            from wizard.engine.kinds.arrangements import build_arrangement

            return build_arrangement(planned, install)
        case Captions() | ClassFolders() | MergeInstances() | ParquetImages():
            from wizard.engine.kinds.assemblies import build_assembly

            return build_assembly(planned, install)
        case Extract():
            from wizard.engine.kinds.extract import build_extract

            return build_extract(planned, install)
        case Assign():
            from wizard.engine.kinds.assign import build_assign

            return build_assign(planned, install)
        case Check():
            from wizard.engine.kinds.check import build_check

            return build_check(planned, install)
        case Verify():
            from wizard.engine.kinds.verify import build_verify

            return build_verify(planned, install)
        case Report():
            from wizard.engine.kinds.report import build_report

            return build_report(planned, install)


def _access_step(planned: PlannedStep, install: Install) -> Step:
    match planned.spec:
        case Accept():
            from wizard.engine.kinds.terms import build_terms

            return build_terms(planned, install)
        case ClearCredentials():
            from wizard.engine.kinds.clear import build_clear

            return build_clear(planned, install)
        case _:
            from wizard.engine.kinds.fetch import build_fetch

            return build_fetch(planned, install)


def _label_step(planned: PlannedStep, install: Install) -> Step:
    from wizard.engine.kinds.labels import build_labels, build_mat, build_polygons

    match planned.spec:
        case Mat():
            return build_mat(planned, install)
        case Polygons():
            return build_polygons(planned, install)
        case _:
            return build_labels(planned, install)
