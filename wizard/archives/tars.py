"""Tar archives read in one pass from any stream, strict about what they hold.

``tarfile`` takes a damaged header in the middle of a stream for the end of the archive; here the
only end is the block of zeros every tar closes with.
"""

from __future__ import annotations

import contextlib
import tarfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final, Protocol, cast

from isal import igzip, igzip_threaded

from wizard.archives.inflate import InflateError
from wizard.archives.limits import MIB
from wizard.errors import ArchiveError

_BLOCK = 512
_ZEROS = bytes(_BLOCK)
_META_MOST = MIB
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


@dataclass(frozen=True, slots=True)
class TarEntry:
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
        if gzipped:
            with igzip_threaded.open(source, "rb") as stream:  # type: ignore[no-untyped-call]
                yield stream
        elif isinstance(source, Path):
            with source.open("rb") as stream:
                yield stream
        else:
            yield source


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
    """The members of a tar stream in order, each to be read, or skipped, before the next."""

    def __init__(self, stream: Readable, archive: str) -> None:
        self._stream = stream
        self._archive = archive
        self._left = 0
        self._padding = 0

    def __iter__(self) -> Iterator[TarEntry]:
        """Yield every file and everything odd, folders left out; raises ``ArchiveError``."""
        name, size = "", -1
        while (info := self._header()) is not None:
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
        """Return what is left of the current member."""
        return b"".join(self.chunks())

    def chunks(self) -> Iterator[bytes]:
        """Yield what is left of the current member, a MiB at a time."""
        while self._left:
            chunk = self._exactly(min(MIB, self._left))
            self._left -= len(chunk)
            yield chunk

    def _header(self) -> tarfile.TarInfo | None:
        for _ in self.chunks():
            pass
        self._exactly(self._padding)
        block = self._exactly(_BLOCK)
        if block == _ZEROS:
            return None
        try:
            info = tarfile.TarInfo.frombuf(block, "utf-8", "surrogateescape")
        except tarfile.HeaderError as error:
            raise ArchiveError(
                "is damaged: a member's header is broken", where=self._archive, hint=_AGAIN
            ) from error
        self._expect(0 if info.type in _NO_DATA else info.size)
        return info

    def _expect(self, size: int) -> None:
        if size < 0:
            raise ArchiveError(
                "is damaged: a member has a negative size", where=self._archive, hint=_AGAIN
            )
        self._left, self._padding = size, -size % _BLOCK

    def _meta(self) -> bytes:
        if self._left > _META_MOST:
            raise ArchiveError(
                "is damaged: a member's name takes over a MiB", where=self._archive, hint=_AGAIN
            )
        return self.read()

    def _pax(self, name: str, size: int) -> tuple[str, int]:
        """Read the name and size an extended header gives the next member."""
        rest = self._meta()
        try:
            while rest.strip(b"\0"):
                length = int(rest.split(b" ", 1)[0])
                key, value = rest[:length].split(b" ", 1)[1].rstrip(b"\n").split(b"=", 1)
                rest = rest[length:] if length > 0 else b""
                if key == b"path":
                    name = value.decode("utf-8", "surrogateescape")
                elif key == b"size":
                    size = int(value)
                elif key.startswith(b"GNU.sparse"):
                    raise ArchiveError(
                        f"member {name!r} is a sparse file, which is not supported",
                        where=self._archive,
                        hint=_AGAIN,
                    )
        except (ValueError, IndexError) as error:
            raise ArchiveError(
                "is damaged: an extended header is broken", where=self._archive, hint=_AGAIN
            ) from error
        return name, size

    def _exactly(self, size: int) -> bytes:
        data = self._stream.read(size) if size else b""
        while len(data) < size:
            more = self._stream.read(size - len(data))
            if not more:
                raise cut_short(self._archive)
            data += more
        return data

    def _drain(self) -> None:
        """Read to the end, so that the checksum at the end of gzip data is looked at."""
        while self._stream.read(MIB):
            pass


def _problem(info: tarfile.TarInfo) -> str:
    if info.type in _FILES:
        return ""
    return f"is {_KINDS.get(info.type, f'of unknown type {info.type!r}')}, not a file"
