"""Hashing a part while it grows, in a thread of its own.

Bytes that go on where the hash has come to are received into memory lent for them, or copied there,
and hashed from it. Everything else is read back from the page cache as it comes to stand: segments
out of order, the bytes of an earlier run, and what came while the hash was too far behind. Every so
often the part is recorded, too.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import deque
from dataclasses import dataclass

from wizard.errors import TransferError, WizardError, reason_of
from wizard.progress import CancelToken
from wizard.transfer.parts.part import Part

_BLOCK = 1 << 20
_AHEAD = 4
"""Blocks that may wait to be hashed."""
_IDLE = 0.1
"""Seconds between two looks at a part that others may have made grow."""
_ENDING = 0.02
_PATIENCE = 0.05
"""Seconds that what is received waits for room; it is read back later where there is none."""


@dataclass(slots=True)
class _Block:
    """Bytes in a row, as they came."""

    start: int
    data: bytearray
    filled: int = 0
    closed: bool = False
    """Whether no more are taken in: it is full, or being hashed."""
    lent: bool = False
    """Whether somebody receives into what is left of it; nobody else may have it meanwhile."""

    @property
    def end(self) -> int:
        return self.start + self.filled

    def take(self, data: memoryview) -> int:
        count = min(len(data), len(self.data) - self.filled)
        if data.obj is self.data:
            self.lent = False
        else:
            self.data[self.filled : self.filled + count] = data[:count]
        self.filled += count
        self.closed = self.filled == len(self.data)
        return count


class PartHasher:
    """Hashes a part from its first byte; a context manager around the transfer."""

    def __init__(self, part: Part, algorithms: frozenset[str], checkpoint: float) -> None:
        self._part = part
        self._algorithms = sorted(algorithms)
        self._checkpoint = checkpoint
        self._over = False
        self._ending = False
        self._failure: WizardError | None = None
        self._changed = threading.Condition()
        self._blocks: deque[_Block] = deque()
        self._spare: list[bytearray] = []
        self._start_anew(0)
        self._thread = threading.Thread(target=self._run, name="transfer-hash", daemon=True)

    def lend(self, position: int) -> memoryview | None:
        """Return where to receive the bytes of a position, to be offered from there.

        None where they are not hashed next. They stay untouched until they are offered.
        """
        if not self._algorithms:
            return None
        with self._changed:
            block = self._room(position) if self._part.generation == self._generation else None
            if block is None or block.lent:
                return None
            block.lent = True
            return memoryview(block.data)[block.filled :]

    def offer(self, position: int, data: memoryview) -> None:
        """Hand over bytes that just came to stand; those that are not wanted now are read back."""
        if not self._algorithms:
            return
        with self._changed:
            while data and self._part.generation == self._generation:
                block = self._room(position)
                if block is None or (block.lent and block.data is not data.obj):
                    return
                count = block.take(data)
                position, data = position + count, data[count:]
                if block.closed:
                    self._changed.notify_all()

    def _room(self, position: int) -> _Block | None:
        """Return the block that takes the bytes of a position, None where they do not go on."""
        if self._blocks and self._blocks[-1].end == position and not self._blocks[-1].closed:
            return self._blocks[-1]
        if len(self._blocks) >= _AHEAD and self._blocks[-1].end == position:
            self._changed.wait(_PATIENCE)
        expected = self._blocks[-1].end if self._blocks else self._position
        if position != expected or len(self._blocks) >= _AHEAD:
            return None
        self._blocks.append(
            _Block(position, self._spare.pop() if self._spare else bytearray(_BLOCK))
        )
        return self._blocks[-1]

    def _start_anew(self, generation: int) -> None:
        with self._changed:
            self._generation = generation
            self._position = 0
            self._blocks.clear()
            self._hashes = {
                name: hashlib.new(name, usedforsecurity=False) for name in self._algorithms
            }

    def _run(self) -> None:
        due = time.monotonic() + self._checkpoint
        try:
            while not self._over:
                moved = self._follow()
                if time.monotonic() >= due:
                    due = self._record()
                if not moved:
                    self._rest(due)
        except WizardError as error:
            self._failure = error
        except OSError as error:
            self._failure = TransferError(f"cannot read back the bytes: {reason_of(error)}")

    def _rest(self, due: float) -> None:
        """Wait for bytes; without hashes, for the next record or the end."""
        pause = max(0.0, due - time.monotonic())
        with self._changed:
            if not self._over and not self._ending:
                self._changed.wait(min(_IDLE, pause) if self._algorithms else pause)
            elif not self._over:
                self._changed.wait(_ENDING)

    def _follow(self) -> bool:
        generation, frontier = self._part.frontier
        if generation != self._generation:
            self._start_anew(generation)
        if not self._hashes:
            moved, self._position = self._position < frontier, max(self._position, frontier)
            return moved
        with self._changed:
            block = self._next_block(frontier)
            if block is not None and not block.closed:
                return False
        if block is not None:
            self._update(memoryview(block.data)[: block.filled])
            self._done_with(block)
            return True
        if self._position >= frontier:
            return False
        data = self._part.read(min(_BLOCK, frontier - self._position), self._position)
        self._update(data)
        self._position += len(data)
        return bool(data)

    def _next_block(self, frontier: int) -> _Block | None:
        """Return the block that goes on from here; one that grows is closed only in need."""
        if self._blocks and self._blocks[0].start != self._position:
            self._blocks.clear()
        if not self._blocks:
            return None
        block = self._blocks[0]
        if self._ending or frontier - block.end > _BLOCK:
            block.closed = True
        return block

    def _update(self, data: bytes | memoryview) -> None:
        for digest in self._hashes.values():
            digest.update(data)

    def _done_with(self, block: _Block) -> None:
        with self._changed:
            self._position = block.end
            if self._blocks and self._blocks[0] is block:
                self._blocks.popleft()
            if not block.lent:
                self._spare.append(block.data)
            self._changed.notify_all()

    def _record(self) -> float:
        """Record the part; returns when to do so again: rarely where flushing is slow."""
        began = time.monotonic()
        self._part.checkpoint()
        took = time.monotonic() - began
        return time.monotonic() + max(self._checkpoint, 10 * took)

    def digests(self, total: int, token: CancelToken) -> dict[str, str]:
        """Wait for the hashes of all ``total`` bytes and return them, hexadecimal by name.

        Raises ``Cancelled``, or the ``WizardError`` that stopped the hashing.
        """
        self._end(ending=True)
        try:
            while self._behind(total):
                if self._failure is not None:
                    raise self._failure
                with self._changed:
                    if self._behind(total):
                        self._changed.wait(_ENDING)
                token.check()
            return {name: digest.hexdigest() for name, digest in self._hashes.items()}
        finally:
            self._end(ending=False)

    def _end(self, *, ending: bool) -> None:
        with self._changed:
            self._ending = ending
            self._changed.notify_all()

    def _behind(self, total: int) -> bool:
        return self._generation != self._part.generation or self._position < total

    def __enter__(self) -> PartHasher:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        with self._changed:
            self._over = True
            self._changed.notify_all()
        self._thread.join()
