"""Steps that make folders and annotation files out of what several archives hold."""

from __future__ import annotations

from typing import Any

from wizard.engine.install import Install
from wizard.engine.kinds.labels import LabelStep, LabelWork, base_folder, label_step
from wizard.engine.kinds.proofs import record_path
from wizard.errors import RecipeError
from wizard.labels.captions import CaptionWork
from wizard.labels.class_folders import ClassFolderWork
from wizard.labels.merge import MergeWork
from wizard.labels.shards import ShardWork
from wizard.plan.model import PlannedStep
from wizard.recipes.assemblies import Captions, ClassFolders, MergeInstances, ParquetImages


def build_assembly(planned: PlannedStep, install: Install) -> LabelStep:
    """Return the step for any table of ``recipes.assemblies``."""
    return label_step(planned, install, _work(planned, install))


def _work(planned: PlannedStep, install: Install) -> LabelWork[Any]:
    root = base_folder(planned, install)
    match planned.spec:
        case ClassFolders() as spec:
            return ClassFolderWork(root, spec)
        case ParquetImages() as spec:
            return ShardWork(root, spec, record_path(install.place.state, planned.address))
        case Captions() as spec:
            return CaptionWork(root, spec)
        case MergeInstances() as spec:
            return MergeWork(root, spec)
        case _:
            raise RecipeError("not an assembly", where=planned.address)
