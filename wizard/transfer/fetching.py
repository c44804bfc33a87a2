"""One file on its way: addresses in order, tries, resuming, and the proof at the end."""

from __future__ import annotations

import contextlib
import shutil
from dataclasses import replace

from wizard import environment
from wizard.errors import TransferError
from wizard.progress import CancelToken, TransferProgress
from wizard.transfer import magic
from wizard.transfer.errors import (
    AccessDenied,
    AllMirrorsFailed,
    DiskFull,
    FileChanged,
    HashMismatch,
    Passing,
    SizeMismatch,
    Unreachable,
)
from wizard.transfer.http.addresses import host
from wizard.transfer.http.body import receive_body
from wizard.transfer.http.connections import Connections, Opened, SegmentWork
from wizard.transfer.http.opening import Response
from wizard.transfer.http.remote_file import Downloads, RemoteFile
from wizard.transfer.http.response_head import ResponseHead
from wizard.transfer.interrupt import LinkedToken
from wizard.transfer.parts.part import Part, too_large
from wizard.transfer.parts.part_hasher import PartHasher
from wizard.transfer.parts.segments import ByteRange, SegmentQueue
from wizard.transfer.proving import (
    check_encoding,
    check_hashes,
    check_kind,
    check_size,
    download_proof,
)
from wizard.transfer.request import Address, DownloadProof, FetchRequest
from wizard.transfer.retry_policy import Retries, RetryPolicy


class Fetching:
    """Brings one part to its end, from whichever address works."""

    def __init__(
        self,
        shared: Downloads,
        request: FetchRequest,
        part: Part,
        hasher: PartHasher,
        progress: TransferProgress,
        token: CancelToken,
    ) -> None:
        self._shared = shared
        self._request = request
        self._part = part
        self._hasher = hasher
        self._progress = progress
        self._token = token

    def run(self) -> DownloadProof:
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

    def _from(self, address: Address) -> DownloadProof:
        retries = Retries(self._policy_for(address), self._progress, self._token)
        source = RemoteFile(self._shared, self._request, self._part, address)
        best = self._part.done
        while True:
            try:
                self._complete(source)
                return self._prove(source)
            except FileChanged as error:
                self._start_over()
                retries.started_over(error)
            except (SizeMismatch, HashMismatch) as error:
                self._once_more(retries, error)
            except Passing as error:
                if self._part.done > best:
                    best = self._part.done
                    retries.bytes_came(error)
                retries.after(error)

    def _once_more(self, retries: Retries, error: SizeMismatch | HashMismatch) -> None:
        """Ask an address for the file a second time; then its wrong bytes are set aside."""
        if retries.once_more(error):
            if isinstance(error, HashMismatch):
                self._start_over()
            return
        if isinstance(error, HashMismatch):
            self._part.reject()
            self._progress.done = 0
        raise error

    def _policy_for(self, address: Address) -> RetryPolicy:
        policy = self._shared.policy
        if address == self._request.urls[-1]:
            return policy
        attempts = min(policy.attempts, policy.attempts_before_next)
        return replace(policy, attempts=attempts, gives_up_slow=True)

    def _start_over(self) -> None:
        self._part.restart()
        self._progress.done = 0

    def _complete(self, source: RemoteFile) -> None:
        if self._part.missing() == ():
            return
        if not source.resumable():
            self._start_over()
        missing = self._part.missing()
        frontier = self._part.frontier[1]
        first = missing[0] if missing else ByteRange(frontier, frontier)
        self._progress.enter("connecting")
        token = LinkedToken(self._token)
        with contextlib.ExitStack() as stack:
            answer, head = stack.enter_context(source.open_rest(first, token))
            if head is None:
                return
            self._begin(source, answer, head)
            self._progress.enter("running")
            if self._part.total is None:
                self._whole_body(source, answer, head)
            else:
                self._segments(source, Opened(answer, head, stack.close), token)

    def _begin(self, source: RemoteFile, answer: Response, head: ResponseHead) -> None:
        if head.start == 0:
            _check_head(self._request, answer, source.name)
        if head.total is not None:
            check_size(self._request, head.total, source.name)
        if self._part.done and answer.status == 200:
            self._start_over()
        self._part.begin(source.name, head.validator, head.total)
        self._progress.total = head.total or self._request.size
        _check_space(self._part, self._request)

    def _whole_body(self, source: RemoteFile, answer: Response, head: ResponseHead) -> None:
        """Take a body of unknown length: by its end, if that end can be told."""
        known = self._request.size is not None or self._request.hashes
        if not head.framed and not known:
            raise TransferError(
                "the server does not say where the file ends, and no size or hash is known",
                hint="Give the file's size or hash in a site file, or import it by hand.",
            )
        flow = self._shared.flow(self._token)
        position = head.start

        def sink(data: memoryview) -> None:
            nonlocal position
            end = position + len(data)
            if end > (self._request.size or end):
                check_size(self._request, end, source.name)
            self._part.write(position, data)
            self._hasher.offer(position, data)
            position += len(data)
            self._progress.add(len(data))

        receive_body(answer, head, None, sink, flow)
        if not head.framed and position < (self._request.size or 0):
            raise Unreachable("the connection ended early", where=source.name)
        self._part.finish_at(position)

    def _segments(self, source: RemoteFile, opened: Opened, token: LinkedToken) -> None:
        missing = self._part.missing() or ()
        policy = self._policy_for(source.address)
        left = sum(range_.size for range_ in missing)
        large = left >= policy.segment_from
        several = large and opened.head.ranges and source.segments and source.continuable()
        connections = (
            min(policy.connections_per_file, policy.per_host, left // policy.segment_size)
            if several
            else 1
        )
        segments = SegmentQueue(
            missing, policy.segment_size if connections > 1 else None, max(1, connections)
        )
        task = SegmentWork(
            self._part,
            self._hasher.offer,
            self._hasher.lend,
            self._progress,
            policy,
            self._shared.rate,
            source.open_segment,
        )
        Connections(task, segments, token).run(opened, connections)
        if self._part.missing():
            raise Passing("some segments are still missing", where=source.name)

    def _prove(self, source: RemoteFile) -> DownloadProof:
        total = self._part.total or 0
        self._progress.enter("checking")
        try:
            check_kind(self._request, self._part.read(magic.HEAD, 0), source.name)
            check_size(self._request, total, source.name)
        except TransferError:
            self._start_over()
            raise
        found = self._hasher.digests(total, self._token)
        check_hashes(self._request, found, total, source.name, self._part.rejected.name)
        self._part.complete()
        return download_proof(self._request, found, total, source.name)


def _check_head(request: FetchRequest, answer: Response, where: str) -> None:
    kind = magic.expected(request.name)
    if kind is not None and kind.decided(answer.first):
        check_kind(request, answer.first, where)
    check_encoding(request, answer.headers.get("content-encoding", ""), answer.first, where)


def _check_space(part: Part, request: FetchRequest) -> None:
    total = part.total if part.total is not None else request.size
    if total is None:
        return
    limit = environment.file_size_limit()
    if limit is not None and total > limit:
        raise too_large(total, str(part.target.parent))
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
