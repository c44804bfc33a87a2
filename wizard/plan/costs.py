"""What datasets take: bytes to fetch, disk, files, and waiting for what only a person can get."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import NamedTuple

from wizard.kinds.registry import known_kinds
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.recipes.order import fetch_address
from wizard.steps.planned import Plan, PlannedDataset, PlannedStep
from wizard.transfer.archive_cache import ArchiveCache


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
    here = [each for each in dataset.usual if fetch_address(dataset.id, each.name) in present]
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


def known_here(recipe: Recipe) -> frozenset[str]:
    """Return the fetch steps whose archive need not come over the network.

    An archive is known by its published hash alone; it is read again before it counts.
    """
    cache = ArchiveCache.usual()
    return frozenset(
        fetch_address(dataset.id, archive.name)
        for dataset in recipe.datasets
        for archive in dataset.archives
        if (hashes := _hashes(archive)) and cache.find(hashes)
    )


def _hashes(archive: Archive) -> dict[str, str]:
    named = {"sha256": archive.sha256, "sha1": archive.sha1, "md5": archive.md5}
    return {name: value for name, value in named.items() if value}


@dataclass(frozen=True, slots=True)
class Waiting:
    """One thing only a person can get."""

    dataset: str
    title: str
    access: str
    archives: tuple[str, ...]
    what: str
    """What is waited for, from whom."""
    wait: str
    """How long the answer takes, in words."""
    wait_days: float
    page: str
    mail: str
    """Address a draft mail goes to, if one has to be sent."""


def waiting(recipe: Recipe, plan: Plan) -> tuple[Waiting, ...]:
    """Return what every gated archive that is not here yet waits for, longest wait first."""
    gated: dict[tuple[str, str, str], list[Archive]] = {}
    for step in plan.steps:
        if step.archive and not step.optional and step.address not in plan.present:
            archive = step.archive
            if archive.access.kind != "open":
                key = (step.dataset, archive.access.kind, archive.access.site)
                gated.setdefault(key, []).append(archive)
    found = [_waiting(recipe, dataset, archives) for (dataset, *_), archives in gated.items()]
    return tuple(sorted(found, key=lambda each: -each.wait_days))


def _waiting(recipe: Recipe, name: str, archives: list[Archive]) -> Waiting:
    dataset, access = recipe.dataset(name), archives[0].access
    request = dataset.request
    return Waiting(
        dataset=dataset.id,
        title=dataset.title,
        access=access.kind,
        archives=tuple(each.name for each in archives),
        what=_what(recipe, archives[0]),
        wait=request.wait if request else "",
        wait_days=request.wait_days if request else 0.0,
        page=request.page if request else access.page,
        mail=request.mail.to if request and request.mail else "",
    )


def _what(recipe: Recipe, archive: Archive) -> str:
    site = next((each.title for each in recipe.sites if each.id == archive.access.site), "")
    return {
        "login": f"an account at {site}, then your name and password",
        "token": f"access granted by {site}, then your token",
        "link": "a link by mail or from the site, to give to segwizard",
        "base-url": "an address by mail, to give to segwizard",
        "browser": "a download in a browser, to put in its place",
        "open": "",
    }[archive.access.kind]
