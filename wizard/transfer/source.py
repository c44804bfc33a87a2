"""One address of a file, asked for the rest of a part or for pieces of it, never mixing files.

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
from wizard.transfer.addresses import shown
from wizard.transfer.errors import FileChanged
from wizard.transfer.limits import Limits
from wizard.transfer.opening import Answer, Opener
from wizard.transfer.pacing import Gate, RateLimit
from wizard.transfer.part import Part
from wizard.transfer.replies import Reply, read_reply, unsatisfied_total
from wizard.transfer.request import Address, FetchRequest
from wizard.transfer.spans import Span


@dataclass(frozen=True, slots=True)
class Shared:
    """What all transfers of a downloader have in common."""

    limits: Limits
    client: httpx.Client
    gate: Gate
    rate: RateLimit


class Source:
    """One address of the request, asked for the rest of the part or for pieces of it."""

    def __init__(self, shared: Shared, request: FetchRequest, part: Part, address: Address) -> None:
        self.name = shown(address)
        self.pieces = True
        """Whether pieces may be asked for: until the server has answered one wrongly."""
        self._shared = shared
        self._request = request
        self._part = part
        self._opener = Opener(request, address, shared.client, shared.gate)

    def continuable(self) -> bool:
        """Tell whether several answers can be told to be of one file: by validator or hash."""
        known_end = self._part.total is not None and bool(self._request.hashes)
        return bool(self._part.validator.condition) or known_end

    def resumable(self) -> bool:
        """Tell whether bytes may be added to the part without mixing files."""
        return not self._part.done or self.continuable()

    @contextlib.contextmanager
    def open_rest(self, first: Span, token: CancelToken) -> Iterator[tuple[Answer, Reply | None]]:
        """Open the file from the first missing byte on; no reply when all bytes are there.

        Raises ``FileChanged`` when the answer does not continue the part.
        """
        headers = self._range(f"{first.start}-") if self._part.done else {}
        with self._opener.body(headers, self._shared.limits, token) as answer:
            if answer.status == 416:
                self._check_all_there(answer)
                yield answer, None
                return
            reply = self._read(answer)
            if reply.start != (first.start if answer.status == 206 else 0):
                raise self._changed("the server sent other bytes than asked for")
            if answer.status == 206:
                self._check_same(reply)
            yield answer, reply

    @contextlib.contextmanager
    def open_piece(self, piece: Span, token: CancelToken) -> Iterator[tuple[Answer, Reply]]:
        """Open one piece; raises ``FileChanged`` unless it is exactly that of the same file."""
        if not self.resumable():
            raise self._changed("the connection broke, and nothing tells the file's versions apart")
        headers = self._range(f"{piece.start}-{piece.end - 1}")
        with self._opener.body(headers, self._shared.limits, token) as answer:
            reply = self._read(answer) if answer.status == 206 else None
            if reply is None or reply.start != piece.start:
                self.pieces = False
                raise self._changed("the server does not serve pieces of this file")
            self._check_same(reply)
            yield answer, reply

    def _range(self, wanted: str) -> dict[str, str]:
        headers = {"Range": f"bytes={wanted}"}
        condition = self._part.validator.condition
        if self._judged_by_hash() or not condition:
            return headers
        return {**headers, "If-Range": condition}

    def _judged_by_hash(self) -> bool:
        """Tell whether the part is from another address, whose validators say nothing here."""
        return self._part.source != self.name and bool(self._request.hashes)

    def _read(self, answer: Answer) -> Reply:
        raw_gzip = magic.is_gzip_name(self._request.name)
        reply = read_reply(answer.status, answer.headers, raw_gzip=raw_gzip)
        if reply is None:
            raise self._changed("the server's answer contradicts itself")
        return reply

    def _check_same(self, reply: Reply) -> None:
        total, validator = self._part.total, self._part.validator
        if total is not None and reply.total != total:
            raise self._changed("the size of the file on the server changed")
        if not self._judged_by_hash() and not validator.agrees(reply.validator):
            raise self._changed("the file on the server changed")
        if self._judged_by_hash() or not validator.condition:
            self._part.patched = True

    def _check_all_there(self, answer: Answer) -> None:
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
