"""Published numbers against what archives hold, for each alternative; a note where proven.

Numbers in recipes come from archives. One of another alternative, or of a release that the
recipe knows too, is right as well; and where every archive is the published one by its hash and
unpacked whole, a deviation says that the number is wrong, not the files.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

from msgspec.structs import replace as changed

from wizard.findings import Finding
from wizard.kinds.fetching.proofs import ArchiveProof, last_proof, record_path
from wizard.kinds.registry import build_step
from wizard.recipes.archive_facts import stated_hashes
from wizard.recipes.model import Archive
from wizard.recipes.order import fetch_address
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.verify.specs.checks import AnyCheck, Count, Listed

_COUNTED = "wrong-count"
_NOTHING = "0 "
_WHY = "every archive is the published one by its hash, and unpacked whole: the number is at fault"


@dataclass(frozen=True, slots=True)
class PublishedCounts:
    """The numbers that hold for one dataset of an install, by how its files came."""

    planned: PlannedStep
    install: Install

    def stated(self, checks: Iterable[AnyCheck]) -> tuple[AnyCheck, ...]:
        """Return the checks with the numbers of the alternative that was taken."""
        alternative = self._taken()
        return tuple(_by_alternative(each, alternative) for each in checks)

    def _taken(self) -> str:
        """The first alternative whose archives were all proven here; empty where there is none."""
        dataset = self.install.recipe.dataset(self.planned.dataset)
        for each in dataset.alternatives:
            own = [archive for archive in dataset.archives if archive.alternative == each.id]
            if own and all(map(self._proof, own)):
                return each.id
        return ""

    def _proof(self, archive: Archive) -> ArchiveProof | None:
        step = fetch_address(self.planned.dataset, archive.name)
        return last_proof(record_path(self.install.place.state, step))

    def judged(self, findings: Sequence[Finding]) -> Sequence[Finding]:
        """Make notes of wrong numbers where the archives are proven; nothing at all stays wrong."""
        doubtful = [each for each in findings if _is_a_number(each)]
        if not doubtful or not self._proven():
            return findings
        return [
            replace(each, fatal=False, hint=_WHY) if _is_a_number(each) else each
            for each in findings
        ]

    def _proven(self) -> bool:
        dataset, alternative = self.install.recipe.dataset(self.planned.dataset), self._taken()
        used = [
            each
            for each in dataset.archives
            if not each.optional and each.alternative in ("", alternative)
        ]
        return bool(used) and all(map(self._by_hash, used)) and all(self._unpacked(alternative))

    def _by_hash(self, archive: Archive) -> bool:
        proof, known = self._proof(archive), stated_hashes(archive)
        if proof is None or proof.version or not known:
            return False
        told = any(proof.how.startswith(f"its {name}") for name in known)
        return told and (not archive.sha256 or proof.sha256 == archive.sha256)

    def _unpacked(self, alternative: str) -> Iterator[bool]:
        """Whether each archive's members all stand as they were unpacked."""
        for step in self.install.plan.steps:
            mine = step.dataset == self.planned.dataset and step.alternative in ("", alternative)
            if mine and step.spec.unpacks:
                yield build_step(step, self.install).probe().state == "done"


def _by_alternative(check: AnyCheck, alternative: str) -> AnyCheck:
    if not isinstance(check, Count | Listed) or not check.by_alternative:
        return check
    if alternative in check.by_alternative:
        return changed(check, count=check.by_alternative[alternative], also=())
    return changed(check, also=(*check.also, *check.by_alternative.values()))


def _is_a_number(finding: Finding) -> bool:
    some = not finding.detail.startswith(_NOTHING)
    return finding.fatal and finding.cause == _COUNTED and some
