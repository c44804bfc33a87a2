"""Tar archives read in one pass from any stream, strict about what they hold.

``tarfile`` takes a damaged header in the middle of a stream for the end of the archive; here the
only end is the block of zeros every tar closes with.
"""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, Final, NamedTuple, Protocol, cast
from zlib import adler32

from isal import igzip, igzip_threaded

from wizard.archives.bounds import (
    CHUNK,
    META_MOST,
    META_SHARE,
    NO_LIMITS_STATED,
    UnpackLimits,
)
from wizard.archives.deflate import InflateError
from wizard.archives.format import unreadable
from wizard.errors import ArchiveError
from wizard.foreign import open_foreign
from wizard.progress import CancelToken

_BLOCK = 512
_ZEROS = bytes(_BLOCK)
_RECORDS_MOST = 1000
"""Records of one extended header; honest ones have some ten."""
_DIGITS_MOST = 19
_PLAIN_TYPES = (*tarfile.REGTYPE, *tarfile.AREGTYPE)
_ADLER = 65521
_FILES = (tarfile.REGTYPE, tarfile.AREGTYPE, tarfile.CONTTYPE)
_AGAIN = "Delete it and fetch it again."
_NO_DATA = (
    tarfile.LNKTYPE,
    tarfile.SYMTYPE,
    tarfile.CHRTYPE,
    tarfile.BLKTYPE,
    tarfile.DIRTYPE,
    tarfile.FIFOTYPE,
)
_KINDS = {
    tarfile.LNKTYPE: "a hard link",
    tarfile.SYMTYPE: "a symbolic link",
    tarfile.CHRTYPE: "a device",
    tarfile.BLKTYPE: "a device",
    tarfile.FIFOTYPE: "a pipe",
    tarfile.GNUTYPE_SPARSE: "a sparse file",
}

_GzipError: Final = cast("type[Exception]", igzip.BadGzipFile)
"""What a broken gzip header or checksum raises."""


class Readable(Protocol):
    """Anything bytes can be read from, a file or a download that is still arriving."""

    def read(self, size: int = -1, /) -> bytes:
        """Return up to ``size`` bytes, none at the end."""
        ...


class TarEntry(NamedTuple):
    """One member of a tar; ``problem`` says why it cannot be unpacked, if so."""

    name: str
    size: int
    problem: str = ""


@contextlib.contextmanager
def open_tar(source: Path | BinaryIO, *, gzipped: bool, where: str = "") -> Iterator[BinaryIO]:
    """Open a tar, or one that is still arriving, for one pass; raises ``ArchiveError``.

    A thread of its own inflates.
    """
    with damage_named(where or str(source)):
        opened = _opened(source) if isinstance(source, Path) else contextlib.nullcontext(source)
        with opened as packed:
            if not gzipped:
                yield packed
                return
            with igzip_threaded.open(packed, "rb") as stream:  # type: ignore[no-untyped-call]
                yield stream


def _opened(archive: Path) -> BinaryIO:
    try:
        return open_foreign(archive)
    except OSError as error:
        raise unreadable(error, str(archive)) from error


@contextlib.contextmanager
def damage_named(archive: str) -> Iterator[None]:
    """Turn what readers raise about broken gzip data into an ``ArchiveError``."""
    try:
        yield
    except EOFError as error:
        raise cut_short(archive) from error
    except (_GzipError, InflateError) as error:
        raise ArchiveError(
            f"is damaged: {str(error).rstrip('.')}", where=archive, hint=_AGAIN
        ) from error


def cut_short(archive: str) -> ArchiveError:
    """Return the error for an archive that ends too early."""
    return ArchiveError("is cut short: it ends in the middle", where=archive, hint=_AGAIN)


