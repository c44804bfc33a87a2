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
from wizard.archives.streaming import Arrival
from wizard.credentials.secret import Secret
from wizard.errors import CredentialError, DestinationError, RecipeError, TransferError, UsageError
from wizard.files import dangling_link, make_way
from wizard.kinds.fetching.access import ArchiveAccess
from wizard.kinds.fetching.adopt import (
    ArchiveVerdict,
    NotTheArchive,
    judge_archive,
    wanted_hashes,
)
from wizard.kinds.fetching.candidates import Candidate, Candidates
from wizard.kinds.fetching.gateway import Gateway, gateway_of, link_field
from wizard.kinds.fetching.proofs import (
    ArchiveProof,
    FirstSeen,
    Origin,
    last_proof,
    note_beginning,
    read_proof,
    record_path,
    write_proof,
)
from wizard.kinds.fetching.unpacked import NearTree, unpacked_meanwhile
from wizard.progress import CancelToken, TransferProgress
from wizard.recipes.model import Archive
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import PersonNeeded, PlacedArchive, Probe, Resource, StepContext
from wizard.transfer.errors import HashMismatch
from wizard.transfer.http.addresses import shown
from wizard.transfer.inbox import (
    How,
    adopt,
    file_identity,
    wait_until_settled,
)
from wizard.transfer.parts.growing_file import ArrivalWatch
from wizard.transfer.parts.part import PART_RECORD, PREFIX
from wizard.views import Request


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
    dependencies: tuple[str, ...]
    archive: Archive
    target: Path
    record: Path
    gateway: Gateway
    access: ArchiveAccess
    candidates: Candidates
    arriving: Callable[[], Arrival | None] = _no_arrival
    """Makes what unpacks the archive while it is fetched, where its format allows that."""
    near: NearTree | None = None
    """Where the archive's files may lie under names in other capitals."""
    resource: Resource = "network"

    def probe(self) -> Probe:
        """Look for a proven archive, a file that may be it, and what is missing to fetch it."""
        proof = self._proof()
        if proof:
            return Probe("done", proof.size, proof.size, "bytes", _proven(proof))
        total = self.archive.size or self.archive.size_about or None
        have = fetched_bytes(self.target)
        if self._is_outdated():
            return Probe("todo", have, total, "bytes", "another file is asked for", outdated=True)
        request = self._request()
        for candidate in self.candidates:
            # A file that is taken away by another step while we look is no candidate.
            with contextlib.suppress(FileNotFoundError):
                if candidate.ready(self.archive.size):
                    detail = f"to be checked: {candidate.path}"
                    return Probe("todo", have, total, "bytes", detail, at_hand=True)
                request = _arriving(candidate.path)
                break
        if request and self.near and (place := self.near.at_hand()):
            return Probe("todo", have, total, "bytes", f"to be looked at: {place}", at_hand=True)
        if request:
            return Probe("waiting", have, total, "bytes", request=request)
        return Probe("partial" if have else "todo", have, total, "bytes")

    def run(self, context: StepContext) -> None:
        """Bring the archive; raises ``PersonNeeded``, ``TransferError`` or ``Cancelled``."""
        progress = TransferProgress(total=self.archive.size)
        context.transfer = progress
        if self._proof():
            return
        _check_reachable(self.target)
        if self.target.is_dir():
            make_way(self.target)
        for candidate in self.candidates:
            if self._takes(candidate, progress, context.token):
                return
        if self.near and self.near.take(context):
            return
        request = self._request()
        if request:
            raise PersonNeeded(request, where=self.archive.name)
        with contextlib.ExitStack() as stack:
            arrival = self.arriving()
            watch = stack.enter_context(arrival).watch if arrival else None
            self._fetch(progress, context.token, watch)
            if arrival:
                arrival.keep(self.target, context.token)

    def answer(self, values: Mapping[str, Secret]) -> str:
        """Take a link, login, token or base address, or the ``path`` of the file itself."""
        if "path" not in values:
            return self.access.answer(values)
        path = Path(values["path"].reveal().strip()).expanduser()
        if not path.is_file():
            raise UsageError("there is no such file", where=str(path))
        self.candidates.offer(path.absolute())
        return f"{path.name} will be checked and taken over."

    def take(
        self,
        path: Path,
        how: How,
        progress: TransferProgress,
        token: CancelToken,
        *,
        vouched: bool = False,
    ) -> str:
        """Check a file from anywhere and adopt it; returns what it is, in a sentence.

        ``vouched``: a person takes it by name, however far its size is from the expected. Raises
        ``NotTheArchive`` when it is something else.
        """
        origin: Origin = "moved" if how == "move" else "linked"
        origin = "by-hand" if path == self.target else origin
        candidate = Candidate(path, how, origin, by_name=True, vouched=vouched)
        refusal = self._take(candidate, progress, token)
        if refusal:
            raise refusal
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

    def _request(self) -> Request | None:
        """Return what is missing, after what was wrong with the files that were there."""
        request, wrong = self.access.missing(), self.candidates.refusals()
        if request is None or not wrong:
            return request
        return msgspec.structs.replace(request, ask=f"{'; '.join(wrong)}. {request.ask}")

    def _takes(self, candidate: Candidate, progress: TransferProgress, token: CancelToken) -> bool:
        """Take a candidate; returns False when it is something else or went away."""
        try:
            return not self._take(candidate, progress, token)
        except (TransferError, FileNotFoundError):
            if candidate.path.exists():
                raise
            return False

    def _take(
        self, candidate: Candidate, progress: TransferProgress, token: CancelToken
    ) -> NotTheArchive | None:
        """Check a file and put it in its place; returns why not when it is something else."""
        path = candidate.path
        progress.enter("checking", f"looking at {path.name}")
        mark = file_identity(path)
        if not candidate.ready(self.archive.size):
            mark = wait_until_settled(path, token, size=self.archive.size)
        progress.total, progress.done = mark.size, 0
        hashes = self.gateway.cache.hashes(path, wanted_hashes(self.archive), token, progress.add)
        named = candidate.by_name
        vouched = candidate.vouched
        verdict = judge_archive(
            path, self.archive, hashes, by_name=named, token=token, vouched=vouched
        )
        if not verdict.accepted:
            refusal = NotTheArchive(self.candidates.refuse(path, verdict), where=str(path))
            refusal.named = bool(verdict.version)
            return refusal
        adopt(path, self.target, candidate.how, token)
        self._prove(verdict, candidate.origin, str(path))
        self.gateway.downloader.discard(self.target)
        progress.enter("done")
        return None

    def _fetch(
        self, progress: TransferProgress, token: CancelToken, watch: ArrivalWatch | None
    ) -> None:
        note_beginning(self.record)
        started, already = time.monotonic(), fetched_bytes(self.target)
        try:
            request = self.access.request()
            proof = self.gateway.downloader.fetch(request, self.target, progress, token, watch)
        except (TransferError, CredentialError) as error:
            told = self._rejected_words(time.monotonic() - started, token)
            raise self.access.explain(error, told) from None
        self.gateway.note_rate(proof.size - already, time.monotonic() - started)
        hashes = {"sha256": proof.sha256, "sha1": proof.sha1, "md5": proof.md5}
        hashes = {name: value for name, value in hashes.items() if value}
        if not wanted_hashes(self.archive) <= hashes.keys():
            hashes = self.gateway.cache.hashes(self.target, wanted_hashes(self.archive), token)
        verdict = judge_archive(self.target, self.archive, hashes, by_name=True, token=token)
        if not verdict.accepted:
            self.candidates.refuse(self.target, verdict)
            reason = verdict.words("What came", self.archive)
            raise self.access.explain(HashMismatch(reason, where=self.archive.name), reason)
        source = shown(proof.url) if proof.url else ""
        told = ""
        if verdict.strength != "hash" and self.archive.size is None and source:
            progress.enter("checking", "asking another address")
            told = self.gateway.downloader.told_by_others(request, source, self.target, token)
            progress.enter("done")
        self._prove(verdict, "fetched", source, told)

    def _rejected_words(self, seconds: float, token: CancelToken) -> str:
        """Name the release in a file set aside in the last ``seconds``, when it is a known one."""
        rejected = self.target.with_name(f"{self.target.name}.rejected")
        if not rejected.is_file() or time.time() - rejected.stat().st_ctime > seconds + 1:
            return ""
        told_by_hash = any(each.md5 or each.sha256 for each in self.archive.versions)
        wanted = wanted_hashes(self.archive) if told_by_hash else set()
        hashes = self.gateway.cache.hashes(rejected, wanted, token) if wanted else {}
        verdict = judge_archive(rejected, self.archive, hashes, by_name=False, token=token)
        return verdict.words("What came", self.archive) if verdict.version else ""

    def _prove(
        self, verdict: ArchiveVerdict, origin: Origin, source: str, told: str = ""
    ) -> ArchiveProof:
        self.gateway.cache.add(self.target, verdict.hashes, self.archive.name)
        how = verdict.how + told
        if verdict.strength != "hash":
            key, size = f"{self.dataset}/{self.archive.name}", self.target.stat().st_size
            how += FirstSeen.usual().compared(key, verdict.hashes["sha256"], size)
        return write_proof(
            self.record,
            self.target,
            hashes=verdict.hashes,
            origin=origin,
            how=how,
            source=source,
            version=verdict.version,
            strength=verdict.strength,
        )


