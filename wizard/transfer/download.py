"""The downloader: one file for each call, many calls at once."""

from __future__ import annotations

import os
from pathlib import Path

from wizard.errors import Cancelled, WizardError
from wizard.foreign import open_foreign
from wizard.progress import CancelToken, TransferProgress
from wizard.transfer import magic
from wizard.transfer.errors import DiskFull
from wizard.transfer.fetching import Fetching
from wizard.transfer.http.addresses import host, reveal, shown
from wizard.transfer.http.client import make_client
from wizard.transfer.http.opening import Opener, Response
from wizard.transfer.http.remote_file import Downloads
from wizard.transfer.http.response_head import read_head
from wizard.transfer.parts.growing_file import ArrivalWatch, watched
from wizard.transfer.parts.part import Part
from wizard.transfer.parts.part_hasher import PartHasher
from wizard.transfer.proving import algorithms, prove_file
from wizard.transfer.request import Address, DownloadProof, FetchRequest
from wizard.transfer.retry_policy import ConnectionLimiter, RateLimit, RetryPolicy

_END = 64 * 1024
"""Bytes of each end that are compared."""


class Downloader:
    """Fetches files within limits shared by all its transfers; safe from many threads."""

    def __init__(self, policy: RetryPolicy | None = None) -> None:
        policy = policy or RetryPolicy()
        self._shared = Downloads(
            policy=policy,
            client=make_client(policy),
            limiter=ConnectionLimiter(policy.connections, policy.per_host),
            rate=RateLimit(policy.rate),
        )

    def fetch(
        self,
        request: FetchRequest,
        target: Path,
        progress: TransferProgress,
        token: CancelToken,
        watch: ArrivalWatch | None = None,
    ) -> DownloadProof:
        """Bring the file of ``request`` under the name ``target``, whole and proven.

        A file that stands there already is proven, never touched. ``watch`` is given the bytes
        of one that has to come, as a stream that grows, before anything is proven. Raises
        ``TransferError`` by class (``wizard.transfer.errors``) or ``Cancelled``; the bytes so far
        are kept.
        """
        try:
            token.check()
            if target.exists():
                proof = self._prove(request, target, progress, token)
            else:
                proof = self._bring(request, target, progress, token, watch)
        except (Cancelled, DiskFull) as error:
            progress.enter("paused", error.message)
            raise
        except WizardError as error:
            progress.enter("failed", error.message)
            raise
        progress.enter("done")
        return proof

    def told_by_others(
        self, request: FetchRequest, used: str, target: Path, token: CancelToken
    ) -> str:
        """Return what another address says of a file; see ``told_by_others``."""
        return told_by_others(self._shared, request, used, target, token)

    def _prove(
        self, request: FetchRequest, target: Path, progress: TransferProgress, token: CancelToken
    ) -> DownloadProof:
        progress.enter("checking")
        return prove_file(request, target, self._shared.policy.digests, progress, token)

    def _bring(
        self,
        request: FetchRequest,
        target: Path,
        progress: TransferProgress,
        token: CancelToken,
        watch: ArrivalWatch | None,
    ) -> DownloadProof:
        policy = self._shared.policy
        names = algorithms(request, policy.digests)
        with (
            Part(target) as part,
            PartHasher(part, names, policy.checkpoint) as hasher,
            watched(part, watch),
        ):
            progress.done, progress.total = part.done, part.total or request.size
            fetching = Fetching(self._shared, request, part, hasher, progress, token)
            return fetching.run()

    @property
    def rate(self) -> int:
        """Bytes a second all transfers together may use; 0 is no limit."""
        return self._shared.rate.rate

    def set_rate(self, rate: int) -> None:
        """Limit all transfers together to ``rate`` bytes a second from now on; 0 is no limit."""
        self._shared.rate.set(rate)

    def discard(self, target: Path) -> None:
        """Forget the bytes fetched so far for ``target``; the finished file is left alone.

        Raises ``PartBusy`` while it is being fetched.
        """
        Part(target).discard()

    def close(self) -> None:
        """Close idle connections."""
        self._shared.client.close()

    def __enter__(self) -> Downloader:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


def told_by_others(
    shared: Downloads, request: FetchRequest, used: str, path: Path, token: CancelToken
) -> str:
    """Return what the first other address that answers says of a file, as the end of a sentence.

    ``used`` is the address it came from, as it is shown; empty where no other can be asked.
    Raises ``Cancelled``.
    """
    for address in request.urls:
        if shown(address) == used:
            continue
        try:
            return _compared(shared, request, address, path, token)
        except Cancelled:
            raise
        except (WizardError, OSError):
            continue
    return ""


def _compared(
    shared: Downloads, request: FetchRequest, address: Address, path: Path, token: CancelToken
) -> str:
    opener, size = Opener(request, address, shared.client, shared.limiter), path.stat().st_size
    name = host(reveal(address))
    for start in dict.fromkeys((max(0, size - _END), 0)):
        wanted = f"bytes={start}-{min(start + _END, size) - 1}"
        with opener.body({"Range": wanted}, shared.policy, token) as answer:
            head = read_head(
                answer.status, answer.headers, raw_gzip=magic.is_gzip_name(request.name)
            )
            if head is None or head.encoding:
                return ""
            if head.total is not None and head.total != size:
                return f"; but {name} offers another file, of {head.total:,} bytes"
            theirs, at = _read(answer, _END, token), head.start
        ours = _ours(path, at, len(theirs))
        if theirs != ours:
            return f"; but {name} offers another file of this size"
    return f", and {name} offers one of the same size and ends"


def _read(answer: Response, most: int, token: CancelToken) -> bytes:
    """Read a body as far as it is compared; a whole file that came instead is not read on."""
    data = bytearray(answer.first)
    for block in answer.rest:
        token.check()
        data += block
        if len(data) >= most:
            break
    return bytes(data[:most])


def _ours(path: Path, start: int, length: int) -> bytes:
    with open_foreign(path) as file:
        file.seek(start, os.SEEK_SET)
        return file.read(length)
