"""Steps that make labels: MATLAB files, polygons, and every taxonomy of the lists."""

from __future__ import annotations

import operator
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Generic, Protocol, overload, runtime_checkable

from wizard.errors import LabelError, Reopened, WaitingError
from wizard.files import make_way
from wizard.findings import Finding, grouped
from wizard.folders import sizes_in
from wizard.kinds.labelling.mending import Mender, mender_of
from wizard.kinds.labelling.sources import Brought, Sources, sources_of
from wizard.state.shards import Shard
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Probe, Resource, StepContext
from wizard.work import ItemT, Work
from wizard.workers.batch import Workers, run_batch


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


class KeptProofs(Protocol):
    """Keeps what workers prove beside the making of labels."""

    def keep(self, proofs: bytes) -> None:
        """Take proofs."""
        ...

    def settle(self) -> None:
        """Write down those that had to wait for the disk."""
        ...


@dataclass(frozen=True, slots=True)
class LabelStep:
    """Runs a label work over what is missing on disk."""

    address: str
    dataset: str
    title: str
    kind: str
    dependencies: tuple[str, ...]
    work: LabelWork[Any]
    workers: Workers
    sources: Sources | Brought | None = None
    """The archives the labels are made from, where they are to follow a replaced one."""
    proofs: KeptProofs | None = None
    """Takes the proofs that the work hands over."""
    mender: Mender | None = None
    """What takes away files that were altered, so that they are unpacked anew first."""
    resource: Resource = "cpu"
    _reopened: list[str] = field(default_factory=list, compare=False, repr=False)

    def probe(self) -> Probe:
        """Count the items whose outputs are all there, with one look at each folder."""
        try:
            rows = _rows(self.work)
        except LabelError:
            return Probe("todo", unit=self.work.unit)
        done, total = sum(rows), len(rows)
        if not done:
            return Probe("todo", 0, total or None, self.work.unit)
        if self.sources and self.sources.replaced():
            return Probe("todo", 0, total, self.work.unit, self.sources.why)
        return Probe("done" if done == total else "partial", done, total, self.work.unit)

    def run(self, context: StepContext) -> None:
        """Make what is missing; raises ``LabelError`` after everything else was tried.

        Once, ``Reopened`` has the steps before look again for what labels are made from.
        """
        if self.mender:
            # One changed letter breaks a table, or names labels that nobody would ever take away.
            self.mender.replace_altered(context.token)
        notes = self.work.start()
        if self.sources:
            self._follow(self.sources)
        rows = list(_finished(self.work.expected()))
        if not rows:
            self._look_again("there is nothing to make labels from")
            raise LabelError(
                "there is nothing to make labels from",
                where=self.address,
                hint="unpack the dataset's archives again",
            )
        counter = context.counter
        counter.total, counter.unit, counter.done = len(rows), self.work.unit, sum(rows)
        if not all(rows):
            self._make(notes, context)
        self.work.finish()

    def probe_part(self, shard: Shard) -> Probe:
        """Count what is there of one shard's part."""
        try:
            rows = _rows(self.work)
        except LabelError:
            return Probe("todo", unit=self.work.unit)
        mine = rows[shard.index :: shard.of]
        done, total = sum(mine), len(mine)
        if done == total and len(rows) and not (self.sources and self.sources.replaced()):
            return Probe("done", done, total, self.work.unit)
        return Probe("partial" if done else "todo", done, total or None, self.work.unit)

    def make_part(self, shard: Shard, context: StepContext) -> None:
        """Make what is missing of one shard's part, and nothing that only the whole may do.

        Raises as ``run``, and ``WaitingError`` where something has to be taken away first: what
        others may be reading goes only when nobody else is at work.
        """
        altered = self.mender.has_altered(context.token) if self.mender else False
        notes = () if altered else self.work.start()
        rows = () if altered else list(_finished(self.work.expected()))
        # Whoever makes labels notes before what of: of those that are there, this is then known.
        if altered or (any(rows) and self.sources and self.sources.replaced()):
            raise WaitingError(
                "what labels are made from was altered or replaced",
                where=self.address,
                hint="the run of the whole, which comes after the shards, mends that",
            )
        if self.sources:
            self.sources.keep()
        if not rows:
            raise LabelError("there is nothing to make labels from", where=self.address)
        mine, counter = rows[shard.index :: shard.of], context.counter
        counter.total, counter.unit, counter.done = len(mine), self.work.unit, sum(mine)
        if not all(mine):
            self._make(notes, context, shard)

    def _follow(self, sources: Sources | Brought) -> None:
        """Clear labels made from files that were replaced, and note what is there now."""
        if sources.replaced():
            for outputs in self.work.expected():
                for path in outputs:
                    Path(path).unlink(missing_ok=True)
        sources.keep()

    def _make(
        self, notes: tuple[Finding, ...], context: StepContext, shard: Shard | None = None
    ) -> None:
        findings = [*notes]
        try:
            findings += run_batch(
                self.work,
                _unfinished(self.work.items(), shard),
                workers=self.workers,
                counter=context.counter,
                token=context.token,
                keep=self.proofs.keep if self.proofs else None,
            )
        finally:
            if self.proofs:
                self.proofs.settle()
        context.failures.extend(grouped(findings))
        failed = sum(finding.fatal for finding in findings)
        if not failed:
            self._check_all_made(shard)
        if failed:
            raise LabelError(
                f"{failed} failures in {context.counter.total} {self.work.unit}",
                cause="labels",
                where=self.address,
                hint="see the list of failures; run again once their causes are mended",
            )

    def _check_all_made(self, shard: Shard | None) -> None:
        """Raise ``LabelError`` naming what is missing although everything there was is done."""
        cache = _OpenCache()
        rows = enumerate(self.work.expected())
        mine = (outputs for row, outputs in rows if shard is None or shard.takes(row))
        wanted = (path for outputs in mine for path in outputs)
        missing = [path for path in wanted if not cache.holds(path)]
        if missing:
            self._look_again("what labels are made from is missing")
            raise LabelError(
                f"{len(missing)} labels are missing, and so is what they are made from,"
                f" {Path(missing[0]).name} first",
                cause="missing-source",
                where=self.address,
                hint="Bring the dataset's archives to the inbox, or have them fetched again.",
            )

    def _look_again(self, why: str) -> None:
        """Have the steps before look at the disk again, the first time in a run."""
        if self.dependencies and not self._reopened:
            self._reopened.append(why)
            raise Reopened(f"{why}; the steps before are looked at again", cause="mending")


