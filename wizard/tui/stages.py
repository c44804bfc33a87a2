"""A dataset's steps as the few stages people think in: terms, download, unpack, labels, check."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from wizard.findings import FailureGroup
from wizard.recipes.model import Dataset, Recipe
from wizard.views import Request, Role, Snapshot, State, StepView, TransferView

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
    return step.request is not None and not step.request.soon


@dataclass(frozen=True, slots=True)
class Stage:
    """Neighbouring steps of one kind."""

    name: str
    role: Role
    steps: tuple[StepView, ...]

    @property
    def state(self) -> State:
        """The state that speaks for the stage."""
        return worst(step.state for step in self.steps)

    @property
    def request(self) -> tuple[str, Request] | None:
        """The first step that waits for a person: its address and what it wants."""
        for step in self.steps:
            if step.request is not None and wants(step):
                return step.address, step.request
        return None

    @property
    def dependencies(self) -> int:
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


LEFT_OUT = Stage("Left out", "work", ())
"""What is shown of a dataset that is no part of the install."""


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


def focus_on(
    snapshot: Snapshot, recipe: Recipe, dataset: str, looked: int | None, asked: float | None
) -> tuple[Focus, int]:
    """What to show of a dataset, and the place of its stage: the one looked at, or what is on."""
    every = stages(steps_of(snapshot, dataset))
    place = min(current(every) if looked is None else looked, max(0, len(every) - 1))
    stage = every[place] if every else LEFT_OUT
    return Focus(dataset_of(recipe, dataset), stage, every, snapshot, asked), place


def stages(steps: Sequence[StepView]) -> tuple[Stage, ...]:
    """Group a dataset's steps into stages, order kept."""
    groups = [tuple(own) for _, own in groupby(steps, key=lambda step: step.kind)]
    return tuple(Stage(own[0].word, own[0].role, own) for own in groups)


def steps_of(snapshot: Snapshot, dataset: str) -> tuple[StepView, ...]:
    """The steps of one dataset, in order; once its files came one way, not those of others."""
    taken = next((own.alternative for own in snapshot.datasets if own.id == dataset), "")
    return tuple(
        step
        for step in snapshot.steps
        if step.dataset == dataset and (not taken or step.alternative in ("", taken))
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
    return any(step.makes_taxonomies for step in dataset.steps)
