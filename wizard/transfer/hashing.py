"""Hashing a part while it grows, in a thread of its own.

The follower reads back the unbroken bytes from the start as they come to stand, from the page
cache, so one rule serves a single stream, pieces out of order and the bytes of an earlier run
alike, and what is hashed is what is on the disk. Every so often it also has the part recorded.
"""

from __future__ import annotations

import hashlib
import threading
import time

from wizard.errors import TransferError
from wizard.progress import CancelToken
from wizard.transfer.part import Part

_BLOCK = 1 << 20
_IDLE = 0.02
"""Seconds between two looks at a part that has not grown."""


class Follower:
    """Hashes a part from its first byte; a context manager around the transfer."""

    def __init__(self, part: Part, algorithms: frozenset[str], checkpoint: float) -> None:
        self._part = part
        self._algorithms = sorted(algorithms)
        self._checkpoint = checkpoint
        self._over = threading.Event()
        self._failure: TransferError | None = None
        self._start_anew(0)
        self._thread = threading.Thread(target=self._run, name="transfer-hash", daemon=True)

    def _start_anew(self, generation: int) -> None:
        self._generation = generation
        self._position = 0
        self._hashes = {name: hashlib.new(name, usedforsecurity=False) for name in self._algorithms}

    def _run(self) -> None:
        due = time.monotonic() + self._checkpoint
        try:
            while not self._over.is_set():
                moved = self._follow()
                if time.monotonic() >= due:
                    due = self._record()
                if not moved:
                    self._over.wait(_IDLE)
        except TransferError as error:
            self._failure = error
        except OSError as error:
            self._failure = TransferError(f"cannot read back the bytes: {error.strerror}")

    def _follow(self) -> bool:
        generation, frontier = self._part.frontier
        if generation != self._generation:
            self._start_anew(generation)
        if self._position >= frontier:
            return False
        if not self._hashes:
            self._position = frontier
            return True
        block = self._part.read(min(_BLOCK, frontier - self._position), self._position)
        for digest in self._hashes.values():
            digest.update(block)
        self._position += len(block)
        return bool(block)

    def _record(self) -> float:
        """Record the part; returns when to do so again: rarely where flushing is slow."""
        began = time.monotonic()
        self._part.checkpoint()
        took = time.monotonic() - began
        return time.monotonic() + max(self._checkpoint, 10 * took)

    def digests(self, total: int, token: CancelToken) -> dict[str, str]:
        """Wait for the hashes of all ``total`` bytes and return them, hexadecimal by name.

        Raises ``Cancelled``, or the ``TransferError`` that stopped the hashing.
        """
        while self._behind(total):
            if self._failure is not None:
                raise self._failure
            token.wait(_IDLE)
            token.check()
        return {name: digest.hexdigest() for name, digest in self._hashes.items()}

    def _behind(self, total: int) -> bool:
        return self._generation != self._part.generation or self._position < total

    def __enter__(self) -> Follower:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._over.set()
        self._thread.join()
