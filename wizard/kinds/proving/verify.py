"""Verify steps: a dataset is proven when all of it was checked and nothing changed since."""

from __future__ import annotations

import contextlib
import os
import shlex
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass, replace
from itertools import chain
from pathlib import Path

from wizard import figures
from wizard.errors import LabelError
from wizard.findings import Finding
from wizard.kinds.fetching.proofs import record_path
from wizard.kinds.labelling.mending import Mender, mender_of
from wizard.kinds.proving.portraits import Portraits, portraits_of
from wizard.labels.tables.taxonomies import Tables
from wizard.recipes.model import Dataset
from wizard.recipes.step_table import StepTable
from wizard.state.shards import ArrayPart, Shard
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Probe, Resource, StepContext
from wizard.verify.dataset import (
    ImageItem,
    ImageWork,
    broken_files,
    doomed_labels,
    repair,
    verify_dataset,
)
from wizard.verify.image_proofs import ImageProofs, Use, dataset_proofs
from wizard.verify.proof import (
    DatasetProof,
    proof_folders,
    read_dataset_proof,
    still_holds,
    write_dataset_proof,
)
from wizard.verify.scan import fingerprint_folders
from wizard.verify.specs.datasets import Verify
from wizard.verify.subject import Subject, layers_of
from wizard.verify.summary import MISSING, Remedies, Summary
from wizard.workers.batch import Workers, run_batch


@dataclass(frozen=True, slots=True)
class VerifyStep:
    """Checks one dataset and keeps a proof that lapses when a file changes."""

    address: str
    dataset: str
    title: str
    kind: str
    dependencies: tuple[str, ...]
    subject: Subject
    remedies: Remedies
    proof: Path
    workers: Workers
    mender: Mender | None = None
    """What takes away what does not hold; without one, faults are only told."""
    portraits: Portraits | None = None
    """What draws the dataset for the report once it is proven."""
    part: ArrayPart | None = None
    """What is known of the array that the install is worked on by."""
    resource: Resource = "cpu"

    def probe(self) -> Probe:
        """Compare the proof with the folders as they are now."""
        proof = read_dataset_proof(self.proof)
        if proof is None:
            return Probe("todo", unit="images")
        checked = proof.summary.checked.images
        if not proof.summary.sound:
            return Probe("partial", total=checked, unit="images", detail=_verdict(proof.summary))
        if not still_holds(proof, self.subject.root):
            return Probe("partial", total=checked, unit="images", detail="files changed since")
        return Probe("done", checked, checked, unit="images", detail=_verdict(proof.summary))

    def run(self, context: StepContext) -> None:
        """Verify, and raise ``LabelError`` when something has to be mended by a person.

        What the steps before can mend is taken away, and ``Reopened`` has them run again.
        """
        if self.mender is not None:
            self.mender.replace_altered(context.token)
        with self.portraits.drawn_meanwhile() if self.portraits else nullcontext() as drawn:
            summary, proof = self._look(context, self._proofs())
        # A run calls nothing done that the next look at the disk would call to do.
        write_dataset_proof(self.proof, proof)
        if summary.sound:
            self._proofs().drop()
            if self.portraits and drawn:
                self.portraits.keep(drawn, proof.moment)
        else:
            self._mend(summary, proof)
            worst = summary.groups[0]
            raise LabelError(
                _verdict(summary), cause=worst.cause, where=self.dataset, hint=worst.hint
            )

    def _mend(self, summary: Summary, proof: DatasetProof) -> None:
        """Take away what can be made anew; returns when nothing is left to try."""
        if self.mender is None:
            return
        ours = doomed_labels(self.subject, proof.broken)
        foreign = {self.subject.root / name for name in broken_files(summary.findings)}
        vouched = self.mender.vouched(foreign)
        self.mender.take_away((*ours, *sorted(foreign - set(ours) - vouched)))
        if any(finding.cause in MISSING for finding in summary.findings):
            self.mender.look_again("files are missing")

    def verify(self, context: StepContext, *, deep: bool = False) -> Summary:
        """Check everything, keep the outcome, and return it whether sound or not.

        ``deep`` also decodes every image in full, which takes far longer than all the labels.
        Nothing that a run proved is taken for granted; what a verification by hand had proven when
        it was broken off, is.
        """
        mine = self._proofs("by hand", deep=deep)
        mine.drop_stale()
        summary, proof = self._look(context, mine)
        mine.drop()
        self._proofs().drop()  # what it calls broken, the next run has to read
        # A tree that may only be read can be verified all the same: it is just not remembered.
        with contextlib.suppress(OSError):
            write_dataset_proof(self.proof, proof)
        return summary

    def _proofs(self, use: Use = "run", *, deep: bool = False) -> ImageProofs:
        subject = replace(self.subject, deep=deep)
        return dataset_proofs(subject, self.proof.parent, use, self.part)

    def prove_part(
        self, shard: Shard, context: StepContext, *, use: Use = "run", deep: bool = False
    ) -> tuple[Finding, ...]:
        """Check the images of one shard's part, keep their proofs, and return what is wrong.

        What is wrong has no proof: who verifies the whole finds it again, and all that is not told
        by one image.
        """
        proofs = self._proofs(use, deep=deep)
        work = ImageWork(proofs.subject, proofs)
        items = work.items()
        mine = [items[place] for place in shard.places(len(items))]
        return tuple(self._run(work, mine, context, proofs))

    def _look(self, context: StepContext, proofs: ImageProofs) -> tuple[Summary, DatasetProof]:
        subject = proofs.subject

        def run(work: ImageWork) -> Sequence[Finding]:
            return self._run(work, work.items(), context, proofs)

        folders = proof_folders(subject, self.mender.folders() if self.mender else ())
        passing = self.mender.passing() if self.mender else set()
        apart = sorted(os.path.relpath(path, subject.root) for path in passing)
        before = fingerprint_folders(subject.root, folders, apart)
        summary = verify_dataset(subject, run, self.remedies, proofs)
        context.failures.extend(summary.groups)
        return summary, DatasetProof.of(summary, folders, before, apart)

    def _run(
        self,
        work: ImageWork,
        items: Sequence[ImageItem],
        context: StepContext,
        proofs: ImageProofs,
    ) -> Sequence[Finding]:
        context.counter.total, context.counter.unit = len(items), work.unit
        try:
            return run_batch(
                work,
                items,
                workers=self.workers,
                counter=context.counter,
                token=context.token,
                keep=proofs.keep,
            )
        finally:
            proofs.settle()

    def repair(self) -> tuple[Path, ...]:
        """Delete our broken labels that the last verification found; the next run redoes them."""
        proof = read_dataset_proof(self.proof)
        if proof is None:
            return ()
        return repair(self.subject, proof.broken)


