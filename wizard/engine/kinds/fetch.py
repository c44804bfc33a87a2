"""Fetch steps: one archive in its place, proven, by whichever road is shortest.

In this order: what lies in place already, the inbox and the document's own folder, archives this
machine knows from other installs, and last the network.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from wizard import figures
from wizard.credentials.secret import Secret
from wizard.engine.adopt import (
    Verdict,
    goes_by_name,
    judge,
    known_hashes,
    wanted_hashes,
    worth_a_look,
)
from wizard.engine.install import Install
from wizard.engine.kinds.gateway import Gateway, gateway_of, link_field
from wizard.engine.kinds.proofs import (
    ArchiveProof,
    Origin,
    began,
    note_beginning,
    read_proof,
    record_path,
    write_proof,
)
from wizard.engine.kinds.roads import Road
from wizard.engine.step import Lane, PersonNeeded, PlacedArchive, Probe, StepContext
from wizard.engine.views import Need
from wizard.errors import CredentialError, RecipeError, TransferError, UsageError
from wizard.plan.model import Fetch, PlannedStep
from wizard.progress import CancelToken
from wizard.recipes.model import Archive
from wizard.transfer.addresses import shown
from wizard.transfer.errors import HashMismatch
from wizard.transfer.inbox import (
    Fingerprint,
    How,
    adopt,
    arrivals,
    fingerprint,
    is_settled,
    wait_until_settled,
)
from wizard.transfer.part import PREFIX, PartRecord
from wizard.transfer.progress import TransferProgress


@dataclass(frozen=True, slots=True)
class Candidate:
    """A file that may be the archive."""

    path: Path
    how: How
    origin: Origin
    by_name: bool
    """Whether its name may decide where nothing else can."""
    known: bool = False
    """Whether it is whole for sure: placed by us, or read through before and unchanged."""

    def ready(self, size: int | None) -> bool:
        """Tell whether the file has all arrived."""
        return self.known or is_settled(self.path, size)


@dataclass(slots=True)
class FetchArchive:
    """Brings one archive to its place; see the module docstring."""

    address: str
    dataset: str
    title: str
    kind: str
    needs: tuple[str, ...]
    archive: Archive
    target: Path
    record: Path
    gateway: Gateway
    road: Road
    lane: Lane = "network"
    _offered: list[Path] = field(default_factory=list)
    _refused: dict[Path, tuple[Fingerprint, str]] = field(default_factory=dict)

    def probe(self) -> Probe:
        """Look for a proven archive, a file that may be it, and what is missing to fetch it."""
        proof = read_proof(self.record, self.target)
        if proof:
            return Probe("done", proof.size, proof.size, "bytes", f"proven by {proof.how}")
        total = self.archive.size or self.archive.size_about or None
        have = fetched_bytes(self.target)
        candidate = next(self._candidates(), None)
        if candidate and candidate.ready(self.archive.size):
            return Probe("todo", have, total, "bytes", f"to be checked: {candidate.path}")
        need = self._arriving(candidate.path) if candidate else self._need()
        if need:
            return Probe("waiting", have, total, "bytes", need=need)
        return Probe("partial" if have else "todo", have, total, "bytes")

    def run(self, context: StepContext) -> None:
        """Bring the archive; raises ``PersonNeeded``, ``TransferError`` or ``Cancelled``."""
        progress = TransferProgress(total=self.archive.size)
        context.transfer = progress
        if read_proof(self.record, self.target):
            return
        for candidate in self._candidates():
            if self._take(candidate, progress, context.token):
                return
        need = self._need()
        if need:
            raise PersonNeeded(need, where=self.archive.name)
        self._fetch(progress, context.token)

    def answer(self, values: Mapping[str, Secret]) -> str:
        """Take a link, login, token or base address, or the ``path`` of the file itself."""
        if "path" not in values:
            return self.road.answer(values)
        path = Path(values["path"].reveal().strip()).expanduser()
        if not path.is_file():
            raise UsageError("there is no such file", where=str(path))
        self._refused.pop(path, None)
        self._offered.append(path.absolute())
        return f"{path.name} will be checked and taken over."

    def take(self, path: Path, how: How, progress: TransferProgress, token: CancelToken) -> str:
        """Check a file from anywhere and adopt it; returns what it is, in a sentence.

        Raises ``TransferError`` when it is something else.
        """
        origin: Origin = "moved" if how == "move" else "linked"
        if not self._take(Candidate(path, how, origin, by_name=True), progress, token):
            raise TransferError(self._refused[path][1], where=str(path))
        proof = read_proof(self.record, self.target)
        told = f" ({proof.version or proof.how})" if proof else ""
        return f"{path.name} is {self.archive.name} of {self.dataset}{told}"

    def placed(self) -> PlacedArchive | None:
        """Return the archive as proven, None when it is not there."""
        proof = read_proof(self.record, self.target)
        if proof is None:
            return None
        ours = proof.origin != "by-hand"
        return PlacedArchive(self.target, proof.size, proof.sha256, ours)

    def _candidates(self) -> Iterator[Candidate]:
        for candidate in self._all_candidates():
            if candidate.path.is_file() and not self._was_refused(candidate.path):
                yield candidate

    def _all_candidates(self) -> Iterator[Candidate]:
        origin: Origin = "fetched" if began(self.record) else "by-hand"
        ours = origin == "fetched"
        yield Candidate(self.target, "move", origin, by_name=True, known=ours)
        for path in self._offered:
            yield Candidate(path, "auto", "linked", by_name=True)
        for path in arrivals(self.gateway.inbox):
            if worth_a_look(path, self.archive):
                named = goes_by_name(path, self.archive)
                yield Candidate(path, "move", "moved", by_name=named)
        for path in arrivals(self.target.parent):
            if path != self.target and goes_by_name(path, self.archive):
                yield Candidate(path, "move", "moved", by_name=True)
        for path in self.gateway.shelf.find(known_hashes(self.archive)):
            if path != self.target:
                yield Candidate(path, "auto", "linked", by_name=False, known=True)

    def _arriving(self, path: Path) -> Need:
        """Ask for patience while a file is being copied here."""
        ask = f"{path.name} is arriving, {figures.size(path.stat().st_size)} so far"
        how = "It is taken as soon as nobody writes to it any more."
        return Need(kind="browser", ask=ask, how=how)

    def _was_refused(self, path: Path) -> bool:
        refused = self._refused.get(path)
        return refused is not None and fingerprint(path) == refused[0]

    def _need(self) -> Need | None:
        """Return what is missing, after what was wrong with the files that were there."""
        need = self.road.missing()
        wrong = [reason for path, (_, reason) in self._refused.items() if self._was_refused(path)]
        if need is None or not wrong:
            return need
        return msgspec.structs.replace(need, ask=f"{'; '.join(wrong)}. {need.ask}")

    def _take(self, candidate: Candidate, progress: TransferProgress, token: CancelToken) -> bool:
        """Check a file and put it in its place; returns False when it is something else."""
        path = candidate.path
        progress.enter("checking", f"looking at {path.name}")
        if not candidate.ready(self.archive.size):
            wait_until_settled(path, token, size=self.archive.size)
        progress.total, progress.done = path.stat().st_size, 0
        hashes = self.gateway.shelf.hashes(path, wanted_hashes(self.archive), token, progress.add)
        verdict = judge(path, self.archive, hashes, by_name=candidate.by_name)
        if not verdict.accepted:
            self._refuse(path, verdict)
            return False
        adopt(path, self.target, candidate.how, token)
        self._prove(verdict, candidate.origin, str(path))
        self.gateway.downloader.discard(self.target)
        progress.enter("done")
        return True

    def _refuse(self, path: Path, verdict: Verdict) -> None:
        """Remember a wrong file; one that blocks the archive's own place is set aside."""
        reason = verdict.words(path.name, self.archive)
        if path == self.target:
            path = path.replace(path.with_name(f"{path.name}.rejected"))
            reason = f"{reason}; kept as {path.name}"
        self._refused[path] = (fingerprint(path), reason)

    def _fetch(self, progress: TransferProgress, token: CancelToken) -> None:
        note_beginning(self.record)
        started, already = time.monotonic(), fetched_bytes(self.target)
        try:
            request = self.road.request()
            proof = self.gateway.downloader.fetch(request, self.target, progress, token)
        except (TransferError, CredentialError) as error:
            raise self.road.explain(error, self._rejected_words()) from error
        self.gateway.note_rate(proof.size - already, time.monotonic() - started)
        hashes = {"sha256": proof.sha256, "sha1": proof.sha1, "md5": proof.md5}
        hashes = {name: value for name, value in hashes.items() if value}
        if not wanted_hashes(self.archive) <= hashes.keys():
            hashes = self.gateway.shelf.hashes(self.target, wanted_hashes(self.archive), token)
        verdict = judge(self.target, self.archive, hashes, by_name=True)
        if not verdict.accepted:
            self._refuse(self.target, verdict)
            reason = verdict.words("What came", self.archive)
            raise self.road.explain(HashMismatch(reason, where=self.archive.name), reason)
        self._prove(verdict, "fetched", shown(proof.url) if proof.url else "")

    def _rejected_words(self) -> str:
        """Name the release in a file the downloader set aside, when it is a known wrong one."""
        rejected = self.target.with_name(f"{self.target.name}.rejected")
        if not rejected.is_file():
            return ""
        verdict = judge(rejected, self.archive, {}, by_name=False)
        return verdict.words("What came", self.archive) if verdict.version else ""

    def _prove(self, verdict: Verdict, origin: Origin, source: str) -> ArchiveProof:
        self.gateway.shelf.add(self.target, verdict.hashes, self.archive.name)
        return write_proof(
            self.record,
            self.target,
            hashes=verdict.hashes,
            origin=origin,
            how=verdict.how,
            source=source,
            version=verdict.version,
        )


def fetched_bytes(target: Path) -> int:
    """Return how many bytes of an unfinished transfer to ``target`` count."""
    record = target.with_name(f"{PREFIX}{target.name}.json")
    try:
        spans = msgspec.json.decode(record.read_bytes(), type=PartRecord).spans
    except (OSError, msgspec.DecodeError):
        return 0
    return sum(end - start for start, end in spans)


def build_fetch(planned: PlannedStep, install: Install) -> FetchArchive:
    """Make the fetch step of an archive."""
    spec = planned.spec
    if not isinstance(spec, Fetch):
        raise RecipeError("is no fetch step", where=planned.address)
    archive = spec.archive
    dataset = install.recipe.dataset(planned.dataset)
    target = install.place.dest / install.recipe.archive_place(dataset, archive)
    gateway = gateway_of(install)
    field_name = link_field(dataset, archive)
    return FetchArchive(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        needs=planned.needs,
        archive=archive,
        target=target,
        record=record_path(install.place.state, planned.address),
        gateway=gateway,
        road=Road(gateway, planned.dataset, archive, target, field_name),
    )
