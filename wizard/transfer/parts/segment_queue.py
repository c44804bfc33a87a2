"""Who fetches which bytes next: missing ranges handed out in segments, from the front."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from wizard.transfer.parts.byte_ranges import ByteRange

_SECONDS = 2.0
"""How long a segment should take one connection: long enough to outweigh opening it."""
_LARGEST = 8
"""Times the usual segment that a fast connection may take at once."""


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
