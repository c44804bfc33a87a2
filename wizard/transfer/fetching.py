"""One file on its way: addresses in order, tries, resuming, and the proof at the end."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace

from wizard.errors import TransferError
from wizard.progress import CancelToken
from wizard.transfer import magic
from wizard.transfer.addresses import host
from wizard.transfer.body import Flow, receive
from wizard.transfer.crew import Crew, Opened, Task
from wizard.transfer.errors import (
    AccessDenied,
    AllMirrorsFailed,
    DiskFull,
    FileChanged,
    HashMismatch,
    Passing,
    Unreachable,
)
from wizard.transfer.hashing import Follower
from wizard.transfer.interrupt import LinkedToken
from wizard.transfer.limits import Limits
from wizard.transfer.opening import Answer
from wizard.transfer.pacing import Patience
from wizard.transfer.part import Part
from wizard.transfer.pieces import Pieces
from wizard.transfer.progress import TransferProgress
from wizard.transfer.proving import (
    check_encoding,
    check_hashes,
    check_kind,
    check_size,
    proof_of,
)
from wizard.transfer.replies import Reply
from wizard.transfer.request import Address, FetchRequest, Proof
from wizard.transfer.source import Shared, Source
from wizard.transfer.spans import Span


class Fetching:
    """Brings one part to its end, from whichever address works."""

    def __init__(
        self,
        shared: Shared,
        request: FetchRequest,
        part: Part,
        follower: Follower,
        progress: TransferProgress,
        token: CancelToken,
    ) -> None:
        self._shared = shared
        self._request = request
        self._part = part
        self._follower = follower
        self._progress = progress
        self._token = token
        self._joined_before = False

    def run(self) -> Proof:
        """Try the addresses in order until the file is proven.

        Raises the error of the only address, of one a person can mend, or ``AllMirrorsFailed``.
        """
        failures: list[TransferError] = []
        for address in self._request.urls:
            try:
                self._progress.mirror = host(address)
                return self._from(address)
            except DiskFull:
                raise
            except TransferError as error:
                failures.append(error)
        raise _together(self._request, failures)

    def _from(self, address: Address) -> Proof:
        patience = Patience(self._limits_for(address), self._progress, self._token)
        source = Source(self._shared, self._request, self._part, address)
        best = self._part.done
        while True:
            try:
                self._complete(source)
                return self._prove(source)
            except FileChanged as error:
                self._start_over()
                patience.started_over(error)
            except Passing as error:
                if self._part.done > best:
                    best = self._part.done
                    patience.renew()
                patience.after(error)

    def _limits_for(self, address: Address) -> Limits:
        limits = self._shared.limits
        if address == self._request.urls[-1]:
            return limits
        return replace(limits, attempts=min(limits.attempts, limits.attempts_before_next))

    def _start_over(self) -> None:
        self._part.restart()
        self._progress.done = 0

    def _complete(self, source: Source) -> None:
        if self._part.missing() == ():
            return
        if not source.resumable():
            self._start_over()
        missing = self._part.missing()
        frontier = self._part.frontier[1]
        first = missing[0] if missing else Span(frontier, frontier)
        self._progress.enter("connecting")
        token = LinkedToken(self._token)
        with contextlib.ExitStack() as stack:
            answer, reply = stack.enter_context(source.open_rest(first, token))
            if reply is None:
                return
            self._begin(source, answer, reply)
            self._progress.enter("running")
            if self._part.total is None:
                self._whole_body(source, answer, reply)
            else:
                self._pieces(source, Opened(answer, reply, stack.close), token)

    def _begin(self, source: Source, answer: Answer, reply: Reply) -> None:
        if reply.start == 0:
            _check_head(self._request, answer, source.name)
        if reply.total is not None:
            check_size(self._request, reply.total, source.name)
        if self._part.done and answer.status == 200:
            self._start_over()
        self._part.begin(source.name, reply.validator, reply.total)
        self._progress.total = reply.total or self._request.size
        _check_space(self._part, self._request)

    def _whole_body(self, source: Source, answer: Answer, reply: Reply) -> None:
        """Take a body of unknown length: by its end, if that end can be told."""
        known = self._request.size is not None or self._request.hashes
        if not reply.framed and not known:
            raise TransferError(
                "the server does not say where the file ends, and no size or hash is known",
                hint="Give the file's size or hash in a site file, or import it by hand.",
            )
        flow = Flow(self._token, self._shared.rate, self._shared.limits.stall)
        position = reply.start

        def sink(data: memoryview) -> None:
            nonlocal position
            self._part.write(position, data)
            position += len(data)
            self._progress.add(len(data))

        receive(answer, reply, None, sink, flow)
        if not reply.framed and position < (self._request.size or 0):
            raise Unreachable("the connection ended early", where=source.name)
        self._part.finish_at(position)

    def _pieces(self, source: Source, opened: Opened, token: LinkedToken) -> None:
        missing = self._part.missing() or ()
        limits = self._shared.limits
        left = sum(span.size for span in missing)
        large = left >= limits.segment_from
        several = large and opened.reply.ranges and source.pieces and source.continuable()
        hands = min(limits.segments, limits.per_host, left // limits.piece) if several else 1
        pieces = Pieces(missing, limits.piece if hands > 1 else None, max(1, hands))
        task = Task(self._part, self._progress, limits, self._shared.rate, source.open_piece)
        Crew(task, pieces, token).run(opened, max(1, hands))
        if self._part.missing():
            raise Passing("some pieces are still missing", where=source.name)

    def _prove(self, source: Source) -> Proof:
        total = self._part.total or 0
        self._progress.enter("checking")
        try:
            check_kind(self._request, self._part.read(magic.HEAD, 0), source.name)
            check_size(self._request, total, source.name)
        except TransferError:
            self._start_over()
            raise
        found = self._follower.digests(total, self._token)
        try:
            check_hashes(self._request, found, total, source.name, self._part.rejected.name)
        except HashMismatch as error:
            self._reject(error)
        self._part.complete()
        return proof_of(self._request, found, total, source.name)

    def _reject(self, error: HashMismatch) -> None:
        """Set wrong bytes aside; bytes joined on trust get one fresh start first."""
        if self._part.patched and not self._joined_before:
            self._joined_before = True
            raise FileChanged(error.message, where=error.where, hint=error.hint) from error
        self._part.reject()
        self._progress.done = 0
        raise error


def _check_head(request: FetchRequest, answer: Answer, where: str) -> None:
    kind = magic.expected(request.name)
    if kind is not None and kind.decided(answer.first):
        check_kind(request, answer.first, where)
    check_encoding(request, answer.headers.get("content-encoding", ""), answer.first, where)


def _check_space(part: Part, request: FetchRequest) -> None:
    total = part.total if part.total is not None else request.size
    if total is None:
        return
    needed, free = total - part.done, shutil.disk_usage(part.target.parent).free
    if needed > free:
        raise DiskFull(
            f"{request.name} needs {needed:,} more bytes, {free:,} are free",
            where=str(part.target.parent),
            hint="Free some space; the download goes on where it stopped.",
        )


def _together(request: FetchRequest, failures: list[TransferError]) -> TransferError:
    if not failures:
        return TransferError(
            f"no address is known for {request.name}", hint="Import it, or name one in a site file."
        )
    mendable = [error for error in failures if isinstance(error, AccessDenied)]
    if len(failures) == 1 or mendable:
        return (mendable or failures)[0]
    reasons = "; ".join(str(error) for error in failures)
    return AllMirrorsFailed(
        f"no address of {request.name} works: {reasons}",
        hint=failures[0].hint,
        causes=tuple(failures),
    )
