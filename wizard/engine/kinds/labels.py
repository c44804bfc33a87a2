"""Steps that make labels: MATLAB files, polygons, and every taxonomy of the lists."""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Protocol, overload

from wizard.engine.batch import Crew, grouped, run_batch
from wizard.engine.install import Install
from wizard.engine.kinds.sources import Brought, Sources, sources_of
from wizard.engine.step import Lane, Probe, StepContext
from wizard.errors import LabelError, RecipeError
from wizard.labels.mat import MatWork
from wizard.labels.polygon_work import PolygonWork
from wizard.labels.remap import RemapWork
from wizard.plan.model import PlannedStep
from wizard.recipes.steps import Labels, Mat, Polygons
from wizard.work import Finding, ItemT, Work


class LabelWork(Work[ItemT], Protocol[ItemT]):
    """A work that leaves label files behind."""

    def expected(self) -> Iterable[tuple[str, ...]]:
        """Yield the paths every item must leave, in the order of the items.

        Once a finished work has removed its sources, its outputs stand for them.
        """
        ...

    def start(self) -> tuple[Finding, ...]:
        """Read afresh what all items share and return what to know; raises ``LabelError``."""
        ...

    def finish(self) -> None:
        """Tidy up after every output is whole."""
        ...


@dataclass(frozen=True, slots=True)
class LabelStep:
    """Runs a label work over what is missing on disk."""

    address: str
    dataset: str
    title: str
    kind: str
    needs: tuple[str, ...]
    work: LabelWork[Any]
    crew: Crew
    sources: Sources | Brought | None = None
    """The archives the labels are made from, where they are to follow a replaced one."""
    lane: Lane = "cpu"

    def probe(self) -> Probe:
        """Count the items whose outputs are all there, with one look at each folder."""
        try:
            rows = list(_finished(self.work.expected()))
        except LabelError:
            return Probe("todo", unit=self.work.unit)
        done, total = sum(rows), len(rows)
        if not done:
            return Probe("todo", 0, total or None, self.work.unit)
        if self.sources and self.sources.replaced():
            return Probe("todo", 0, total, self.work.unit, self.sources.why)
        return Probe("done" if done == total else "partial", done, total, self.work.unit)

    def run(self, context: StepContext) -> None:
        """Make what is missing; raises ``LabelError`` after everything else was tried."""
        notes = self.work.start()
        if self.sources:
            self._follow(self.sources)
        rows = list(_finished(self.work.expected()))
        if not rows:
            raise LabelError(
                "there is nothing to make labels from",
                where=self.address,
                hint="unpack the dataset's archives again",
            )
        counter = context.counter
        counter.total, counter.unit, counter.done = len(rows), self.work.unit, sum(rows)
        if not all(rows):
            self._make([row for row, made in enumerate(rows) if not made], notes, context)
        self.work.finish()

    def _follow(self, sources: Sources | Brought) -> None:
        """Clear labels made from files that were replaced, and note what is there now."""
        if sources.replaced():
            for outputs in self.work.expected():
                for path in outputs:
                    Path(path).unlink(missing_ok=True)
        sources.keep()

    def _make(self, missing: list[int], notes: tuple[Finding, ...], context: StepContext) -> None:
        findings = [*notes]
        findings += run_batch(
            self.work,
            Subset(self.work.items(), missing),
            crew=self.crew,
            counter=context.counter,
            token=context.token,
        )
        context.failures.extend(grouped(findings))
        failed = sum(finding.fatal for finding in findings)
        failed = failed or sum(not made for made in _finished(self.work.expected()))
        if failed:
            raise LabelError(
                f"{failed} failures in {context.counter.total} {self.work.unit}",
                cause="labels",
                where=self.address,
                hint="see the list of failures; run again once their causes are mended",
            )


class Subset(Sequence[ItemT], Generic[ItemT]):
    """Some rows of a sequence, made into items only when asked for."""

    def __init__(self, items: Sequence[ItemT], rows: list[int]) -> None:
        self._items = items
        self._rows = rows

    def __len__(self) -> int:
        return len(self._rows)

    @overload
    def __getitem__(self, index: int) -> ItemT: ...
    @overload
    def __getitem__(self, index: slice) -> Subset[ItemT]: ...
    def __getitem__(self, index: int | slice) -> ItemT | Subset[ItemT]:
        if isinstance(index, slice):
            return Subset(self._items, self._rows[index])
        return self._items[self._rows[index]]


@dataclass(slots=True)
class _Shelf:
    """Which files with content lie in the folders asked about; every folder is listed once."""

    folders: dict[str, frozenset[str]] = field(default_factory=dict)

    def holds(self, path: str) -> bool:
        folder, _, name = path.rpartition("/")
        if folder not in self.folders:
            self.folders[folder] = frozenset(_filled(folder))
        return name in self.folders[folder]


def _filled(folder: str) -> Iterator[str]:
    try:
        with os.scandir(folder) as entries:
            yield from (entry.name for entry in entries if entry.stat().st_size)
    except (FileNotFoundError, NotADirectoryError):
        return


def _finished(expected: Iterable[tuple[str, ...]]) -> Iterator[bool]:
    """Say of each item whether all of its outputs are there."""
    shelf = _Shelf()
    for outputs in expected:
        yield all(shelf.holds(path) for path in outputs)


def build_labels(planned: PlannedStep, install: Install) -> LabelStep:
    """Return the step for a ``Labels`` table."""
    spec = planned.spec
    if not isinstance(spec, Labels):
        raise RecipeError("not a labels step", where=planned.address)
    root, tables = base_folder(planned, install), install.place.dest / spec.tables
    return _following(planned, install, RemapWork(root, tables, spec))


def build_polygons(planned: PlannedStep, install: Install) -> LabelStep:
    """Return the step for a ``Polygons`` table."""
    spec = planned.spec
    if not isinstance(spec, Polygons):
        raise RecipeError("not a polygons step", where=planned.address)
    root, tables = base_folder(planned, install), install.place.dest / spec.tables
    return _following(planned, install, PolygonWork(root, tables, spec))


def build_mat(planned: PlannedStep, install: Install) -> LabelStep:
    """Return the step for a ``Mat`` table."""
    spec = planned.spec
    if not isinstance(spec, Mat):
        raise RecipeError("not a mat step", where=planned.address)
    return _following(planned, install, MatWork(base_folder(planned, install), spec))


def _following(planned: PlannedStep, install: Install, work: LabelWork[Any]) -> LabelStep:
    """Bind a work that starts over when an archive it rests on was replaced."""
    return replace(label_step(planned, install, work), sources=sources_of(planned, install))


def crew_of(install: Install) -> Crew:
    """Return the crew that an install's settings ask for."""
    settings = install.settings
    return Crew(settings.workers, settings.executor, settings.scheduler, install.place.state)


def base_folder(planned: PlannedStep, install: Install) -> Path:
    """Return the folder that the paths of a step's dataset start from."""
    recipe = install.recipe
    return install.place.dest / recipe.base(recipe.dataset(planned.dataset))


def label_step(planned: PlannedStep, install: Install, work: LabelWork[Any]) -> LabelStep:
    """Bind a work to its planned step."""
    return LabelStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        needs=planned.needs,
        work=work,
        crew=crew_of(install),
    )
