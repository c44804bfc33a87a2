"""The small members of a zip: read, inflated, checked and written a batch at a time.

Imports next to nothing, because helper processes (``mates``) run this and have to be up at once.
"""

from __future__ import annotations

import marshal
import os
import struct
import sys

from wizard.archives.inflate import InflateError, crc32, inflater

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Importing these takes as long as all the rest; a checker knows the name without ``typing``.
    from collections.abc import Callable, Sequence
    from typing import IO, Any

LOCAL = struct.Struct("<4s22xHH")
_HEADER = 1024
"""More bytes than nearly every header takes with the name, whose exact size it alone tells."""
_WINDOW = 1 << 20

Small = tuple[bytes, int, int, int, int, bool]
"""Path, size, packed size, CRC-32, offset and whether it is deflated, as in ``ZipEntry``: plain
values, which cross a pipe for next to nothing."""

Damaged = tuple[int, str]
"""Place of a member in its batch, and what is wrong with it."""


class DamagedMember(Exception):
    """A member's bytes are not what the directory says; the reason is the message."""


def write_batch(
    archive: int, root: bytes, batch: Sequence[Small], check: Callable[[], None]
) -> list[Damaged]:
    """Write members below ``root``, a folder's name with its slash; returns the damaged ones.

    ``archive`` is a descriptor; ``check`` is called between members and may raise. Raises
    ``OSError``.
    """
    window = _Window(archive, batch)
    damaged = []
    for place, (path, size, packed, crc, offset, deflated) in enumerate(batch):
        check()
        try:
            data = window.data(offset, packed)
            whole = _inflate(data, size) if deflated else data
            if len(whole) != size or crc32(whole) != crc:
                raise DamagedMember("its bytes do not match their checksum")
        except DamagedMember as error:
            damaged.append((place, str(error)))
        else:
            write_file(root + path, whole)
    return damaged


class _Window:
    """Bytes of the archive read ahead for members that lie close together.

    A call to the system for each of them would cost as much as inflating it.
    """

    def __init__(self, archive: int, batch: Sequence[Small]) -> None:
        self._archive = archive
        self._start = batch[0][4]
        size = batch[-1][4] + batch[-1][2] + _HEADER - self._start
        self._bytes = self._block(size if size <= _WINDOW else 0, self._start)

    def data(self, offset: int, packed: int) -> memoryview:
        """Return the packed data of the member whose header is at ``offset``."""
        block, at = self._bytes, offset - self._start
        if at + LOCAL.size > len(block):
            block, at = self._block(_HEADER + packed, offset), 0
        start = at + data_start(block, at)
        found = block[start : start + packed]
        if len(found) < packed:
            found = self._block(packed, offset - at + start)
        return found

    def _block(self, size: int, offset: int) -> memoryview:
        return memoryview(os.pread(self._archive, size, offset))


def data_start(block: bytes | memoryview, at: int) -> int:
    """Return where the data starts behind the local header at ``at``, in bytes from its first."""
    if len(block) < at + LOCAL.size:
        raise DamagedMember("the archive ends before it")
    magic, name, extra = LOCAL.unpack_from(block, at)
    if magic != b"PK\x03\x04":
        raise DamagedMember("there is no member where the archive says it is")
    return LOCAL.size + int(name) + int(extra)


def _inflate(packed: memoryview, size: int) -> bytes:
    """Inflate at most one byte more than promised, so that a lie about the size costs nothing."""
    try:
        return bytes(inflater(-15).decompress(packed, size + 1))
    except InflateError as error:
        raise DamagedMember("its compressed data is broken") from error


def write_file(path: str | bytes, data: bytes | memoryview) -> None:
    """Write a small file in one go, over whatever an earlier attempt left there."""
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o666)
    try:
        written = os.write(descriptor, data)
        while written < len(data):
            written += os.write(descriptor, data[written:])
    finally:
        os.close(descriptor)


def serve(archive: int) -> None:
    """Be a mate: write the batches that come in below this folder, until there are no more."""
    while True:
        try:
            batch = receive(sys.stdin.buffer)
        except EOFError:
            return
        send(sys.stdout.buffer, write_batch(archive, b"", batch, _go_on))


def _go_on() -> None:
    pass


def send(pipe: IO[bytes], message: Any) -> None:
    """Write one message of plain values."""
    data = marshal.dumps(message)
    pipe.write(len(data).to_bytes(4, "little") + data)
    pipe.flush()


def receive(pipe: IO[bytes]) -> Any:
    """Read one message; raises ``EOFError`` when the other end is gone."""
    return marshal.loads(pipe.read(int.from_bytes(pipe.read(4), "little")))  # noqa: S302 (ours)
