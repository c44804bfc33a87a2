"""Fetch steps: one archive in its place, proven, by whichever road is shortest.

In this order: what lies in place already, the inbox and the document's own folder, archives this
machine knows from other installs, and last the network.
"""

from __future__ import annotations

import contextlib
import functools
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wizard import figures
from wizard.archives.arrival import Arrival
from wizard.credentials.secret import Secret
from wizard.engine.adopt import (
    Verdict,
    judge,
    wanted_hashes,
)
from wizard.engine.install import Install
from wizard.engine.kinds.candidates import Candidate, Candidates
from wizard.engine.kinds.extract import build_extract
from wizard.engine.kinds.gateway import Gateway, gateway_of, link_field
from wizard.engine.kinds.proofs import (
    ArchiveProof,
    Origin,
    last_proof,
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
from wizard.recipes.steps import Extract
from wizard.transfer.addresses import shown
from wizard.transfer.errors import HashMismatch
from wizard.transfer.growing import Watch
from wizard.transfer.inbox import (
    How,
    adopt,
    fingerprint,
    wait_until_settled,
)
from wizard.transfer.part import PREFIX, PartRecord
from wizard.transfer.progress import TransferProgress


def _no_arrival() -> Arrival | None:
    """Unpack nothing before it is there."""
    return None


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
    candidates: Candidates
    arriving: Callable[[], Arrival | None] = _no_arrival
    """Makes what unpacks the archive while it is fetched, where its format allows that."""
    lane: Lane = "network"

    def probe(self) -> Probe:
        """Look for a proven archive, a file that may be it, and what is missing to fetch it."""
        proof = self._proof()
        if proof:
            return Probe("done", proof.size, proof.size, "bytes", f"proven by {proof.how}")
        total = self.archive.size or self.archive.size_about or None
        have = fetched_bytes(self.target)
        if self._is_outdated():
            return Probe("todo", have, total, "bytes", "another file is asked for", outdated=True)
        need = self._need()
        for candidate in self.candidates:
            # A file that is taken away by another step while we look is no candidate.
            with contextlib.suppress(FileNotFoundError):
                if candidate.ready(self.archive.size):
                    detail = f"to be checked: {candidate.path}"
                    return Probe("todo", have, total, "bytes", detail, at_hand=True)
                need = _arriving(candidate.path)
                break
        if need:
            return Probe("waiting", have, total, "bytes", need=need)
        return Probe("partial" if have else "todo", have, total, "bytes")

    def run(self, context: StepContext) -> None:
        """Bring the archive; raises ``PersonNeeded``, ``TransferError`` or ``Cancelled``."""
        progress = TransferProgress(total=self.archive.size)
        context.transfer = progress
        if self._proof():
            return
        for candidate in self.candidates:
            if self._takes(candidate, progress, context.token):
                return
        need = self._need()
        if need:
            raise PersonNeeded(need, where=self.archive.name)
        with contextlib.ExitStack() as stack:
            arrival = self.arriving()
            watch = stack.enter_context(arrival).watch if arrival else None
            self._fetch(progress, context.token, watch)
            if arrival:
                arrival.keep(self.target, context.token)

    def answer(self, values: Mapping[str, Secret]) -> str:
        """Take a link, login, token or base address, or the ``path`` of the file itself."""
        if "path" not in values:
            return self.road.answer(values)
        path = Path(values["path"].reveal().strip()).expanduser()
        if not path.is_file():
            raise UsageError("there is no such file", where=str(path))
        self.candidates.offer(path.absolute())
        return f"{path.name} will be checked and taken over."

    def take(self, path: Path, how: How, progress: TransferProgress, token: CancelToken) -> str:
        """Check a file from anywhere and adopt it; returns what it is, in a sentence.

        Raises ``TransferError`` when it is something else.
        """
        origin: Origin = "moved" if how == "move" else "linked"
        origin = "by-hand" if path == self.target else origin
        refusal = self._take(Candidate(path, how, origin, by_name=True), progress, token)
        if refusal:
            raise TransferError(refusal, where=str(path))
        proof = self._proof()
        told = f" ({proof.version or proof.how})" if proof else ""
        return f"{path.name} is {self.archive.name} of {self.dataset}{told}"

    def placed(self) -> PlacedArchive | None:
        """Return the archive as proven, None when it is not there."""
        proof = self._proof()
        if proof is None:
            return None
        ours = proof.origin != "by-hand"
        return PlacedArchive(self.target, proof.size, proof.sha256, ours)

    def _proof(self) -> ArchiveProof | None:
        """Return the proof of the file in place, unless another file is asked for by now.

        A site file may name other bytes than it did when this file was proven.
        """
        proof = read_proof(self.record, self.target)
        if proof is None or proof.version:
            return proof
        return proof if self._is_asked_for(proof) else None

    def _is_asked_for(self, proof: ArchiveProof) -> bool:
        size, sha256 = self.archive.size or proof.size, self.archive.sha256 or proof.sha256
        return (size, sha256) == (proof.size, proof.sha256)

    def _is_outdated(self) -> bool:
        """Tell whether other bytes than are asked for now are here, or were unpacked and deleted.

        Files of an archive that was deleted in turn are what a mended site file is to replace.
        """
        proof = last_proof(self.record)
        return proof is not None and not proof.version and not self._is_asked_for(proof)

    def _need(self) -> Need | None:
        """Return what is missing, after what was wrong with the files that were there."""
        need, wrong = self.road.missing(), self.candidates.refusals()
        if need is None or not wrong:
            return need
        return msgspec.structs.replace(need, ask=f"{'; '.join(wrong)}. {need.ask}")

    def _takes(self, candidate: Candidate, progress: TransferProgress, token: CancelToken) -> bool:
        """Take a candidate; returns False when it is something else or went away."""
        try:
            return not self._take(candidate, progress, token)
        except (TransferError, FileNotFoundError):
            if candidate.path.exists():
                raise
            return False

    def _take(self, candidate: Candidate, progress: TransferProgress, token: CancelToken) -> str:
        """Check a file and put it in its place; returns why not when it is something else."""
        path = candidate.path
        progress.enter("checking", f"looking at {path.name}")
        mark = fingerprint(path)
        if not candidate.ready(self.archive.size):
            mark = wait_until_settled(path, token, size=self.archive.size)
        progress.total, progress.done = mark.size, 0
        hashes = self.gateway.shelf.hashes(path, wanted_hashes(self.archive), token, progress.add)
        named = candidate.by_name
        verdict = judge(path, self.archive, hashes, by_name=named, token=token)
        if not verdict.accepted:
            return self.candidates.refuse(path, verdict)
        adopt(path, self.target, candidate.how, token)
        self._prove(verdict, candidate.origin, str(path))
        self.gateway.downloader.discard(self.target)
        progress.enter("done")
        return ""

    def _fetch(self, progress: TransferProgress, token: CancelToken, watch: Watch | None) -> None:
        note_beginning(self.record)
        started, already = time.monotonic(), fetched_bytes(self.target)
        try:
            request = self.road.request()
            proof = self.gateway.downloader.fetch(request, self.target, progress, token, watch)
        except (TransferError, CredentialError) as error:
            told = self._rejected_words(time.monotonic() - started, token)
            raise self.road.explain(error, told) from None
        self.gateway.note_rate(proof.size - already, time.monotonic() - started)
        hashes = {"sha256": proof.sha256, "sha1": proof.sha1, "md5": proof.md5}
        hashes = {name: value for name, value in hashes.items() if value}
        if not wanted_hashes(self.archive) <= hashes.keys():
            hashes = self.gateway.shelf.hashes(self.target, wanted_hashes(self.archive), token)
        verdict = judge(self.target, self.archive, hashes, by_name=True, token=token)
        if not verdict.accepted:
            self.candidates.refuse(self.target, verdict)
            reason = verdict.words("What came", self.archive)
            raise self.road.explain(HashMismatch(reason, where=self.archive.name), reason)
        self._prove(verdict, "fetched", shown(proof.url) if proof.url else "")

    def _rejected_words(self, seconds: float, token: CancelToken) -> str:
        """Name the release in a file set aside in the last ``seconds``, when it is a known one."""
        rejected = self.target.with_name(f"{self.target.name}.rejected")
        if not rejected.is_file() or time.time() - rejected.stat().st_ctime > seconds + 1:
            return ""
        verdict = judge(rejected, self.archive, {}, by_name=False, token=token)
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


def _arriving(path: Path) -> Need:
    """Ask for patience while a file is being copied here."""
    ask = f"{path.name} is arriving, {figures.size(path.stat().st_size)} so far"
    how = "It is taken as soon as nobody writes to it any more."
    return Need(kind="browser", ask=ask, how=how, soon=True)


def fetched_bytes(target: Path) -> int:
    """Return how many bytes of an unfinished transfer to ``target`` count."""
    record = target.with_name(f"{PREFIX}{target.name}.json")
    try:
        spans = msgspec.json.decode(record.read_bytes(), type=PartRecord).spans
    except (OSError, msgspec.DecodeError):
        return 0
    return sum(end - start for start, end in spans)


def _unpacked_meanwhile(planned: PlannedStep, archive: Archive, install: Install) -> Arrival | None:
    """Return what unpacks an archive on its way, if the plan has one step that unpacks it."""
    steps = [
        step
        for step in install.plan.steps
        if step.dataset == planned.dataset
        and isinstance(step.spec, Extract)
        and step.spec.archive == archive.name
    ]
    return build_extract(steps[0], install).arrival() if len(steps) == 1 else None


def build_fetch(planned: PlannedStep, install: Install) -> FetchArchive:
    """Make the fetch step of an archive."""
    spec = planned.spec
    if not isinstance(spec, Fetch):
        raise RecipeError("is no fetch step", where=planned.address)
    archive = spec.archive
    dataset = install.recipe.dataset(planned.dataset)
    target = install.place.dest / install.recipe.archive_place(dataset, archive)
    gateway = gateway_of(install)
    record = record_path(install.place.state, planned.address)
    field_name = link_field(dataset, archive)
    return FetchArchive(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        needs=planned.needs,
        archive=archive,
        target=target,
        record=record,
        gateway=gateway,
        road=Road(gateway, planned.dataset, archive, target, field_name),
        candidates=Candidates(archive, target, record, gateway),
        arriving=functools.partial(_unpacked_meanwhile, planned, archive, install),
    )
