"""What datasets take: bytes to fetch, disk at the fullest moment and at the end, files, hours."""

from __future__ import annotations

from collections.abc import Collection
from typing import NamedTuple

from wizard.kinds.registry import known_kinds
from wizard.recipes.model import Archive, Dataset
from wizard.recipes.order import address, fetch_id
from wizard.steps.planned import Plan, PlannedDataset, PlannedStep


class Growth(NamedTuple):
    """Disk space and files an install still adds to what is there now."""

    peak: int
    """Bytes at the fullest moment."""
    end: int
    """Bytes once all is proven; negative when deleting archives frees more than is added."""
    files: int


def size_of(archive: Archive) -> int:
    """Return the archive's size in bytes, estimated where no exact one is known."""
    return archive.size if archive.size is not None else archive.size_about


def dataset_costs(dataset: Dataset, present: Collection[str]) -> PlannedDataset:
    """Sum up one dataset; ``present`` names fetch steps whose archive need not be fetched."""
    here = [each for each in dataset.usual if address(dataset.id, fetch_id(each.name)) in present]
    return PlannedDataset(
        id=dataset.id,
        title=dataset.title,
        folder=dataset.folder,
        access=tuple(dict.fromkeys(each.access.kind for each in dataset.usual)),
        fetch_bytes=sum(map(size_of, dataset.usual)),
        present_bytes=sum(map(size_of, here)),
        unpacked_bytes=sum(each.unpacked_about for each in dataset.usual),
        label_bytes=dataset.labels_about,
        label_files=dataset.label_files_about,
        files=sum(each.files_about for each in dataset.usual) + dataset.label_files_about,
        label_seconds=dataset.core_seconds_about,
        core_seconds=0.0,  # known with the steps
        request=dataset.request if _gated(dataset) else None,
    )


def _gated(dataset: Dataset) -> bool:
    """Whether any archive is not free to fetch here; a lab's mirror opens what its site gates."""
    return any(each.access.kind != "open" for each in dataset.usual)


def growth(plan: Plan, done: Collection[str] = ()) -> Growth:
    """Simulate what is left of a plan once the steps of ``done`` are.

    Downloads run ahead of everything else on a fast line, so all outstanding archives are on the
    disk first; then datasets are unpacked and labelled one after the other, and each one's
    archives go, unless kept, once it is proven.
    """
    settled = {*done, *plan.present}
    left = [step for step in plan.steps if step.address not in settled and not step.optional]
    archives = {
        (step.dataset, step.archive.name): step.archive
        for step in plan.steps
        if step.archive and not step.optional
    }
    used = sum(size_of(step.archive) for step in left if step.archive)
    peak, files = used, 0
    for dataset in plan.datasets:
        made = _made([step for step in left if step.dataset == dataset.id], dataset, archives)
        used, files = used + made.size, files + made.files
        peak = max(peak, used)
        used -= sum(
            size_of(archive)
            for (owner, _), archive in archives.items()
            if owner == dataset.id and not stays(archive, keep=plan.keep)
        )
    return Growth(peak, used, files)


def stays(archive: Archive, *, keep: bool | None) -> bool:
    """Return whether an archive is kept once its dataset is proven."""
    return archive.keep if keep is None else keep


class _Made(NamedTuple):
    size: int
    files: int


def _made(
    left: list[PlannedStep], dataset: PlannedDataset, archives: dict[tuple[str, str], Archive]
) -> _Made:
    """What outstanding steps of one dataset write: unpacked members, and labels."""
    unpacked = [archives[dataset.id, step.spec.takes] for step in left if step.spec.unpacks]
    size = sum(each.unpacked_about for each in unpacked)
    files = sum(each.files_about for each in unpacked)
    if any(known_kinds().of(step.spec).writes == "labels" for step in left):
        size, files = size + dataset.label_bytes, files + dataset.label_files
    return _Made(size, files)
