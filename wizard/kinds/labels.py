"""Making labels from MATLAB files, polygons, and for every taxonomy of the lists."""

from __future__ import annotations

from wizard.kinds.kind import Kind
from wizard.kinds.labelling.step import base_folder, following
from wizard.labels.specs.taxonomies import Labels, Mat, Polygons
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
)
