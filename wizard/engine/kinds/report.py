"""Report steps: what the install is made of and how it was verified, gathered from its records."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from msgspec.structs import replace

from wizard import __version__
from wizard.engine.install import Install
from wizard.engine.journal import read_removed
from wizard.engine.kinds.proofs import last_proof, record_path
from wizard.engine.kinds.registry import build_step
from wizard.engine.kinds.terms import accepted
from wizard.engine.kinds.verify import subject_of
from wizard.engine.step import Lane, Probe, StepContext
from wizard.engine.ways import way_taken
from wizard.errors import RecipeError
from wizard.plan.model import PlannedStep
from wizard.recipes.model import Archive, Dataset
from wizard.recipes.postconditions import Check
from wizard.recipes.steps import Report, Verify
from wizard.verify.context import Context, load_context
from wizard.verify.proof import Proof, read_proof
from wizard.verify.report.model import (
    Consent,
    DatasetPage,
    LeftOut,
    ReportData,
    Source,
    TaxonomyLine,
    Verdict,
)
from wizard.verify.report.render import read_twin, write_report
from wizard.verify.report.samples import Sampler
from wizard.verify.subject import Subject


@dataclass(frozen=True, slots=True)
class ReportStep:
    """Writes the report, and again whenever a dataset was verified anew."""

    address: str
    dataset: str
    title: str
    kind: str
    needs: tuple[str, ...]
    install: Install
    lane: Lane = "cpu"

    def probe(self) -> Probe:
        """Compare what the last report rests on with the proofs there are."""
        last = read_twin(self.install.place.dest)
        if last is None:
            return Probe("todo", total=1)
        names = {page.id for page in last.datasets}
        if last.inputs != self._inputs() or names != {each.id for each in self._chosen()}:
            return Probe("todo", total=1, detail="a newer verification is there")
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
            if isinstance(step.spec, Verify | Check) and dataset in ("", step.dataset)
        ]

    def _proof(self, planned: PlannedStep) -> Proof | None:
        return read_proof(record_path(self.install.place.state, planned.address))

    def _inputs(self) -> dict[str, float]:
        proofs = {step.address: self._proof(step) for step in self._proving()}
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
            way=self._way(dataset),
            deviations=tuple(_deviations(dataset, sources)),
            sources=sources,
            consent=self._consent(dataset),
            citation=dataset.citation,
            paper=dataset.paper,
            website=dataset.website,
        )
        page = self._proven(page, dataset.id)
        for planned in self._proving(dataset.id):
            if isinstance(planned.spec, Verify):
                subject = subject_of(
                    planned.spec,
                    dataset.steps,
                    name=dataset.id,
                    dest=self.install.place.dest,
                    base=base,
                )
                return self._pictured(page, subject)
        return page

    def _way(self, dataset: Dataset) -> str:
        """Say which of a dataset's ways its files came."""
        steps = {step.address: step for step in self.install.plan.steps}

        def made(address: str) -> bool:
            return build_step(steps[address], self.install).probe().state == "done"

        return way_taken(dataset, tuple(steps.values()), made, self.install.place.state)

    def _proven(self, page: DatasetPage, dataset: str) -> DatasetPage:
        """Add what the dataset's verifications found; without any, its archives have to do."""
        proving = self._proving(dataset)
        proofs = [proof for step in proving if (proof := self._proof(step)) is not None]
        if not proving:
            present = all(source.sha256 for source in page.sources)
            return replace(page, verdict="proven" if present else "unverified")
        return replace(
            page,
            verdict=self._verdict(proving, proofs),
            verified=max((proof.moment for proof in proofs), default=0.0),
            checked=proofs[0].summary.checked if proofs else None,
            groups=tuple(group for proof in proofs for group in proof.summary.groups),
        )

    def _verdict(self, proving: Sequence[PlannedStep], proofs: Sequence[Proof]) -> Verdict:
        if len(proofs) < len(proving):
            return "unverified"
        if not all(proof.summary.sound for proof in proofs):
            return "faulty"
        states = {build_step(step, self.install).probe().state for step in proving}
        return "verified" if states == {"done"} else "changed"

    def _pictured(self, page: DatasetPage, subject: Subject) -> DatasetPage:
        """Add how the labels look and what they hold."""
        context = load_context(subject)
        sampler = Sampler(subject, context)
        counted = [layer for layer in subject.layers if layer.form == "index"][-1:]
        histograms = [sampler.histogram(layer) for layer in counted]
        return replace(
            page,
            taxonomies=tuple(self._taxonomies(subject, context)),
            histograms=tuple(each for each in histograms if each is not None),
            rows=tuple(sampler.rows()),
        )

    def _taxonomies(self, subject: Subject, context: Context) -> Iterator[TaxonomyLine]:
        known = {each.name: each for each in self.install.recipe.taxonomies}
        for layer in subject.layers:
            about = known.get(layer.taxonomy)
            labels = {
                pair.label
                for split in subject.splits
                for pair in context.lists.get((layer.taxonomy, split), ())
            }
            yield TaxonomyLine(
                name=layer.taxonomy,
                classes=len(context.names.get(layer.taxonomy, ()))
                or (about.classes if about else 0),
                labels=len(labels),
                about=about.about if about else "",
            )

    def _sources(self, dataset: Dataset) -> Iterator[Source]:
        place, recipe = self.install.place, self.install.recipe
        removed = read_removed(place)
        for archive in dataset.archives:
            where = recipe.archive_place(dataset, archive)
            proof = last_proof(record_path(place.state, f"{dataset.id}/fetch:{archive.name}"))
            gone = removed.get(where)
            if proof is None:
                yield Source(name=archive.name, size=archive.size or archive.size_about)
            else:
                yield Source(
                    name=archive.name,
                    size=proof.size,
                    sha256=proof.sha256,
                    origin=proof.source,
                    how=proof.how,
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


def _deviations(dataset: Dataset, sources: tuple[Source, ...]) -> Iterator[str]:
    """Say where another release than the reference's was used, and what that changes."""
    archives: dict[str, Archive] = {archive.name: archive for archive in dataset.archives}
    for source in sources:
        for version in archives[source.name].versions:
            if source.version and version.name == source.version and version.note:
                yield f"{source.name} is {version.name}: {version.note}"


def build_report(planned: PlannedStep, install: Install) -> ReportStep:
    """Return the step for a ``Report`` table."""
    if not isinstance(planned.spec, Report):
        raise RecipeError("not a report step", where=planned.address)
    return ReportStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        needs=planned.needs,
        install=install,
    )
