"""Making labels: from MATLAB files, polygons and annotations, and for every taxonomy of lists."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from wizard.kinds.fetching.proofs import record_path
from wizard.kinds.kind import Kind
from wizard.kinds.labelling.sources import Brought
from wizard.kinds.labelling.step import base_folder, following, label_step
from wizard.labels.specs.conversions import (
    BoundaryWeights,
    Edges,
    Instances,
    PickledLabels,
    RleLabels,
)
from wizard.labels.specs.taxonomies import Labels, Lookup, Mat, Polygons
from wizard.recipes.order import fetch_address
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep, spec_as
from wizard.steps.step import Step


def _labels(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.proving.verify import proofs_of
    from wizard.labels.works.remap import RemapWork
    from wizard.verify.making_witness import MakingWitness

    spec, root = spec_as(planned, Labels), base_folder(planned, install)
    proofs = proofs_of(planned.dataset, install)
    witness = MakingWitness(proofs, spec) if proofs else None
    work = RemapWork(root, install.place.dest / spec.tables, spec, witness=witness)
    return following(planned, install, work, proofs)


def _polygons(planned: PlannedStep, install: Install) -> Step:
    from wizard.kinds.proving.verify import proofs_of
    from wizard.labels.works.polygon_files import PolygonWork
    from wizard.verify.making_witness import PolygonWitness

    spec, root = spec_as(planned, Polygons), base_folder(planned, install)
    proofs = proofs_of(planned.dataset, install)
    witness = PolygonWitness(proofs, *spec.layers()) if proofs else None
    work = PolygonWork(root, install.place.dest / spec.tables, spec, witness=witness)
    return following(planned, install, work, proofs)


def _mat(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.mat import MatWork

    work = MatWork(base_folder(planned, install), spec_as(planned, Mat))
    return following(planned, install, work)


def _instances(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.instances import InstanceWork

    root, spec = base_folder(planned, install), spec_as(planned, Instances)
    return label_step(planned, install, InstanceWork(root, spec, _written(planned, install)))


def _run_lengths(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.run_lengths import RunLengthWork

    root, spec = base_folder(planned, install), spec_as(planned, RleLabels)
    return label_step(planned, install, RunLengthWork(root, spec, _written(planned, install)))


def _pickled(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.derived import PickledWork

    root, spec = base_folder(planned, install), spec_as(planned, PickledLabels)
    return label_step(planned, install, PickledWork(root, spec, _written(planned, install)))


def _edges(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.derived import EdgeWork

    work = EdgeWork(base_folder(planned, install), spec_as(planned, Edges))
    return label_step(planned, install, work)


def _lookup(planned: PlannedStep, install: Install) -> Step:
    from wizard.labels.works.derived import LookupWork

    work = LookupWork(base_folder(planned, install), spec_as(planned, Lookup))
    return label_step(planned, install, work)


def _weights(planned: PlannedStep, install: Install) -> Step:
    """Bind the weights to the archive of ready ones, which may come after they were computed."""
    from wizard.labels.works.derived import WeightWork

    spec, root = spec_as(planned, BoundaryWeights), base_folder(planned, install)
    if not spec.ready:
        return label_step(planned, install, WeightWork(root, spec, None))
    state, fetch = install.place.state, fetch_address(planned.dataset, spec.ready)
    archive = _place(planned, install, spec.ready)
    taken = record_path(state, f"{planned.address}:{spec.ready}")
    step = label_step(planned, install, WeightWork(root, spec, archive))
    return replace(step, sources=Brought(taken, record_path(state, fetch), archive))


def _written(planned: PlannedStep, install: Install) -> Path:
    """Return where a step remembers which labels it wrote."""
    return record_path(install.place.state, planned.address)


def _place(planned: PlannedStep, install: Install, name: str) -> Path:
    """Return where an archive of the step's dataset belongs."""
    dataset = install.recipe.dataset(planned.dataset)
    return install.place.dest / install.recipe.archive_place(dataset, dataset.archive(name))


KINDS = (
    Kind(
        table=Labels,
        word="Labels",
        title="Write labels",
        role="labels",
        writes="labels",
        build=_labels,
    ),
    Kind(
        table=Polygons,
        word="Draw",
        title="Draw polygons as labels",
        role="convert",
        writes="labels",
        build=_polygons,
    ),
    Kind(
        table=Mat,
        word="Convert",
        title="Convert MATLAB files",
        role="convert",
        writes="labels",
        build=_mat,
    ),
    Kind(
        table=Instances,
        word="Draw",
        title="Draw instances as labels",
        role="convert",
        writes="labels",
        build=_instances,
    ),
    Kind(
        table=RleLabels,
        word="Convert",
        title="Paint run-lengths as labels",
        role="convert",
        writes="labels",
        build=_run_lengths,
    ),
    Kind(
        table=PickledLabels,
        word="Convert",
        title="Unpack pickled labels",
        role="convert",
        writes="labels",
        build=_pickled,
    ),
    Kind(
        table=Edges,
        word="Edges",
        title="Mark borders between classes",
        role="convert",
        writes="labels",
        build=_edges,
    ),
    Kind(
        table=BoundaryWeights,
        word="Weights",
        title="Compute loss weights",
        role="convert",
        writes="labels",
        build=_weights,
    ),
    Kind(table=Lookup, word="Renumber", role="convert", writes="labels", build=_lookup),
)