@runtime_checkable
class HasTargets(Protocol):
    """Items that know their outputs without being made one by one."""

    def targets(self) -> Iterator[tuple[str, ...]]:
        """Yield the outputs of each item as text."""
        ...


@runtime_checkable
class InColumns(Protocol):
    """A work that can tell its outputs by kind, so that few of them are held at once."""

    def columns(self) -> Iterator[tuple[str, Iterator[str]]] | None:
        """Return for each kind of output a folder and the path below it of every item.

        None where only ``expected`` tells the items apart.
        """
        ...


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
class _OpenCache:
    """Which files with content lie in the folders asked about; every folder is listed once."""

    folders: dict[str, dict[str, int]] = field(default_factory=dict)

    def holds(self, path: str) -> bool:
        """Tell whether a file with content is there."""
        folder, _, name = path.rpartition("/")
        return self.listed(folder).get(name, 0) > 0

    def in_the_way(self, path: str) -> bool:
        """Tell whether something without content has the name of a file."""
        folder, _, name = path.rpartition("/")
        return self.listed(folder).get(name, 1) <= 0

    def listed(self, folder: str) -> dict[str, int]:
        """Return the sizes of the files of a folder."""
        if folder not in self.folders:
            self.folders[folder] = sizes_in(folder)
        return self.folders[folder]


def _unfinished(items: Sequence[ItemT], shard: Shard | None = None) -> Subset[ItemT]:
    """Return the items some output of which is not there, and free the names they need.

    Of one shard's part, those of it alone.
    """
    cache = _OpenCache()
    rows = []
    for row, outputs in enumerate(_outputs(items)):
        if shard is not None and not shard.takes(row):
            continue
        missing = [path for path in outputs if not cache.holds(path)]
        if missing:
            rows.append(row)
        for path in missing:
            if cache.in_the_way(path):
                make_way(Path(path))
    return Subset(items, rows)


def _outputs(items: Sequence[ItemT]) -> Iterator[tuple[str, ...]]:
    """Yield the outputs of each item as text, without making items where that can be spared."""
    if isinstance(items, HasTargets):
        yield from items.targets()
    else:
        yield from (tuple(map(str, item.outputs)) for item in items)


def _rows(work: LabelWork[Any]) -> Sequence[int]:
    """Say of each item whether all of its outputs are there, 1 or 0."""
    columns = work.columns() if isinstance(work, InColumns) else None
    if columns is None:
        return list(_finished(work.expected()))
    rows = bytearray()
    for folder, paths in columns:
        there = bytearray(_there(folder, paths))
        rows = bytearray(map(operator.and_, rows, there)) if rows else there
    return rows


def _there(top: str, paths: Iterable[str]) -> Iterator[bool]:
    """Say of each path below a folder whether a file with content is there."""
    cache, last, sizes = _OpenCache(), None, dict[str, int]()
    for path in paths:
        folder, _, name = path.rpartition("/")
        if folder != last:
            last, sizes = folder, cache.listed(f"{top}/{folder}")
        yield sizes.get(name, 0) > 0


def _finished(expected: Iterable[tuple[str, ...]]) -> Iterator[bool]:
    """Say of each item whether all of its outputs are there."""
    cache = _OpenCache()
    for outputs in expected:
        yield all(cache.holds(path) for path in outputs)


def following(
    planned: PlannedStep,
    install: Install,
    work: LabelWork[Any],
    proofs: KeptProofs | None = None,
) -> LabelStep:
    """Bind a work that starts over when an archive it rests on was replaced."""
    step = label_step(planned, install, work)
    sources, mender = sources_of(planned, install), mender_of(planned, install)
    return replace(step, sources=sources, proofs=proofs, mender=mender)


def workers_of(install: Install) -> Workers:
    """Return the crew that an install's settings ask for."""
    settings = install.settings
    return Workers(settings.workers, settings.executor, settings.scheduler, install.place.state)


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
        dependencies=planned.dependencies,
        work=work,
        workers=workers_of(install),
    )
