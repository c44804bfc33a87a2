"""Report steps: what the install is made of and how it was verified, gathered from its records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from wizard.engine.journal import read_removed
from wizard.kinds.fetching.alternatives import alternative_taken
from wizard.kinds.fetching.proofs import ArchiveProof, last_proof, record_path
from wizard.kinds.proving.portraits import portraits_of
from wizard.kinds.proving.verify import dataset_subject
from wizard.kinds.registry import build_step, known_kinds
from wizard.kinds.terms import accepted
from wizard.recipes.model import Archive, Dataset
from wizard.recipes.order import fetch_address
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Probe, Resource, StepContext
from wizard.verify.proof import DatasetProof, read_dataset_proof
from wizard.verify.report.model import (
    ArchiveLine,
    Consent,
    DatasetPage,
    LeftOut,
    ReportData,
    Standing,
)
from wizard.verify.report.render import read_twin, write_report
from wizard.verify.subject import Subject
from wizard.version import __version__


@dataclass(frozen=True, slots=True)
class ReportStep:
    """Writes the report, and again whenever a dataset or an archive was proven anew."""

    address: str
    dataset: str
    title: str
    kind: str
    dependencies: tuple[str, ...]
    install: Install
    resource: Resource = "cpu"

    def probe(self) -> Probe:
        """Compare what the last report rests on with the proofs there are."""
        last = read_twin(self.install.place.dest)
        if last is None:
            return Probe("todo", total=1)
        names = {page.id for page in last.datasets}
        if last.inputs != self._inputs() or names != {each.id for each in self._chosen()}:
            return Probe("todo", total=1, detail="a newer proof is there")
        return Probe("done", 1, 1)

    def run(self, context: StepContext) -> None:
        """Gather and write."""
        chosen = self._chosen()
        context.counter.total, context.counter.unit = len(chosen), "datasets"
        pages = []
        for dataset in chosen:
            context.token.check()
            pages.append(self._page(dataset))
            context.counter.advance()
        recipe = self.install.recipe
        report = ReportData(
            collection=recipe.title,
            about=recipe.about.strip(),
            dest=str(self.install.place.dest),
            software=f"segwizard {__version__}",
            moment=time.time(),
            datasets=tuple(pages),
            left_out=tuple(self._left_out()),
            document=recipe.document,
            inputs=self._inputs(),
        )
        page, _ = write_report(self.install.place.dest, report)
        context.detail = str(page)

    def _chosen(self) -> list[Dataset]:
        ids = {each.id for each in self.install.plan.datasets}
        return [dataset for dataset in self.install.recipe.datasets if dataset.id in ids]

    def _left_out(self) -> Iterator[LeftOut]:
        for name in self.install.plan.left_out:
            dataset = self.install.recipe.dataset(name)
            yield LeftOut(title=dataset.title, loss=dataset.leaving_out)

    def _proving(self, dataset: str = "") -> list[PlannedStep]:
        """Return the steps that prove datasets, or one dataset."""
        return [
            step
            for step in self.install.plan.steps
            if known_kinds().proves(step.spec) and dataset in ("", step.dataset)
        ]

    def _proof(self, planned: PlannedStep) -> DatasetProof | None:
        return read_dataset_proof(record_path(self.install.place.state, planned.address))

    def _archive_proof(self, fetched: str) -> ArchiveProof | None:
        return last_proof(record_path(self.install.place.state, fetched))

    def _inputs(self) -> dict[str, float]:
        """Return the moments of the proofs a report rests on: of datasets and of archives."""
        proofs: dict[str, DatasetProof | ArchiveProof | None] = {
            step.address: self._proof(step) for step in self._proving()
        }
        for dataset in self._chosen():
            for archive in dataset.archives:
                fetched = fetch_address(dataset.id, archive.name)
                proofs[fetched] = self._archive_proof(fetched)
        return {address: proof.moment for address, proof in proofs.items() if proof is not None}

    def _page(self, dataset: Dataset) -> DatasetPage:
        base = self.install.recipe.base(dataset)
        sources = tuple(self._sources(dataset))
        page = DatasetPage(
            id=dataset.id,
            title=dataset.title,
            about=dataset.about.strip(),
            folder=f"{base}/{dataset.folder}" if base else dataset.folder,
            verdict="unverified",
            alternative=self._alternative(dataset),
            deviations=tuple(_deviations(dataset, sources)),
            sources=sources,
            consent=self._consent(dataset),
            citation=dataset.citation,
            paper=dataset.paper,
            website=dataset.website,
        )
        page = self._proven(page, dataset.id)
        subject = dataset_subject(dataset, dest=self.install.place.dest, base=base)
        return page if subject is None else self._pictured(page, subject)

    def _alternative(self, dataset: Dataset) -> str:
        """Say which of a dataset's alternatives its files came by."""
        steps = {step.address: step for step in self.install.plan.steps}

        def made(address: str) -> bool:
            return build_step(steps[address], self.install).probe().state == "done"

        return alternative_taken(dataset, tuple(steps.values()), made, self.install.place.state)

    def _proven(self, page: DatasetPage, dataset: str) -> DatasetPage:
        """Add what the dataset's verifications found; without any, its archives have to do."""
        proving = self._proving(dataset)
        proofs = [proof for step in proving if (proof := self._proof(step)) is not None]
        if not proving:
            return replace(page, verdict=_by_archives(page.sources))
        return replace(
            page,
            verdict=self._verdict(proving, proofs),
            verified=max((proof.moment for proof in proofs), default=0.0),
            checked=proofs[0].summary.checked if proofs else None,
            groups=tuple(group for proof in proofs for group in proof.summary.groups),
        )

    def _verdict(self, proving: Sequence[PlannedStep], proofs: Sequence[DatasetProof]) -> Standing:
        if len(proofs) < len(proving):
            return "unverified"
        if not all(proof.summary.sound for proof in proofs):
            return "faulty"
        states = {build_step(step, self.install).probe().state for step in proving}
        return "verified" if states == {"done"} else "changed"

    def _pictured(self, page: DatasetPage, subject: Subject) -> DatasetPage:
        """Add how the labels look and what they hold, drawn when they were proven."""
        dataset = self.install.recipe.dataset(page.id)
        proofs = filter(None, map(self._proof, self._proving(page.id)))
        moments = {proof.moment for proof in proofs}
        portrait = portraits_of(dataset, subject, self.install).get(moments)
        return replace(
            page,
            taxonomies=portrait.taxonomies,
            histograms=portrait.histograms,
            rows=portrait.rows,
        )

    def _sources(self, dataset: Dataset) -> Iterator[ArchiveLine]:
        place, recipe = self.install.place, self.install.recipe
        removed = read_removed(place)
        for archive in dataset.archives:
            where = recipe.archive_place(dataset, archive)
            proof = self._archive_proof(fetch_address(dataset.id, archive.name))
            gone = removed.get(where)
            if proof is None:
                yield ArchiveLine(name=archive.name, size=archive.size or archive.size_about)
            else:
                yield ArchiveLine(
                    name=archive.name,
                    size=proof.size,
                    sha256=proof.sha256,
                    origin=proof.source,
                    how=proof.how,
                    strength=proof.proven_by,
                    version=proof.version,
                    deleted=gone is not None and not (place.dest / where).exists(),
                )

    def _consent(self, dataset: Dataset) -> Consent | None:
        if dataset.terms is None:
            return None
        record = accepted(self.install.place.state).get(dataset.id)
        return Consent(
            title=dataset.terms.title,
            url=dataset.terms.url,
            summary=dataset.terms.summary,
            who=record.who if record else "",
            when=record.when if record else "",
        )


def _by_archives(sources: tuple[ArchiveLine, ...]) -> Standing:
    """Say how a dataset stands of which there is nothing to check but its archives."""
    if any(source.strength is None for source in sources):
        return "unverified"
    return "plausible" if any(each.strength == "plausible" for each in sources) else "proven"


def _deviations(dataset: Dataset, sources: tuple[ArchiveLine, ...]) -> Iterator[str]:
    """Say where another release than the reference's was used, and what that changes."""
    archives: dict[str, Archive] = {archive.name: archive for archive in dataset.archives}
    for source in sources:
        for version in archives[source.name].versions:
            if source.version and version.name == source.version and version.note:
                yield f"{source.name} is {version.name}: {version.note}"


def report_step(planned: PlannedStep, install: Install) -> ReportStep:
    """Return the step for a ``Report`` table."""
    return ReportStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        dependencies=planned.dependencies,
        install=install,
    )
