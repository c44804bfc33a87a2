"""What moved over the last hour, kept by the moment, for plots."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import islice

from wizard.views import Snapshot

_TICK = 2.0
"""Seconds one sample stands for."""
_LAST = 120
"""Rates a line of words shows at most."""
SPANS = (120.0, 600.0, 1800.0, 3600.0)
"""Seconds a plot may reach back: the shortest that holds all there is."""


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of one moment."""

    rate: float = 0.0
    """Bytes a second over all downloads."""
    images: float = 0.0
    """Images a second over all label work and verification."""
    used: float = 0.0
    """Bytes the disk holds more than at the first look."""
    needed: float = 0.0
    """Bytes still to come."""


class History:
    """Figures of the last hour, the newest of each tick."""

    def __init__(self) -> None:
        self._moments: deque[tuple[int, Figures]] = deque(maxlen=int(SPANS[-1] / _TICK))
        self._free_at_first: int | None = None

    def note(self, snapshot: Snapshot) -> None:
        """Remember a sample."""
        if self._free_at_first is None:
            self._free_at_first = snapshot.disk_free
        used = max(0, self._free_at_first - snapshot.disk_free)
        then = Figures(
            snapshot.rate, images_rate(snapshot), float(used), float(snapshot.disk_needed)
        )
        tick = int(snapshot.moment / _TICK)
        if self._moments and self._moments[-1][0] >= tick:
            tick = self._moments.pop()[0]
        self._moments.append((tick, then))

    @property
    def last(self) -> Figures:
        """The newest figures."""
        return self._moments[-1][1] if self._moments else Figures()

    @property
    def rates(self) -> tuple[float, ...]:
        """Bytes a second of the last minutes, the newest last, one for each tick."""
        return tuple(then.rate for _, then in islice(reversed(self._moments), _LAST))[::-1]

    @property
    def span(self) -> float:
        """Seconds a plot reaches back."""
        if not self._moments:
            return SPANS[0]
        reach = (self._moments[-1][0] - self._moments[0][0]) * _TICK
        return next((span for span in SPANS if reach <= span), SPANS[-1])

    def values(self, of: Callable[[Figures], float], width: int) -> tuple[float, ...]:
        """The last ``width`` columns of the span, the mean of each; none before the first.

        Columns lie at fixed moments, so that a plot moves by whole columns. Where nothing was
        noted nothing changed, and the column is as the one before.
        """
        if not self._moments or width < 1:
            return ()
        a_column = max(_TICK, self.span / width)
        sums: dict[int, list[float]] = {}
        for tick, then in self._moments:
            sums.setdefault(int(tick * _TICK / a_column), []).append(of(then))
        newest = max(sums)
        return _filled(sums, range(max(min(sums), newest - width + 1), newest + 1))


def _filled(sums: dict[int, list[float]], columns: Sequence[int]) -> tuple[float, ...]:
    before = [column for column in sums if column < columns[0]]
    value = _mean(sums[max(before)]) if before else 0.0
    found: list[float] = []
    for column in columns:
        if column in sums:
            value = _mean(sums[column])
        found.append(value)
    return tuple(found)


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values)


def images_rate(snapshot: Snapshot) -> float:
    """Images a second over everything that counts them."""
    return sum(
        step.rate or 0.0
        for step in snapshot.steps
        if step.state == "running" and step.unit == "images"
    )
