"""What steps take of the processor: one model for the plan's hours and for what is started first.

Rates are as ``tests/benchmarks`` measures them; a recipe says only what labels take, which no size
tells.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence

from msgspec.structs import replace as changed

from wizard.kinds.registry import known_kinds
from wizard.recipes.model import Archive
from wizard.steps.planned import Plan, PlannedDataset, PlannedStep

PROGRAM = 1.0
"""CPU seconds from the start of a run to its first step, and after its last."""
STEP = 0.01
"""CPU seconds of a step that does next to nothing."""
_FETCHED = 3e-9
"""CPU seconds a byte: TLS, writing, sha256."""
_UNPACKED = 3e-9
_MEMBER = 6e-5
"""CPU seconds of a file: its name checked, made, written down."""
_PROVEN = 1e-4
"""CPU seconds of a label file whose making left a proof."""
_DRAWN = 0.1
"""CPU seconds of a dataset's part of the report: some of its images are decoded and drawn."""


def fetching(size: int) -> float:
    """Return the CPU seconds of fetching an archive of so many bytes."""
    return STEP + size * _FETCHED


def unpacking(archive: Archive) -> float:
    """Return the CPU seconds of unpacking an archive."""
    return STEP + archive.unpacked_about * _UNPACKED + archive.files_about * _MEMBER


def proving(label_files: int) -> float:
    """Return the CPU seconds of proving and drawing a dataset with so many files of labels."""
    return STEP + _DRAWN + label_files * _PROVEN


def cpu_seconds(plan: Plan) -> Mapping[str, float]:
    """Return about how many CPU seconds each step of a plan takes, by address.

    The label work of a dataset is spread over the steps of one source that make labels.
    """
    datasets = {each.id: each for each in plan.datasets}
    archives = {
        (step.dataset, step.archive.name): step.archive for step in plan.steps if step.archive
    }
    makers = _label_steps(plan.steps)
    return {
        step.address: _of_step(step, datasets.get(step.dataset), archives, makers)
        for step in plan.steps
    }


def work_by_dataset(plan: Plan) -> Mapping[str, float]:
    """Return about how many CPU seconds each dataset takes, with what is not there yet fetched."""
    found: defaultdict[str, float] = defaultdict(float)
    bare = [changed(each, label_seconds=0.0) for each in plan.datasets]
    seconds = cpu_seconds(changed(plan, datasets=tuple(bare)))
    for step in plan.steps:
        if not (step.optional or step.address in plan.present):
            found[step.dataset] += seconds[step.address]
    for dataset in plan.datasets:
        found[dataset.id] += dataset.label_seconds
    return found


def _of_step(
    step: PlannedStep,
    dataset: PlannedDataset | None,
    archives: Mapping[tuple[str, str], Archive],
    makers: Mapping[str, Sequence[PlannedStep]],
) -> float:
    if step.archive:
        return fetching(step.archive.size or step.archive.size_about)
    if dataset is None:
        return STEP
    if step.spec.unpacks and (taken := archives.get((step.dataset, step.spec.takes))):
        return unpacking(taken)
    kind = known_kinds().of(step.spec)
    if kind.role == "prove":
        return proving(dataset.label_files)
    own = makers.get(step.dataset, ())
    return STEP + (dataset.label_seconds / _sharing(step, own) if step in own else 0.0)


def _sharing(step: PlannedStep, makers: Sequence[PlannedStep]) -> int:
    """Return how many steps make a dataset's labels where this one does."""
    sources = Counter(each.alternative for each in makers)
    common = sources.pop("", 0)
    return common + (sources[step.alternative] or max(sources.values(), default=0))


def _label_steps(steps: Iterable[PlannedStep]) -> Mapping[str, Sequence[PlannedStep]]:
    """Return the steps of each dataset that make labels, or else those that write such files."""
    named: dict[str, list[PlannedStep]] = {}
    others: dict[str, list[PlannedStep]] = {}
    for step in steps:
        kind = known_kinds().of(step.spec)
        if kind.writes == "labels":
            found = named if kind.role in ("labels", "convert") else others
            found.setdefault(step.dataset, []).append(step)
    return {**others, **named}
