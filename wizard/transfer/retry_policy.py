"""The retry policy, in one place, and what keeps to it: limits of rate and connections, backoff."""

from __future__ import annotations

import contextlib
import random
import threading
import time
from collections import Counter as Tally
from collections.abc import Iterator
from dataclasses import dataclass

from wizard.errors import TransferError
from wizard.progress import CancelToken, TransferProgress
from wizard.transfer.errors import FileChanged, Passing, ServerBusy, TooSlow
from wizard.transfer.interrupt import TICK

_MIB = 1 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryPolicy:
    """Politeness, waits and segment sizes; times are seconds, sizes bytes."""

    connections: int = 16
    """Open connections over all transfers."""
    per_host: int = 4
    """Open connections to one host."""
    connections_per_file: int = 4
    """Connections one large file may use, within ``per_host``."""
    rate: int = 0
    """Bytes a second over all transfers at the start; 0 is no limit."""
    segment_from: int = 64 * _MIB
    """Smallest remainder worth several connections."""
    segment_size: int = 8 * _MIB
    """Bytes a connection asks for at a time in a segmented download."""
    connect: float = 20.0
    """Longest wait for a connection and its TLS handshake."""
    head: float = 60.0
    """Longest wait for the head of an answer."""
    stall: float = 60.0
    """Longest wait without a byte before connecting anew; rates are measured over as long."""
    slowest: int = 4000
    """Bytes a second below which a connection is given up; one busy host gives everybody 60,000."""
    gives_up_slow: bool = False
    """Whether a slow address counts as down after ``attempts``: where there is another one."""
    attempts: int = 8
    """Tries in a row that bring no new byte before a mirror counts as down."""
    attempts_before_next: int = 3
    """The same for a mirror with another one behind it: a dead first one must not cost minutes."""
    restarts: int = 4
    """Times a file may start over from its first byte."""
    backoff: float = 1.0
    """First wait after a failure; doubles up to ``longest_backoff``, with jitter."""
    longest_backoff: float = 60.0
    longest_wait: float = 900.0
    """Longest ``Retry-After`` waited for; a server that asks for more counts as down."""
    checkpoint: float = 2.0
    """Most that a killed process loses, in seconds of transfer."""
    digests: tuple[str, ...] = ("sha256",)
    """Hashes computed of every file, known or not."""


class RateLimit:
    """A token bucket all transfers draw from; the rate may change at any moment."""

    def __init__(self, rate: int = 0) -> None:
        self._changed = threading.Condition()
        self._rate = rate
        self._credit = 0.0
        self._moment = time.monotonic()

    @property
    def rate(self) -> int:
        """Bytes a second; 0 is no limit."""
        return self._rate

    def set(self, rate: int) -> None:
        """Change the rate; transfers that wait notice at once."""
        with self._changed:
            self._refill()
            self._rate, self._credit = max(0, rate), 0.0
            self._changed.notify_all()

    def helping(self, size: int) -> int:
        """Return how many bytes to read at once so that the flow stays even; at most ``size``."""
        return min(size, max(4096, self._rate // 10)) if self._rate else size

    def take(self, count: int, token: CancelToken) -> None:
        """Account for ``count`` bytes, waiting until the rate allows more."""
        if not self._rate:
            return
        with self._changed:
            self._refill()
            self._credit -= count
            while self._rate and self._credit < 0:
                token.check()
                self._changed.wait(min(TICK, -self._credit / self._rate))
                self._refill()

    def _refill(self) -> None:
        now = time.monotonic()
        burst = self._rate / 10
        self._credit = min(burst, self._credit + (now - self._moment) * self._rate)
        self._moment = now


class ConnectionLimiter:
    """Bounds open connections, over all and for each host."""

    def __init__(self, connections: int, per_host: int) -> None:
        self._connections = connections
        self._per_host = per_host
        self._open: Tally[str] = Tally()
        self._changed = threading.Condition()

    @contextlib.contextmanager
    def connection(self, host: str, token: CancelToken) -> Iterator[None]:
        """Hold one connection to ``host`` for the length of the block, waiting for its turn."""
        with self._changed:
            while self._full(host):
                token.check()
                self._changed.wait(TICK)
            self._open[host] += 1
        try:
            yield
        finally:
            with self._changed:
                self._open[host] -= 1
                self._changed.notify_all()

    def _full(self, host: str) -> bool:
        return self._open[host] >= self._per_host or self._open.total() >= self._connections


class Retries:
    """Counts tries in a row that brought nothing, and waits longer after each."""

    def __init__(self, policy: RetryPolicy, progress: TransferProgress, token: CancelToken) -> None:
        self._policy = policy
        self._progress = progress
        self._token = token
        self._failures = 0
        self._restarts = 0
        self._wrong = False

    def renew(self) -> None:
        """Start counting anew."""
        self._failures = 0

    def bytes_came(self, error: Passing) -> None:
        """Start counting anew, unless they came so slowly that another address will do better."""
        if not (isinstance(error, TooSlow) and self._policy.gives_up_slow):
            self.renew()

    def once_more(self, error: TransferError) -> bool:
        """Allow one more try after wrong bytes; False when that was had before."""
        if self._wrong:
            return False
        self._wrong = True
        self._wait(error, self._policy.backoff)
        return True

    def started_over(self, error: FileChanged) -> None:
        """Allow another start from the first byte, or raise ``error`` when there were enough."""
        self._restarts += 1
        if self._restarts > self._policy.restarts:
            raise error
        self._wait(error, self._policy.backoff * self._restarts)

    def after(self, error: Passing) -> None:
        """Wait before the next try, or raise ``error`` when there were enough."""
        self._failures += 1
        asked = error.after if isinstance(error, ServerBusy) else None
        if self._failures >= self._policy.attempts or (asked or 0) > self._policy.longest_wait:
            raise error
        longest = min(
            self._policy.backoff * 2 ** (self._failures - 1), self._policy.longest_backoff
        )
        # Half of it is chance, so that many clients do not come back in step.
        delay = longest * (0.5 + random.random() / 2)  # noqa: S311
        self._wait(error, max(delay, asked or 0))

    def _wait(self, error: TransferError, delay: float) -> None:
        moment = time.strftime("%H:%M:%S", time.localtime(time.time() + delay))
        self._progress.enter("retrying", f"{error.message}; next try at {moment}")
        self._token.wait(delay)
        self._token.check()
