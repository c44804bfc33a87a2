"""The unbroken start of a download as a stream, for whoever reads it while it grows."""

from __future__ import annotations

import contextlib
import io
import os
import threading
from collections.abc import Callable, Iterator

from wizard.errors import TransferError
from wizard.transfer.parts.part import Part

_IDLE = 0.05
"""Seconds between two looks at a part that has not grown."""


class GrowingFile(io.RawIOBase):
    """Reads a part from its first byte, waiting for the next one until the file is complete.

    Nothing read from it is proven. It has a descriptor of its own, so that it can be read to its
    end after the part got its final name.
    """

    def __init__(self, part: Part) -> None:
        self._part = part
        self._file = _opened(part)
        self._generation = part.frontier[0]
        self._position = 0
        self._given_up = threading.Event()

    def readable(self) -> bool:
        """Say that bytes can be read."""
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override]
        """Fill as much of ``buffer`` as is there, at least a byte until the end.

        Raises ``TransferError`` when the download failed or started over.
        """
        ready = min(len(buffer), self._wait())
        count = os.preadv(self._file, [memoryview(buffer)[:ready]], self._position)
        if not self.unchanged() or (ready and not count):
            raise _started_over()
        self._position += count
        return count

    def size(self) -> int | None:
        """Return the size the server stated, None if it did not, once the first byte is there."""
        self._wait()
        return self._part.total

    def unchanged(self) -> bool:
        """Tell whether what was read is still the start of the file."""
        return self._generation == self._part.frontier[0]

    def give_up(self) -> None:
        """Tell the reader that no more bytes will come."""
        self._given_up.set()

    def _wait(self) -> int:
        """Return how many bytes can be read now, none at the end."""
        while True:
            ready = self._ready()
            if ready or self._part.total == self._position:
                return ready
            if self._given_up.wait(_IDLE):
                raise TransferError("the download ended early")

    def _ready(self) -> int:
        generation, frontier = self._part.frontier
        if generation != self._generation:
            if self._position:
                raise _started_over()
            self._begin_anew(generation)
        return frontier - self._position

    def _begin_anew(self, generation: int) -> None:
        """Turn to the file the bytes now go to; the one before may have been set aside."""
        fresh = _opened(self._part)
        os.close(self._file)
        self._file, self._generation = fresh, generation

    def close(self) -> None:
        """Close the descriptor."""
        if not self.closed:
            os.close(self._file)
        super().close()


def _opened(part: Part) -> int:
    return os.open(part.path, os.O_RDONLY | os.O_CLOEXEC)


def _started_over() -> TransferError:
    return TransferError("the download started over")


ArrivalWatch = Callable[[GrowingFile], None]
"""Is handed the stream when a transfer begins, and reads it in a thread of its own."""


@contextlib.contextmanager
def watched(part: Part, watch: ArrivalWatch | None) -> Iterator[None]:
    """Let ``watch`` read the part meanwhile; a block that fails ends its stream."""
    if watch is None:
        yield
        return
    stream = GrowingFile(part)
    watch(stream)
    try:
        yield
    except BaseException:
        stream.give_up()
        raise