def _verdict(summary: Summary) -> str:
    """Say in a few words how it went."""
    if summary.wrong:
        return f"{figures.count(summary.wrong, 'finding')} to mend"
    checked = summary.checked
    segments = f", {checked.segments:,} segments" if checked.segments else ""
    return f"{checked.paths:,} paths, {checked.labels:,} labels{segments} hold"


def verify_step(planned: PlannedStep, spec: Verify, install: Install) -> VerifyStep:
    """Return the step for a ``Verify`` table."""
    place, recipe, settings = install.place, install.recipe, install.settings
    dataset = recipe.dataset(planned.dataset)
    subject = subject_of(
        spec, dataset.steps, name=dataset.id, dest=place.dest, base=recipe.base(dataset)
    )
    where = f"{recipe.id} --dest {shlex.quote(str(place.dest))}"
    chosen = ",".join(each.id for each in install.plan.datasets) if install.plan.left_out else ""
    again = f"segwizard run {where}{f' --only {chosen}' if chosen else ''}"
    return VerifyStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        dependencies=planned.dependencies,
        subject=subject,
        remedies=Remedies(again),
        proof=record_path(place.state, planned.address),
        workers=Workers(settings.workers, settings.executor, settings.scheduler, place.state),
        mender=mender_of(planned, install),
        portraits=portraits_of(dataset, subject, install),
        part=install.part,
    )


def dataset_subject(dataset: Dataset, *, dest: Path, base: str) -> Subject | None:
    """Return what there is to verify by the lists of a dataset; None where it has none."""
    for step in dataset.steps:
        if isinstance(step, Verify):
            return subject_of(step, dataset.steps, name=dataset.id, dest=dest, base=base)
    return None


def proofs_of(dataset: str, install: Install) -> ImageProofs | None:
    """Return where the making of a dataset's labels proves them; None where no list does."""
    recipe, place = install.recipe, install.place
    found = recipe.dataset(dataset)
    subject = dataset_subject(found, dest=place.dest, base=recipe.base(found))
    folder = record_path(place.state, dataset).parent
    return dataset_proofs(subject, folder, part=install.part) if subject else None


def subject_of(
    spec: Verify, steps: Sequence[StepTable], *, name: str, dest: Path, base: str
) -> Subject:
    """Work out from a dataset's steps what there is to verify."""
    return Subject(
        dataset=name,
        root=dest / base,
        folder=spec.folder,
        tables=Tables(dest / spec.tables),
        layers=layers_of(spec.taxonomies, spec.segments, steps),
        splits=spec.splits,
        examples=spec.examples,
        converted=tuple(chain.from_iterable(step.converted() for step in steps)),
    )
