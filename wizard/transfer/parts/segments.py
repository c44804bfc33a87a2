"""Segments: which bytes of a file are there, which are missing, and who fetches which next."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from dataclasses import dataclass

_SECONDS = 2.0
"""How long a segment should take one connection: long enough to outweigh opening it."""
_LARGEST = 8
"""Times the usual segment that a fast connection may take at once."""


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


class SegmentQueue:
    """A queue of missing ranges, cut as they are taken; safe from several threads."""

    def __init__(
        self, missing: Iterable[ByteRange], segment: int | None, connections: int = 1
    ) -> None:
        """Hand out ``missing``; ``segment`` is a size in bytes, None for whole ranges."""
        self._lock = threading.Lock()
        self._missing = sorted(missing)
        self._segment = segment
        self._connections = connections

    def take(self, speed: float = 0.0) -> ByteRange | None:
        """Return the next segment for a connection of ``speed`` bytes a second, None at the end."""
        with self._lock:
            if not self._missing:
                return None
            first = self._missing.pop(0)
            size = self._size(speed, first)
            if size < first.size:
                self._missing.insert(0, ByteRange(first.start + size, first.end))
            return ByteRange(first.start, min(first.end, first.start + size))

    def _size(self, speed: float, first: ByteRange) -> int:
        if self._segment is None:
            return first.size
        left = first.size + sum(range_.size for range_ in self._missing)
        # Not more than its share of half of what is left: all should end together.
        fair = left // (2 * self._connections)
        wished = min(int(speed * _SECONDS), fair, _LARGEST * self._segment)
        return max(self._segment, wished)

    def give_back(self, start: int, end: int) -> None:
        """Return what a connection did not get."""
        if start < end:
            with self._lock:
                self._missing = sorted((*self._missing, ByteRange(start, end)))

    def __bool__(self) -> bool:
        return bool(self._missing)
