"""Check steps: what training code reads is proven by the checks a recipe declares."""

from __future__ import annotations

import contextlib
import time
from dataclasses import dataclass
from pathlib import Path

from wizard import figures
from wizard.engine.batch import Crew, run_batch
from wizard.engine.install import Install
from wizard.engine.kinds.labels import base_folder, crew_of
from wizard.engine.kinds.proofs import record_path
from wizard.engine.kinds.verify import failure_group
from wizard.engine.step import Lane, Probe, StepContext
from wizard.errors import LabelError, RecipeError
from wizard.plan.model import PlannedStep
from wizard.recipes.postconditions import Check
from wizard.verify.examine import CheckWork, evidence, fingerprint_of
from wizard.verify.proof import Proof, read_proof, write_proof
from wizard.verify.summary import Checked, Summary, group_findings


@dataclass(frozen=True, slots=True)
class CheckStep:
    """Runs declared checks and keeps a proof that lapses when a file changes."""

    address: str
    dataset: str
    title: str
    kind: str
    needs: tuple[str, ...]
    work: CheckWork
    proof: Path
    crew: Crew
    lane: Lane = "cpu"

    def probe(self) -> Probe:
        """Compare the proof with the files as they are now."""
        proof = read_proof(self.proof)
        if proof is None:
            return Probe("todo", unit=self.work.unit)
        total = proof.summary.checked.checks
        if not proof.summary.sound:
            return Probe(
                "partial", total=total, unit=self.work.unit, detail=_verdict(proof.summary)
            )
        if fingerprint_of(evidence(self.work.spec, self.work.base)) != proof.fingerprint:
            return Probe("partial", total=total, unit=self.work.unit, detail="files changed since")
        return Probe("done", total, total, unit=self.work.unit, detail=_verdict(proof.summary))

    def run(self, context: StepContext) -> None:
        """Check, and raise ``LabelError`` when something has to be mended."""
        summary, proof = self._look(context)
        # A run calls nothing done that the next look at the disk would call to do.
        write_proof(self.proof, proof)
        if not summary.sound:
            worst = next(group for group in summary.groups if group.fatal)
            raise LabelError(
                _verdict(summary), cause=worst.cause, where=self.dataset, hint=worst.hint
            )

    def verify(self, context: StepContext) -> Summary:
        """Check everything, keep the outcome, and return it whether sound or not."""
        summary, proof = self._look(context)
        # A tree that may only be read can be checked all the same: it is just not remembered.
        with contextlib.suppress(OSError):
            write_proof(self.proof, proof)
        return summary

    def _look(self, context: StepContext) -> tuple[Summary, Proof]:
        started = time.monotonic()
        before = fingerprint_of(evidence(self.work.spec, self.work.base))
        work = CheckWork(self.work.base, self.work.spec)
        items = work.items()
        context.counter.total, context.counter.unit = len(items), work.unit
        findings = run_batch(
            work, items, crew=self.crew, counter=context.counter, token=context.token
        )
        summary = Summary(
            dataset=self.dataset,
            checked=Checked(checks=len(items)),
            seconds=round(time.monotonic() - started, 3),
            groups=group_findings(findings),
            findings=tuple(findings),
        )
        context.failures.extend(map(failure_group, summary.groups))
        return summary, Proof.of(summary, (), before)

    def repair(self) -> tuple[Path, ...]:
        """Nothing here is ours to delete."""
        return ()


def _verdict(summary: Summary) -> str:
    wrong = sum(group.count for group in summary.groups if group.fatal)
    if wrong:
        return f"{figures.count(wrong, 'finding')} to mend"
    return f"{figures.count(summary.checked.checks, 'check')} hold"


def build_check(planned: PlannedStep, install: Install) -> CheckStep:
    """Return the step for a ``Check`` table."""
    spec = planned.spec
    if not isinstance(spec, Check):
        raise RecipeError("not a check step", where=planned.address)
    return CheckStep(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        needs=planned.needs,
        work=CheckWork(base_folder(planned, install), spec),
        proof=record_path(install.place.state, planned.address),
        crew=crew_of(install),
    )
