"""Check steps: what training code reads is proven by the checks a recipe declares."""

from __future__ import annotations

import contextlib
import os
import time
from dataclasses import dataclass
from pathlib import Path

from wizard import figures
from wizard.errors import LabelError
from wizard.findings import grouped
from wizard.kinds.fetching.proofs import record_path
from wizard.kinds.labelling.mending import Mender, mender_of
from wizard.kinds.labelling.step import base_folder, workers_of
from wizard.kinds.proving.published_counts import PublishedCounts
from wizard.kinds.proving.renewable import Renewable
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Probe, Resource, StepContext
from wizard.verify.checks.work import CheckWork, evidence, fingerprint_of
from wizard.verify.proof import (
    DatasetProof,
    read_dataset_proof,
    write_dataset_proof,
)
from wizard.verify.scan import FolderFingerprint, fingerprint_folders
from wizard.verify.specs.datasets import Check
from wizard.verify.summary import Checked, Summary
from wizard.workers.batch import Workers, run_batch

_LACKING = frozenset(
    {"missing-file", "missing-folder", "missing-list", "wrong-count", "no-partner"}
)
"""Causes of files that are not there, which the steps before see for themselves."""


@dataclass(frozen=True, slots=True)
class CheckStep:
    """Runs declared checks and keeps a proof that lapses when a file changes."""

    address: str
    dataset: str
    title: str
    kind: str
    dependencies: tuple[str, ...]
    work: CheckWork
    proof: Path
    workers: Workers
    published: PublishedCounts
    mender: Mender | None = None
    """What takes away what does not hold; without one, faults are only told."""
    renewable: Renewable | None = None
    """What knows which files come again."""
    resource: Resource = "cpu"

    def probe(self) -> Probe:
        """Compare the proof with the files as they are now."""
        proof = read_dataset_proof(self.proof)
        if proof is None:
            return Probe("todo", unit=self.work.unit)
        total = proof.summary.checked.checks
        if not proof.summary.sound:
            return Probe(
                "partial", total=total, unit=self.work.unit, detail=_verdict(proof.summary)
            )
        if not self._is_as_it_was(proof):
            return Probe("partial", total=total, unit=self.work.unit, detail="files changed since")
        return Probe("done", total, total, unit=self.work.unit, detail=_verdict(proof.summary))

    def _is_as_it_was(self, proof: DatasetProof) -> bool:
        before, now = proof.fingerprint, self._fingerprint()
        return before == now or (
            before.home != now.home and before.describes(self._fingerprint(untimed=True))
        )

    def _fingerprint(self, *, untimed: bool = False) -> FolderFingerprint:
        """Sum up what the checks look at, and all that was unpacked beside it."""
        base = self.work.base
        looks = fingerprint_of(evidence(self.work.checks, base), base, untimed=untimed)
        if self.mender is None:
            return looks
        folders, passing = (
            tuple(os.path.relpath(path, base) for path in paths)
            for paths in (self.mender.folders(), self.mender.passing())
        )
        return looks.plus(fingerprint_folders(base, folders, passing))

    def run(self, context: StepContext) -> None:
        """Check, and raise ``LabelError`` when something has to be mended by a person.

        What the steps before bring again is taken away, and ``Reopened`` has them run.
        """
        if self.mender is not None:
            sharing = self.renewable.sharing if self.renewable else None
            self.mender.replace_altered(context.token, sharing)
        summary, proof = self._look(context)
        # A run calls nothing done that the next look at the disk would call to do.
        write_dataset_proof(self.proof, proof)
        if not summary.sound:
            self._mend(summary)
            worst = summary.groups[0]
            raise LabelError(
                _verdict(summary), cause=worst.cause, where=self.dataset, hint=worst.hint
            )

    def _mend(self, summary: Summary) -> None:
        """Take away what comes again; returns when nothing is left to try."""
        if self.mender is None or self.renewable is None:
            return
        named = {self.work.base / each.path for each in summary.findings if each.fatal}
        self.mender.take_away(self.renewable.among(named))
        lacking = any(each.fatal and each.cause in _LACKING for each in summary.findings)
        if lacking and self.dependencies:
            self.mender.look_again("files are missing")

    def verify(self, context: StepContext) -> Summary:
        """Check everything, keep the outcome, and return it whether sound or not."""
        summary, proof = self._look(context)
        # A tree that may only be read can be checked all the same: it is just not remembered.
        with contextlib.suppress(OSError):
            write_dataset_proof(self.proof, proof)
        return summary

    def _look(self, context: StepContext) -> tuple[Summary, DatasetProof]:
        started = time.monotonic()
        before = self._fingerprint(untimed=True)
        checks = self.published.stated(self.work.checks)
        work = CheckWork(self.work.base, checks, self.work.exact)
        items = work.items()
        context.counter.total, context.counter.unit = len(items), work.unit
        findings = run_batch(
            work, items, workers=self.workers, counter=context.counter, token=context.token
        )
        findings = [*self.published.judged(findings)]
        summary = Summary(
            dataset=self.dataset,
            checked=Checked(checks=len(items)),
            seconds=round(time.monotonic() - started, 3),
            groups=grouped(findings),
            findings=tuple(findings),
        )
        context.failures.extend(summary.groups)
        return summary, DatasetProof.of(summary, (), before)

    def repair(self) -> tuple[Path, ...]:
        """Nothing here is ours to delete."""
        return ()


def _verdict(summary: Summary) -> str:
    if summary.wrong:
        return f"{figures.count(summary.wrong, 'finding')} to mend"
    return f"{figures.count(summary.checked.checks, 'check')} hold"


def check_step(planned: PlannedStep, spec: Check, install: Install) -> CheckStep:
    """Return the step for a ``Check`` table."""
    return CheckStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        dependencies=planned.dependencies,
        work=CheckWork(base_folder(planned, install), spec.checks, spec.exact),
        proof=record_path(install.place.state, planned.address),
        workers=workers_of(install),
        published=PublishedCounts(planned, install),
        mender=mender_of(planned, install),
        renewable=Renewable(planned, install),
    )
