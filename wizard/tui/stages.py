"""A dataset's steps as the few stages people think in: terms, download, unpack, labels, check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby
from types import MappingProxyType

from wizard.engine.views import FailureGroup, Need, Snapshot, State, StepView, TransferView
from wizard.recipes.model import Dataset, Recipe
from wizard.recipes.steps import Labels

FINISH = "finish"
"""Dataset id of the steps that close a collection."""

NAMES = MappingProxyType(
    {
        "terms": "Terms",
        "fetch": "Download",
        "extract": "Unpack",
        "assign": "Set path",
        "arrange": "Arrange",
        "place": "Place",
        "symlinks": "Link",
        "write": "Write",
        "remove": "Tidy",
        "lookup": "Renumber",
        "captions": "Captions",
        "class-folders": "Sort",
        "parquet-images": "Unpack",
        "merge-instances": "Merge",
        "mat": "Convert",
        "rle-labels": "Convert",
        "pickled-labels": "Convert",
        "polygons": "Draw",
        "instances": "Draw",
        "edges": "Edges",
        "boundary-weights": "Weights",
        "labels": "Labels",
        "verify": "Check",
        "check": "Check",
        "report": "Report",
        "clear-credentials": "Clear logins",
    }
)
"""What each kind of step is called on screen."""

URGENCY: tuple[State, ...] = (
    "failed",
    "waiting",
    "running",
    "paused",
    "partial",
    "todo",
    "locked",
    "done",
)
"""Which state speaks for several: what needs a person first, then what moves."""


def worst(states: Iterable[State]) -> State:
    """The state that speaks for a group of steps."""
    return min(states, key=URGENCY.index, default="done")


def wants(step: StepView) -> bool:
    """Whether a step waits for a person, and not only for a file that is being copied."""
    return step.need is not None and not step.need.soon


@dataclass(frozen=True, slots=True)
class Stage:
    """Neighbouring steps of one kind."""

    name: str
    kind: str
    steps: tuple[StepView, ...]

    @property
    def state(self) -> State:
        """The state that speaks for the stage."""
        return worst(step.state for step in self.steps)

    @property
    def need(self) -> tuple[str, Need] | None:
        """The first step that waits for a person: its address and what it wants."""
        for step in self.steps:
            if step.need is not None and wants(step):
                return step.address, step.need
        return None

    @property
    def needs(self) -> int:
        """How many steps wait for a person."""
        return sum(wants(step) for step in self.steps)

    @property
    def failures(self) -> tuple[FailureGroup, ...]:
        """Failures of all its steps."""
        return tuple(group for step in self.steps for group in step.failures)

    @property
    def waits_for(self) -> tuple[str, ...]:
        """Addresses outside the stage that lock it, without repeats."""
        own = {step.address for step in self.steps}
        found = [address for step in self.steps for address in step.waits_for]
        return tuple(dict.fromkeys(address for address in found if address not in own))


@dataclass(frozen=True, slots=True)
class Focus:
    """What a pane shows: a dataset of the recipe, one stage of it, and the moment."""

    dataset: Dataset
    stage: Stage
    stages: tuple[Stage, ...]
    snapshot: Snapshot
    asked: float | None = None
    """When its licence was asked for, seconds since the epoch."""

    @property
    def transfers(self) -> tuple[TransferView, ...]:
        """The transfers of the stage."""
        own = {step.address for step in self.stage.steps}
        return tuple(view for view in self.snapshot.transfers if view.address in own)


def stages(steps: Sequence[StepView]) -> tuple[Stage, ...]:
    """Group a dataset's steps into stages, order kept."""
    groups = groupby(steps, key=lambda step: step.kind)
    return tuple(Stage(spoken(kind), kind, tuple(own)) for kind, own in groups)


def spoken(kind: str) -> str:
    """A kind of step in a word: ``Weights``."""
    return NAMES.get(kind, kind.replace("-", " ").capitalize())


def steps_of(snapshot: Snapshot, dataset: str) -> tuple[StepView, ...]:
    """The steps of one dataset, in order; once its files came one way, not those of others."""
    taken = next((own.way for own in snapshot.datasets if own.id == dataset), "")
    return tuple(
        step
        for step in snapshot.steps
        if step.dataset == dataset and (not taken or step.way in ("", taken))
    )


def current(all_stages: Sequence[Stage]) -> int:
    """Index of the stage to show: what needs a person, else what moves, else the next."""
    if not all_stages:
        return 0
    state = worst(stage.state for stage in all_stages)
    if state == "done":
        return len(all_stages) - 1
    return next(place for place, stage in enumerate(all_stages) if stage.state == state)


def dataset_of(recipe: Recipe, dataset: str) -> Dataset:
    """A dataset of the recipe; the closing steps get a stand-in of their own."""
    for known in recipe.datasets:
        if known.id == dataset:
            return known
    about = "What closes the whole collection: the report, and clearing what was stored."
    return Dataset(id=dataset, title=dataset.title(), folder="", about=about)


def has_labels(dataset: Dataset) -> bool:
    """Whether label work is done in a dataset, so that there is something to look at."""
    return any(isinstance(step, Labels) for step in dataset.steps)


def title_of(recipe: Recipe, address: str) -> str:
    """An address in words: ``ScanNet, Download``."""
    dataset, _, step = address.partition("/")
    kind = step.partition(":")[0]
    return f"{dataset_of(recipe, dataset).title}, {NAMES.get(kind, step.replace('-', ' '))}"
