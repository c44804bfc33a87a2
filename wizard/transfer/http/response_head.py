"""What the head of an answer promises: where its bytes belong, of which file, how many."""

from __future__ import annotations

import email.utils
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass

import msgspec

_CONTENT_RANGE = re.compile(r"bytes\s+(\d{1,18})-(\d{1,18})/(\d{1,18}|\*)\Z", re.IGNORECASE)
_UNSATISFIED = re.compile(r"bytes\s+\*/(\d{1,18})\Z", re.IGNORECASE)


class Validator(msgspec.Struct, frozen=True, omit_defaults=True):
    """What a server says to tell versions of a file apart."""

    etag: str = ""
    modified: str = ""

    @property
    def condition(self) -> str:
        """Value for ``If-Range``; empty when there is none fit for it (weak tags are not)."""
        return self.etag if self.etag and not self.etag.startswith("W/") else self.modified

    def agrees(self, other: Validator) -> bool:
        """Tell whether nothing the two both say differs."""
        if self.etag and other.etag:
            return self.etag == other.etag
        return not (self.modified and other.modified) or self.modified == other.modified


@dataclass(frozen=True, slots=True)
class ResponseHead:
    """A 200 or 206 in our words; offsets are bytes of the whole file."""

    start: int
    end: int | None
    """Where the body ends; None when the server does not say."""
    total: int | None
    """Size of the whole file; None when the server does not say."""
    validator: Validator
    ranges: bool
    """Whether the server has shown or said that it serves segments."""
    framed: bool
    """Whether the end of the body can be told from a broken connection."""
    encoding: str = ""
    """Content encoding on top of the file, against our wish."""


def read_head(status: int, headers: Mapping[str, str], *, raw_gzip: bool) -> ResponseHead | None:
    """Understand the head of a 200 or 206; None when it contradicts itself.

    ``raw_gzip``: the file itself is gzip, and servers that call that an encoding mean the file.
    """
    encoding = headers.get("content-encoding", "").strip().lower()
    if encoding == "identity" or (raw_gzip and encoding in {"gzip", "x-gzip"}):
        encoding = ""
    validator = Validator(headers.get("etag", ""), headers.get("last-modified", ""))
    chunked = "transfer-encoding" in headers
    length = None if chunked else _length(headers)
    if encoding:
        framed = chunked or length is not None
        return (
            ResponseHead(0, None, None, Validator(), False, framed, encoding)
            if status == 200
            else None
        )
    if status == 200:
        said = headers.get("accept-ranges", "").lower() == "bytes"
        return ResponseHead(0, length, length, validator, said, chunked or length is not None)
    return _partial(headers, validator, length)


def _partial(
    headers: Mapping[str, str], validator: Validator, length: int | None
) -> ResponseHead | None:
    found = _CONTENT_RANGE.match(headers.get("content-range", "").strip())
    if not found:
        return None
    start, end = int(found[1]), int(found[2]) + 1
    total = None if found[3] == "*" else int(found[3])
    fits = start < end <= (end if total is None else total)
    if not fits or length not in {None, end - start}:
        return None
    return ResponseHead(start, end, total, validator, ranges=True, framed=total is not None)


def _length(headers: Mapping[str, str]) -> int | None:
    value = headers.get("content-length", "").strip()
    return int(value) if re.fullmatch(r"[0-9]{1,18}", value) else None


def unsatisfied_total(headers: Mapping[str, str]) -> int | None:
    """Return the size of the file that a 416 names."""
    found = _UNSATISFIED.match(headers.get("content-range", "").strip())
    return int(found[1]) if found else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Return the wait a server asks for, in seconds; it may name seconds or a date."""
    value = headers.get("retry-after", "").strip()
    if re.fullmatch(r"[0-9]{1,18}", value):
        return float(value)
    try:
        moment = email.utils.parsedate_to_datetime(value)
        return max(0.0, moment.timestamp() - time.time())
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
