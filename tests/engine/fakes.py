"""Steps that do as they are told, and installs made of them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wizard.credentials.secret import Secret
from wizard.engine.runner import Runner
from wizard.kinds.verify import Report
from wizard.recipes.model import Archive, Dataset, Recipe
from wizard.steps.install import Install, Settings
from wizard.steps.planned import Fetch, Plan, PlannedDataset, PlannedStep
from wizard.steps.step import Place, PlacedArchive, Probe, Resource, StepContext
from wizard.views import Request, StepView


class NoVault:
    """A vault that keeps nothing."""

    def get(self, site: str, field: str) -> Secret | None:
        return None

    def put(self, site: str, field: str, secret: Secret) -> str:
        return "nowhere"

    def clear(self, site: str | None = None) -> tuple[str, ...]:
        return ()

    def where(self, site: str, field: str) -> str:
        return ""


@dataclass
class FakeStep:
    """A step whose mark on the disk is one file, and whose work is a function."""

    address: str
    mark: Path
    dependencies: tuple[str, ...] = ()
    resource: Resource = "instant"
    work: Callable[[StepContext], None] = lambda context: None
    request: Request | None = None
    placed_archive: PlacedArchive | None = None
    runs: int = 0
    answers: list[Mapping[str, Secret]] = field(default_factory=list)
    size: int | None = None
    outdated: bool = False

    @property
    def dataset(self) -> str:
        return self.address.split("/")[0]

    @property
    def title(self) -> str:
        return self.address

    @property
    def kind(self) -> str:
        return self.address.split("/")[1].split(":")[0]

    def probe(self) -> Probe:
        if self.mark.exists():
            return Probe("done")
        if self.request is not None:
            return Probe("waiting", request=self.request)
        return Probe("todo", outdated=self.outdated)

    def run(self, context: StepContext) -> None:
        self.runs += 1
        self.work(context)
        self.mark.parent.mkdir(parents=True, exist_ok=True)
        self.mark.touch()

    def answer(self, values: Mapping[str, Secret]) -> str:
        self.answers.append(values)
        self.request = None
        return "thank you"

    def placed(self) -> PlacedArchive | None:
        return self.placed_archive


def make_install(dest: Path, steps: list[FakeStep], **settings: object) -> Install:
    """An install whose plan is exactly these steps."""
    names = list(dict.fromkeys(step.dataset for step in steps))
    planned = tuple(
        PlannedStep(
            address=step.address,
            dataset=step.dataset,
            title=step.title,
            kind=step.kind,
            dependencies=step.dependencies,
            spec=_spec(step),
        )
        for step in steps
    )
    plan = Plan(
        collection="toy",
        dest=str(dest),
        datasets=tuple(_dataset(name) for name in names),
        left_out=(),
        steps=planned,
        fetch_bytes=0,
        peak_bytes=0,
        end_bytes=0,
        inodes=0,
        core_seconds=0.0,
        estimated=False,
    )
    recipe = Recipe(
        id="toy",
        title="Toy",
        about="",
        root="",
        datasets=tuple(Dataset(id=n, title=n.upper(), folder=n, about="") for n in names),
    )
    place = Place(dest=dest, root=dest)
    return Install(place, recipe, plan, Settings(**settings), NoVault())  # type: ignore[arg-type]


def _spec(step: FakeStep) -> Fetch | Report:
    if step.kind == "fetch":
        return Fetch(archive=Archive(name=step.address.partition(":")[2], size=step.size))
    return Report()


def _dataset(name: str) -> PlannedDataset:
    return PlannedDataset(
        id=name,
        title=name.upper(),
        folder=name,
        access=("open",),
        fetch_bytes=0,
        present_bytes=0,
        unpacked_bytes=0,
        label_bytes=0,
        files=0,
        core_seconds=0.0,
    )


def chain(dest: Path, *addresses: str) -> list[FakeStep]:
    """Steps each of which needs the one before it."""
    steps: list[FakeStep] = []
    for address in addresses:
        dependencies = (steps[-1].address,) if steps else ()
        steps.append(FakeStep(address, dest / "marks" / address.replace(":", "_"), dependencies))
    return steps


def start(dest: Path, steps: list[FakeStep], **settings: object) -> Runner:
    """A runner at work on these steps."""
    runner = Runner(make_install(dest, steps, **settings), steps=steps)
    runner.start()
    return runner


def view(runner: Runner, address: str) -> StepView:
    """One step as viewers see it."""
    return next(step for step in runner.snapshot().steps if step.address == address)


def states(runner: Runner) -> dict[str, str]:
    """The state of every step."""
    return {step.address: step.state for step in runner.snapshot().steps}


@dataclass
class Gate:
    """Work that says when it began and goes on until told."""

    began: threading.Event = field(default_factory=threading.Event)
    go: threading.Event = field(default_factory=threading.Event)

    def __call__(self, context: StepContext) -> None:
        self.began.set()
        while not self.go.is_set():
            context.token.check()
            context.token.wait(0.01)