class TarReader:
    """The members of a tar stream in order, each to be read, or skipped, before the next.

    The stream is read a MiB at a time and cut up here: of a hundred bytes that a member may have,
    two calls to the stream would cost more than all else that is done for it.
    """

    def __init__(
        self,
        stream: Readable,
        archive: str,
        *,
        token: CancelToken,
        limits: UnpackLimits = NO_LIMITS_STATED,
        packed: int | None = None,
    ) -> None:
        """Read from ``stream``; ``packed`` is the size of the compressed file, if known.

        At every MiB, whatever it holds, ``token`` is looked at and the growth measured.
        """
        self._stream = stream
        self._archive = archive
        self._token = token
        self._limits = limits
        self._packed = packed
        self._seen = 0
        self._buffer = b""
        self._at = 0
        self._metas = 0
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[TarEntry]:
        """Yield every file and everything odd, folders left out; raises ``ArchiveError``."""
        name, size = "", -1
        while (block := self._block()) is not None:
            plain = _plain_file(block)
            if plain and not name and size < 0:
                self._expect(plain.size)
                yield plain
                continue
            info = self._header(block)
            if info.type in (tarfile.XHDTYPE, tarfile.SOLARIS_XHDTYPE):
                name, size = self._pax(name, size)
            elif info.type == tarfile.GNUTYPE_LONGNAME:
                name = self._meta().split(b"\0")[0].decode("utf-8", "surrogateescape")
            elif info.type in (tarfile.XGLTYPE, tarfile.GNUTYPE_LONGLINK):
                self._meta()
            else:
                if size >= 0:
                    self._expect(size)
                if not info.isdir():
                    yield TarEntry(name or info.name, self._left, _problem(info))
                name, size = "", -1
        self._drain()

    def read(self) -> bytes:
        """Return what is left of the current member, which is small."""
        left = self._left
        data = self._exactly(left + self._padding)
        self._left = self._padding = 0
        return data[:left]

    def chunks(self) -> Iterator[bytes]:
        """Yield what is left of the current member, a MiB at a time."""
        while self._left:
            chunk = self._exactly(min(CHUNK, self._left))
            self._left -= len(chunk)
            yield chunk

    def _block(self) -> bytes | None:
        """Pass over what is left of the member and return the next header, None at the end."""
        if self._left:
            for _ in self.chunks():
                pass
        if self._padding:
            self._exactly(self._padding)
        block = self._exactly(_BLOCK)
        return None if block == _ZEROS else block

    def _header(self, block: bytes) -> tarfile.TarInfo:
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise self._damaged("a member's header is broken") from error
        self._expect(0 if info.type in _NO_DATA else info.size)
        return info

    def _expect(self, size: int) -> None:
        if size < 0:
            raise self._damaged("a member has a negative size")
        self._left, self._padding = size, -size % _BLOCK

    def _meta(self) -> bytes:
        if self._left > META_MOST:
            raise self._damaged("a member's name takes over a MiB")
        self._metas += self._left
        if self._metas > META_SHARE + self._passed // 4:
            raise self._damaged(f"it names members with {self._metas:,} bytes")
        return b"".join(self.chunks())

    def _pax(self, name: str, size: int) -> tuple[str, int]:
        """Read the name and size an extended header gives the next member."""
        try:
            for key, value in _records(self._meta()):
                if key == b"path":
                    name = value.decode("utf-8", "surrogateescape")
                elif key == b"size":
                    size = _number(value)
                elif key.startswith(b"GNU.sparse"):
                    raise ArchiveError(
                        f"member {name!r} is a sparse file, which is not supported",
                        where=self._archive,
                        hint=_AGAIN,
                    )
        except ValueError as error:
            raise self._damaged("an extended header is broken") from error
        return name, size

    @property
    def _passed(self) -> int:
        return self._seen - len(self._buffer) + self._at

    def _exactly(self, size: int) -> bytes:
        end = self._at + size
        if end > len(self._buffer):
            return self._read_on(size)
        data = self._buffer[self._at : end]
        self._at = end
        return data

    def _read_on(self, size: int) -> bytes:
        """Return bytes of which the last are still to be read."""
        parts = [self._buffer[self._at :]]
        left = size - len(parts[0])
        while left > 0:
            more = self._more()
            if not more:
                raise cut_short(self._archive)
            parts.append(more)
            left -= len(more)
        self._buffer, self._at = b"".join(parts), size
        return self._buffer[:size]

    def _more(self) -> bytes:
        """Read up to a MiB; raises when to stop is asked for, or the stream grows as none does."""
        self._token.check()
        data = self._read(CHUNK)
        self._seen += len(data)
        if self._packed is not None:
            what = "its first part"
            self._limits.check_ratio(self._seen, self._packed, archive=self._archive, what=what)
        return data

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except EOFError:
            raise
        except (_GzipError, InflateError):
            raise
        except OSError as error:
            raise unreadable(error, self._archive) from error

    def _drain(self) -> None:
        """Read to the end, so that the checksum at the end of gzip data is looked at."""
        while self._more():
            pass

    def _damaged(self, what: str) -> ArchiveError:
        return ArchiveError(f"is damaged: {what}", where=self._archive, hint=_AGAIN)


def _plain_file(block: bytes) -> TarEntry | None:
    """Return what a header says that is as plain as nearly all are; None for any other.

    ``tarfile`` takes four times as long to say the same (layout: POSIX.1-2017, pax, ustar). Adler's
    checksum begins with the sum of all bytes, of which the header keeps its own.
    """
    if block[156] not in _PLAIN_TYPES or block[257:262] != b"ustar" or block[345]:
        return None
    name = block[:100].partition(b"\0")[0]
    size, kept = block[124:135], block[148:156].rstrip(b"\0 ")
    if not (size.isdigit() and kept.isdigit() and name.isascii()) or name[-1:] in (b"", b"/"):
        return None
    try:
        total = int(kept, 8)
        length = int(size, 8)
    except ValueError:
        return None
    blanked = b"%b        %b" % (block[:148], block[156:])
    if adler32(blanked) & 0xFFFF != (total + 1) % _ADLER:
        return None
    return TarEntry(name.decode("ascii"), length)


def _records(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Yield the keys and values of an extended header; raises ``ValueError``.

    Each record is its own length in decimal, a blank, ``key=value`` and a line feed.
    """
    place, end = 0, len(data.rstrip(b"\0"))
    for _ in range(_RECORDS_MOST):
        if place >= end:
            return
        blank = data.index(b" ", place, place + _DIGITS_MOST)
        stop = place + _number(data[place:blank])
        key, mark, value = data[blank + 1 : stop - 1].partition(b"=")
        if stop > end or data[stop - 1 : stop] != b"\n" or not mark:
            raise ValueError
        yield key, value
        place = stop
    raise ValueError


def _number(digits: bytes) -> int:
    if not digits.isdigit() or len(digits) > _DIGITS_MOST:
        raise ValueError
    return int(digits)


def _problem(info: tarfile.TarInfo) -> str:
    if info.type in _FILES:
        return ""
    return f"is {_KINDS.get(info.type, f'of unknown type {info.type!r}')}, not a file"
