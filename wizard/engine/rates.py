"""How fast work goes and how long it still takes, from samples of the last half minute."""

from __future__ import annotations

from collections import deque

WINDOW = 30.0
"""Seconds a rate is the mean of."""


class Meter:
    """A sliding window over a growing count; rate and remaining time are unknown until it moves.

    ``window`` is in seconds; moments are any monotonic clock.
    """

    def __init__(self, window: float = WINDOW) -> None:
        self._window = window
        self._samples: deque[tuple[float, float]] = deque()
        self._grew = 0.0
        """When there was last more than before."""
        self.rate: float | None = None
        """Units a second; None before there are two samples a second apart."""

    def sample(self, moment: float, done: float) -> None:
        """Note what is done at a moment; a count that fell back starts the window anew."""
        if self._samples and done < self._samples[-1][1]:
            self.reset()
        if not self._samples or done > self._samples[-1][1]:
            self._grew = moment
        self._samples.append((moment, done))
        while len(self._samples) > 2 and self._samples[1][0] <= moment - self._window:
            self._samples.popleft()
        first_moment, first_done = self._samples[0]
        elapsed = moment - first_moment
        self.rate = (done - first_done) / elapsed if elapsed >= 1.0 else None

    def reset(self) -> None:
        """Forget the samples: the work paused or began again."""
        self._samples.clear()
        self.rate = None

    def eta(self, total: float | None) -> float | None:
        """Seconds until ``total`` at this rate, or None when nobody can tell.

        Where nothing moved for a third of the window nobody can: a rate that only fades would
        promise hours that grow by the minute.
        """
        if total is None or not self.rate or not self._samples:
            return None
        if self._samples[-1][0] - self._grew > self._window / 3:
            return None
        return max(0.0, total - self._samples[-1][1]) / self.rate
