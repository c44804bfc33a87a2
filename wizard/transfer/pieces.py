"""Who fetches which bytes next: missing spans handed out in pieces, from the front."""

from __future__ import annotations

import threading
from collections.abc import Iterable

from wizard.transfer.spans import Span

_SECONDS = 2.0
"""How long a piece should take one connection: long enough to outweigh opening it."""
_LARGEST = 8
"""Times the usual piece that a fast connection may take at once."""


class Pieces:
    """A queue of missing spans, cut as they are taken; safe from several threads."""

    def __init__(self, missing: Iterable[Span], piece: int | None, hands: int = 1) -> None:
        """Hand out ``missing`` to ``hands`` connections; ``piece`` None hands out whole spans."""
        self._lock = threading.Lock()
        self._missing = sorted(missing)
        self._piece = piece
        self._hands = hands

    def take(self, speed: float = 0.0) -> Span | None:
        """Return the next piece for a connection of ``speed`` bytes a second, None at the end."""
        with self._lock:
            if not self._missing:
                return None
            first = self._missing.pop(0)
            size = self._size(speed, first)
            if size < first.size:
                self._missing.insert(0, Span(first.start + size, first.end))
            return Span(first.start, min(first.end, first.start + size))

    def _size(self, speed: float, first: Span) -> int:
        if self._piece is None:
            return first.size
        left = first.size + sum(span.size for span in self._missing)
        # Not more than its share of half of what is left: all should end together.
        fair = left // (2 * self._hands)
        wished = min(int(speed * _SECONDS), fair, _LARGEST * self._piece)
        return max(self._piece, wished)

    def give_back(self, start: int, end: int) -> None:
        """Return what a connection did not get."""
        if start < end:
            with self._lock:
                self._missing = sorted((*self._missing, Span(start, end)))

    def __bool__(self) -> bool:
        return bool(self._missing)
