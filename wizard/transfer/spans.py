"""Which bytes of a file are there and which are missing, as half-open spans."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass


@dataclass(frozen=True, slots=True, order=True)
class Span:
    """The bytes from ``start`` up to, not including, ``end``."""

    start: int
    end: int

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.end - self.start


def merged(spans: Iterable[Span]) -> tuple[Span, ...]:
    """Return the same bytes as sorted spans that neither touch nor overlap."""
    result: list[Span] = []
    for span in sorted(span for span in spans if span.size > 0):
        if result and span.start <= result[-1].end:
            result[-1] = Span(result[-1].start, max(result[-1].end, span.end))
        else:
            result.append(span)
    return tuple(result)


def gaps(have: Iterable[Span], total: int) -> tuple[Span, ...]:
    """Return what is missing of a file of ``total`` bytes, in order."""
    missing: list[Span] = []
    position = 0
    for span in merged(have):
        if span.start >= total:
            break
        if span.start > position:
            missing.append(Span(position, span.start))
        position = max(position, span.end)
    if position < total:
        missing.append(Span(position, total))
    return tuple(missing)
