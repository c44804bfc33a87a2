"""Folders and annotation files made out of what several archives hold."""

from __future__ import annotations

from wizard.kinds.fetching.proofs import record_path
from wizard.kinds.kind import Kind
from wizard.kinds.labelling.step import base_folder, label_step
from wizard.labels.specs.assemblies import Captions, ClassFolders, MergeInstances, ParquetImages
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep, spec_as
from wizard.steps.step import Step


def _class_folders(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.class_folders import ClassFolderWork

    work = ClassFolderWork(base_folder(planned, install), spec_as(planned, ClassFolders))
    return label_step(planned, install, work)


def _shards(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.shards import ShardWork

    root, spec = base_folder(planned, install), spec_as(planned, ParquetImages)
    record = record_path(install.place.state, planned.address)
    return label_step(planned, install, ShardWork(root, spec, record))


def _captions(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.captions import CaptionWork

    work = CaptionWork(base_folder(planned, install), spec_as(planned, Captions))
    return label_step(planned, install, work)


def _merged(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.merge_annotations import MergeWork

    work = MergeWork(base_folder(planned, install), spec_as(planned, MergeInstances))
    return label_step(planned, install, work)


KINDS = (
    Kind(table=ClassFolders, word="Sort", writes="labels", build=_class_folders),
    Kind(table=ParquetImages, word="Unpack", writes="labels", build=_shards),
    Kind(table=Captions, word="Captions", role="convert", writes="labels", build=_captions),
    Kind(table=MergeInstances, word="Merge", role="convert", writes="labels", build=_merged),
)
