"""One address of a file, asked for the rest of a part or for segments of it, never mixing files.

The rules of resuming (design rule 5): a part is continued by a 206 alone, whose start and total
agree and whose validators have not changed; a 200 starts over; a 416 is compared.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass

import httpx

from wizard.progress import CancelToken
from wizard.transfer import magic
from wizard.transfer.errors import FileChanged
from wizard.transfer.http.addresses import shown
from wizard.transfer.http.body import Flow
from wizard.transfer.http.opening import Opener, Response
from wizard.transfer.http.response_head import ResponseHead, read_head, unsatisfied_total
from wizard.transfer.parts.part import Part
from wizard.transfer.parts.segments import ByteRange
from wizard.transfer.proving import check_size
from wizard.transfer.request import Address, FetchRequest
from wizard.transfer.retry_policy import ConnectionLimiter, RateLimit, RetryPolicy


@dataclass(frozen=True, slots=True)
class Downloads:
    """What all transfers of a downloader have in common."""

    policy: RetryPolicy
    client: httpx.Client
    limiter: ConnectionLimiter
    rate: RateLimit

    def flow(self, token: CancelToken) -> Flow:
        """Return how a body of theirs may flow."""
        return Flow(token, self.rate, self.policy.stall, self.policy.slowest)


class RemoteFile:
    """One address of the request, asked for the rest of the part or for segments of it."""

    def __init__(
        self, shared: Downloads, request: FetchRequest, part: Part, address: Address
    ) -> None:
        self.address = address
        self.name = shown(address)
        self.segments = True
        """Whether segments may be asked for: until the server has answered one wrongly."""
        self._conditional = True
        self._shared = shared
        self._request = request
        self._part = part
        self._opener = Opener(request, address, shared.client, shared.limiter)

    def continuable(self) -> bool:
        """Tell whether several answers can be told to be of one file: by validator or hash."""
        known_end = self._part.total is not None and bool(self._request.hashes)
        return bool(self._part.validator.condition) or known_end

    def resumable(self) -> bool:
        """Tell whether bytes may be added to the part without mixing files."""
        return not self._part.done or self.continuable()

    @contextlib.contextmanager
    def open_rest(
        self, first: ByteRange, token: CancelToken
    ) -> Iterator[tuple[Response, ResponseHead | None]]:
        """Open the file from the first missing byte on; no head when all bytes are there.

        Raises ``FileChanged`` when the answer does not continue the part.
        """
        wanted = f"{first.start}-" if self._part.done else ""
        with self._answer(wanted, token) as answer:
            if answer.status == 416:
                self._check_all_there(answer)
                yield answer, None
                return
            head = self._read(answer)
            if head.start != (first.start if answer.status == 206 else 0):
                raise self._changed("the server sent other bytes than asked for")
            if answer.status == 206:
                self._check_same(head)
            yield answer, head

    @contextlib.contextmanager
    def open_segment(
        self, segment: ByteRange, token: CancelToken
    ) -> Iterator[tuple[Response, ResponseHead]]:
        """Open one segment; raises ``FileChanged`` unless it is exactly that of the same file."""
        if not self.resumable():
            raise self._changed("the connection broke, and nothing tells the file's versions apart")
        with self._answer(f"{segment.start}-{segment.end - 1}", token) as answer:
            head = self._read(answer)
            if head.total is not None:
                check_size(self._request, head.total, self.name)
            if answer.status != 206 or head.start != segment.start:
                self.segments = False
                raise self._changed("the server does not serve segments of this file")
            self._check_same(head)
            yield answer, head

    @contextlib.contextmanager
    def _answer(self, wanted: str, token: CancelToken) -> Iterator[Response]:
        """Open a range of the file, or all of it where ``wanted`` is empty.

        Some servers know only one of the two kinds of ``If-Range`` and answer the other with the
        whole of the very version that was asked for. They are asked again without a condition:
        the validators of the answer tell as much.
        """
        headers = self._headers(wanted)
        with self._opener.body(headers, self._shared.policy, token) as answer:
            if "If-Range" not in headers or answer.status != 200 or not self._is_same(answer):
                yield answer
                return
        self._conditional = False
        with self._opener.body(self._headers(wanted), self._shared.policy, token) as answer:
            yield answer

    def _headers(self, wanted: str) -> dict[str, str]:
        if not wanted:
            return {}
        headers = {"Range": f"bytes={wanted}"}
        condition = self._part.validator.condition
        if self._judged_by_hash or not condition or not self._conditional:
            return headers
        return {**headers, "If-Range": condition}

    @property
    def _judged_by_hash(self) -> bool:
        """Whether the hash of the whole decides which bytes belong together; else validators do.

        Validators change when a file is copied to another server of a host, bytes do not.
        """
        return bool(self._request.hashes)

    def _is_same(self, answer: Response) -> bool:
        head = self._read(answer)
        same = head.validator == self._part.validator and head.total == self._part.total
        return same and head.ranges

    def _read(self, answer: Response) -> ResponseHead:
        raw_gzip = magic.is_gzip_name(self._request.name)
        head = read_head(answer.status, answer.headers, raw_gzip=raw_gzip)
        if head is None:
            raise self._changed("the server's answer contradicts itself")
        return head

    def _check_same(self, head: ResponseHead) -> None:
        total, validator = self._part.total, self._part.validator
        if total is not None and head.total != total:
            raise self._changed("the size of the file on the server changed")
        if not self._judged_by_hash and not validator.agrees(head.validator):
            raise self._changed("the file on the server changed")

    def _check_all_there(self, answer: Response) -> None:
        total = unsatisfied_total(answer.headers)
        if total is None or total != self._part.done:
            raise self._changed("the file on the server is shorter than what we have")
        self._part.finish_at(total)

    def _changed(self, message: str) -> FileChanged:
        return FileChanged(
            message,
            where=self.name,
            hint="It starts over, so that no two versions are mixed; if that keeps happening, use "
            "another mirror or import the file by hand.",
        )