def _check_reachable(target: Path) -> None:
    """Raise ``DestinationError`` where a folder on the way is a link that leads nowhere."""
    link = dangling_link(target.parent)
    if link:
        raise DestinationError(
            f"is a link to {link.readlink()}, which is not there",
            where=str(link),
            hint="mount the disk it leads to, or remove the link, and run again",
        )


def _proven(proof: ArchiveProof) -> str:
    """Say how well an archive is proven, and by what."""
    if proof.proven_by == "plausible":
        return f"only plausible, by {proof.how}: no hash or structure proves it"
    return f"proven by {proof.how}"


def _arriving(path: Path) -> Request:
    """Ask for patience while a file is being copied here."""
    ask = f"{path.name} is arriving, {figures.size(path.stat().st_size)} so far"
    how = "It is taken as soon as nobody writes to it any more."
    return Request(kind="browser", ask=ask, how=how, soon=True)


def fetched_bytes(target: Path) -> int:
    """Return how many bytes of an unfinished transfer to ``target`` count."""
    record = target.with_name(f"{PREFIX}{target.name}.json")
    found = PART_RECORD.read(record)
    return sum(end - start for start, end in found.ranges) if found else 0


def fetch_step(planned: PlannedStep, install: Install) -> FetchArchive:
    """Make the fetch step of an archive."""
    archive = planned.archive
    if archive is None:
        raise RecipeError("is no fetch step", where=planned.address)
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
        dependencies=planned.dependencies,
        archive=archive,
        target=target,
        record=record,
        gateway=gateway,
        access=ArchiveAccess(gateway, planned.dataset, archive, target, field_name),
        candidates=Candidates(archive, target, record, gateway),
        arriving=functools.partial(unpacked_meanwhile, planned, archive, install),
        near=NearTree(planned, archive, install),
    )
