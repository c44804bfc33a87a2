"""Which bytes of a file are there and which are missing, as half-open ranges."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class ByteRange:
    """The bytes from ``start`` up to, not including, ``end``."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.end - self.start


def merged_ranges(ranges: Iterable[ByteRange]) -> tuple[ByteRange, ...]:
    """Return the same bytes as sorted ranges that neither touch nor overlap."""
    result: list[ByteRange] = []
    for range_ in sorted(range_ for range_ in ranges if range_.size > 0):
        if result and range_.start <= result[-1].end:
            result[-1] = ByteRange(result[-1].start, max(result[-1].end, range_.end))
        else:
            result.append(range_)
    return tuple(result)


def missing_ranges(have: Iterable[ByteRange], total: int) -> tuple[ByteRange, ...]:
    """Return what is missing of a file of ``total`` bytes, in order."""
    missing: list[ByteRange] = []
    position = 0
    for range_ in merged_ranges(have):
        if range_.start >= total:
            break
        if range_.start > position:
            missing.append(ByteRange(position, range_.start))
        position = max(position, range_.end)
    if position < total:
        missing.append(ByteRange(position, total))
    return tuple(missing)
