"""Verify steps: a dataset is proven when all of it was checked and nothing changed since."""

from __future__ import annotations

import contextlib
import shlex
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from wizard import figures
from wizard.engine.batch import Crew, run_batch
from wizard.engine.install import Install
from wizard.engine.step import Lane, Probe, StepContext
from wizard.engine.views import FailureGroup
from wizard.errors import LabelError, RecipeError
from wizard.labels.tables import Tables
from wizard.plan.model import PlannedStep
from wizard.recipes.steps import Labels, Mat, Polygons, StepSpec, Verify
from wizard.verify.causes import Remedies
from wizard.verify.dataset import repair, verify_dataset
from wizard.verify.proof import Proof, proof_folders, read_proof, still_holds, write_proof
from wizard.verify.scan import fingerprint
from wizard.verify.subject import Subject, layers_of
from wizard.verify.summary import Group, Summary
from wizard.verify.work import ImageWork
from wizard.work import Finding


@dataclass(frozen=True, slots=True)
class VerifyStep:
    """Checks one dataset and keeps a proof that lapses when a file changes."""

    address: str
    dataset: str
    title: str
    kind: str
    needs: tuple[str, ...]
    subject: Subject
    remedies: Remedies
    proof: Path
    crew: Crew
    lane: Lane = "cpu"

    def probe(self) -> Probe:
        """Compare the proof with the folders as they are now."""
        proof = read_proof(self.proof)
        if proof is None:
            return Probe("todo", unit="images")
        checked = proof.summary.checked.images
        if not proof.summary.sound:
            return Probe("partial", total=checked, unit="images", detail=_verdict(proof.summary))
        if not still_holds(proof, self.subject.root):
            return Probe("partial", total=checked, unit="images", detail="files changed since")
        return Probe("done", checked, checked, unit="images", detail=_verdict(proof.summary))

    def run(self, context: StepContext) -> None:
        """Verify, and raise ``LabelError`` when something has to be mended."""
        summary, proof = self._look(context, deep=False)
        # A run calls nothing done that the next look at the disk would call to do.
        write_proof(self.proof, proof)
        if not summary.sound:
            worst = summary.groups[0]
            raise LabelError(
                _verdict(summary), cause=worst.cause, where=self.dataset, hint=worst.hint
            )

    def verify(self, context: StepContext, *, deep: bool = False) -> Summary:
        """Check everything, keep the outcome, and return it whether sound or not.

        ``deep`` also decodes every image in full, which takes far longer than all the labels.
        """
        summary, proof = self._look(context, deep=deep)
        # A tree that may only be read can be verified all the same: it is just not remembered.
        with contextlib.suppress(OSError):
            write_proof(self.proof, proof)
        return summary

    def _look(self, context: StepContext, *, deep: bool) -> tuple[Summary, Proof]:
        subject = replace(self.subject, deep=deep)

        def run(work: ImageWork) -> Sequence[Finding]:
            items = work.items()
            context.counter.total, context.counter.unit = len(items), work.unit
            return run_batch(
                work, items, crew=self.crew, counter=context.counter, token=context.token
            )

        folders = proof_folders(subject)
        before = fingerprint(subject.root / folder for folder in folders)
        summary = verify_dataset(subject, run, self.remedies)
        context.failures.extend(map(failure_group, summary.groups))
        return summary, Proof.of(summary, folders, before)

    def repair(self) -> tuple[Path, ...]:
        """Delete our broken labels that the last verification found; the next run redoes them."""
        proof = read_proof(self.proof)
        if proof is None:
            return ()
        return repair(self.subject, proof.broken)


def failure_group(group: Group) -> FailureGroup:
    """Show a group of findings the way every front end shows failures."""
    return FailureGroup(
        cause=group.cause,
        count=group.count,
        hint=group.hint,
        examples=group.examples,
        fatal=group.fatal,
    )


def _verdict(summary: Summary) -> str:
    """Say in a few words how it went."""
    wrong = sum(group.count for group in summary.groups if group.fatal)
    if wrong:
        return f"{figures.count(wrong, 'finding')} to mend"
    checked = summary.checked
    segments = f", {checked.segments:,} segments" if checked.segments else ""
    return f"{checked.paths:,} paths, {checked.labels:,} labels{segments} hold"


def build_verify(planned: PlannedStep, install: Install) -> VerifyStep:
    """Return the step for a ``Verify`` table."""
    spec = planned.spec
    if not isinstance(spec, Verify):
        raise RecipeError("not a verify step", where=planned.address)
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
        needs=planned.needs,
        subject=subject,
        remedies=Remedies(again, f"segwizard verify {where} --only {dataset.id}"),
        proof=place.state / "steps" / f"{planned.address.replace('/', '.')}.json",
        crew=Crew(settings.workers, settings.executor, settings.scheduler, place.dest),
    )


def subject_of(
    spec: Verify, steps: Sequence[StepSpec], *, name: str, dest: Path, base: str
) -> Subject:
    """Work out from a dataset's steps what there is to verify."""
    return Subject(
        dataset=name,
        root=dest / base,
        folder=spec.folder,
        tables=Tables(dest / spec.tables),
        layers=layers_of(
            spec,
            [step for step in steps if isinstance(step, Labels)],
            [step for step in steps if isinstance(step, Polygons)],
        ),
        splits=spec.splits,
        examples=spec.examples,
        converted=tuple(step.into for step in steps if isinstance(step, Mat)),
    )
