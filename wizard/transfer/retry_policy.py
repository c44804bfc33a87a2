"""How hard and how long a download may try; every time-dependent number in one place."""

from __future__ import annotations

from dataclasses import dataclass

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
