"""Small members, written a batch at a time; those of a zip are read, inflated and checked first.

Imports next to nothing, because helper processes (``workers``) run this and have to be up at once.
"""

from __future__ import annotations

import marshal
import os
import struct
import sys

from wizard.archives.deflate import InflateError, crc32, inflater
from wizard.openat import write_new

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Importing these takes as long as all the rest; a checker knows the name without ``typing``.
    from collections.abc import Callable, Sequence
    from typing import IO, Any

LOCAL = struct.Struct("<4s4xH16xHH")
_HEADER = 1024
"""More bytes than nearly every header takes with the name, whose exact size it alone tells."""
_WINDOW = 1 << 20

Small = tuple[bytes, bytes, int, int, int, int, bool]
"""Path to be, and name, size, packed size, CRC-32, offset and whether it is deflated as the
directory has it: plain values, which cross a pipe for next to nothing."""

Loaded = tuple[bytes, bytes]
"""Path to be, and the bytes of a member that was read already."""

NO_ARCHIVE = -1
"""In the place of a descriptor, for batches that come with their bytes."""

DamagedPlace = tuple[int, str]
"""Place of a member in its batch, and what is wrong with it."""


class DamagedMember(Exception):
    """A member's bytes are not what the directory says; the reason is the message."""


def write_batch(
    archive: int, root: bytes, batch: Sequence[Small], check: Callable[[], None]
) -> list[DamagedPlace]:
    """Write members below ``root``, a folder's name with its slash; returns the damaged ones.

    ``archive`` is a descriptor; ``check`` is called between members and may raise. Raises
    ``OSError``.
    """
    window = _Window(archive, batch)
    damaged = []
    for place, (path, name, size, packed, crc, offset, deflated) in enumerate(batch):
        check()
        try:
            data = window.data(offset, packed, LocalHeader(name, deflated))
            whole = _inflate(data, size) if deflated else data
            if len(whole) != size or crc32(whole) != crc:
                raise DamagedMember("its bytes do not match their checksum")
        except DamagedMember as error:
            damaged.append((place, str(error)))
        else:
            write_new(root + path, whole)
    return damaged


def write_given(root: bytes, batch: Sequence[Loaded], check: Callable[[], None]) -> None:
    """Write members that come with their bytes below ``root``, as ``write_batch`` does."""
    for path, data in batch:
        check()
        write_new(root + path, data)


class _Window:
    """Bytes of the archive read ahead for members that lie close together.

    A call to the system for each of them would cost as much as inflating it.
    """

    def __init__(self, archive: int, batch: Sequence[Small]) -> None:
        self._archive = archive
        self._start = batch[0][5]
        size = batch[-1][5] + batch[-1][3] + _HEADER - self._start
        self._bytes = memoryview(b"")
        if size <= _WINDOW:
            try:
                self._bytes = self._block(size, self._start)
            except DamagedMember:
                return  # Read again, and told, for the member it belongs to.

    def data(self, offset: int, packed: int, header: LocalHeader) -> memoryview:
        """Return the packed data of the member whose header is at ``offset``."""
        block, at = self._bytes, offset - self._start
        if at + LOCAL.size + len(header.name) > len(block):
            block, at = self._block(_HEADER + len(header.name) + packed, offset), 0
        start = at + header.size(block, at)
        found = block[start : start + packed]
        if len(found) < packed:
            found = self._block(packed, offset - at + start)
        return found

    def _block(self, size: int, offset: int) -> memoryview:
        return memoryview(read_at(self._archive, size, offset))


def read_at(archive: int, size: int, offset: int) -> bytes:
    """Read up to ``size`` bytes; raises ``DamagedMember`` where the system cannot."""
    try:
        return os.pread(archive, size, offset)
    except OSError as error:
        raise DamagedMember(f"it cannot be read: {error.strerror or error}") from error


class LocalHeader:
    """What the header before a member's data has to say, by the directory."""

    def __init__(self, name: bytes, deflated: bool) -> None:
        self.name = name
        self._method = 8 if deflated else 0

    def size(self, block: bytes | memoryview, at: int) -> int:
        """Return the bytes of the header at ``at``; raises ``DamagedMember`` if it is another."""
        if len(block) < at + LOCAL.size:
            raise DamagedMember("the archive ends before it")
        magic, method, length, extra = LOCAL.unpack_from(block, at)
        if magic != b"PK\x03\x04":
            raise DamagedMember("there is no member where the archive says it is")
        name = bytes(block[at + LOCAL.size : at + LOCAL.size + length])
        if name != self.name and _spelled(name) != _spelled(self.name):
            raise DamagedMember("it has another name where its data is")
        if method != self._method:
            raise DamagedMember("it is packed otherwise than the archive says")
        return LOCAL.size + int(length) + int(extra)


def _spelled(name: bytes) -> str:
    """Return a name in letters, whichever way it is written."""
    try:
        text = name.decode()
    except UnicodeDecodeError:
        text = name.decode("cp437")
    return text.replace("\\", "/")


def _inflate(packed: memoryview, size: int) -> bytes:
    """Inflate at most one byte more than promised, so that a lie about the size costs nothing."""
    try:
        return bytes(inflater(-15).decompress(packed, size + 1))
    except InflateError as error:
        raise DamagedMember("its compressed data is broken") from error


def serve_batches(archive: int) -> None:
    """Be a worker: write the batches that come in below this folder, until there are no more."""
    while True:
        try:
            batch = receive_message(sys.stdin.buffer)
        except EOFError:
            return
        if archive == NO_ARCHIVE:
            write_given(b"", batch, _go_on)
            send_message(sys.stdout.buffer, [])
        else:
            send_message(sys.stdout.buffer, write_batch(archive, b"", batch, _go_on))


def _go_on() -> None:
    pass


def send_message(pipe: IO[bytes], message: Any) -> None:
    """Write one message of plain values."""
    data = marshal.dumps(message)
    pipe.write(len(data).to_bytes(4, "little") + data)
    pipe.flush()


def receive_message(pipe: IO[bytes]) -> Any:
    """Read one message; raises ``EOFError`` when the other end is gone."""
    return marshal.loads(pipe.read(int.from_bytes(pipe.read(4), "little")))  # noqa: S302 (ours)
