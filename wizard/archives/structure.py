"""Looking at a file's structure to its end, by what kind of file it is, archive or not."""

from __future__ import annotations

import mmap
import os
import pickletools
import struct
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

import msgspec

from wizard.archives.bounds import CHUNK, NO_LIMITS_STATED
from wizard.archives.format import unreadable
from wizard.archives.tar.reader import TarReader, open_tar
from wizard.archives.writing.batches import DamagedMember
from wizard.archives.zip.directory import read_directory
from wizard.archives.zip.unzip import ZipData
from wizard.errors import ArchiveError
from wizard.foreign import open_foreign
from wizard.progress import CancelToken

_TAIL = 64
_OPCODES = 4096
_LEGACY_PARTS = 5
"""Pickles at the start of a PyTorch checkpoint from before version 1.6: a mark, a version, the
machine, the object and its storages, whose raw numbers follow."""
_HEAD = 1024
_AGAIN = "Delete it and fetch it again; if it comes the same way twice, tell its publisher."
StructureCheck = Callable[[Path, CancelToken], None]


class Broken(Exception):
    """A file ends before or behind its end, or does not add up; the message says how."""


def whole_parquet(path: Path, token: CancelToken) -> None:
    """Look for the footer and its length (Parquet format, file layout)."""
    size = path.stat().st_size
    tail = _tail(path, 8)
    if size < 12 or tail[4:] != b"PAR1" or int.from_bytes(tail[:4], "little") > size - 12:
        raise Broken("its footer is missing or wrong")


def whole_hdf5(path: Path, token: CancelToken) -> None:
    """Compare the end the superblock states with the size (HDF5 format, section II.A)."""
    with open_foreign(path) as file:
        head = file.read(1024).ljust(1024, b"\0")
    start = 0 if head.startswith(b"\x89HDF") else 512
    version = head[start + 8]
    width = head[start + (13 if version < 2 else 9)]
    first = {0: 24, 1: 28}.get(version, 12)
    place = start + first + 2 * width
    end = int.from_bytes(head[place : place + width], "little")
    if version > 3 or width not in (4, 8) or end > path.stat().st_size:
        raise Broken("it is shorter than its superblock says")


def whole_mat(path: Path, token: CancelToken) -> None:
    """Walk over the elements to the end (MAT-File Format, level 5)."""
    size, place = path.stat().st_size, 128
    with open_foreign(path) as file:
        order = ">" if os.pread(file.fileno(), 2, 126) == b"MI" else "<"
        while place < size:
            token.check()
            tag = os.pread(file.fileno(), 8, place)
            if len(tag) < 8:
                raise Broken("it ends inside an element")
            kind, length = struct.unpack(f"{order}LL", tag)
            place += 8 + length + (0 if kind == 15 else -length % 8)
    if place != size:
        raise Broken("its last element is cut short")


def whole_png(path: Path, token: CancelToken) -> None:
    """Walk over the chunks and their checksums to ``IEND`` (PNG, section 5)."""
    size, place, kind = path.stat().st_size, 8, b""
    with open_foreign(path) as file:
        file.seek(place)
        while kind != b"IEND":
            token.check()
            head = file.read(8)
            length = int.from_bytes(head[:4], "big")
            kind = head[4:]
            if len(head) < 8 or length > size - place - 12:
                raise Broken("it ends inside a chunk")
            crc = zlib.crc32(kind)
            for start in range(0, length, CHUNK):
                crc = zlib.crc32(file.read(min(CHUNK, length - start)), crc)
            if int.from_bytes(file.read(4), "big") != crc:
                raise Broken("a chunk does not match its checksum")
            place += 12 + length


def whole_jpeg(path: Path, token: CancelToken) -> None:
    """Look for the mark of the end; some cameras put a few bytes behind it."""
    if b"\xff\xd9" not in _tail(path, _TAIL):
        raise Broken("its end is missing")


def whole_json(path: Path, token: CancelToken) -> None:
    """Go over the whole text without building what it says."""
    with open_foreign(path) as file:
        if not path.stat().st_size:
            raise Broken("it is empty")
        with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as text:
            view = memoryview(text)
            try:
                msgspec.json.decode(view, type=msgspec.Raw)
            except (msgspec.DecodeError, RecursionError) as error:
                # Its traceback would keep the view, and with it the file, open.
                reason = str(error)
            else:
                reason = ""
            finally:
                view.release()
    if reason:
        raise Broken(f"it is no whole JSON text ({reason[:100]})")


def whole_pickle(path: Path, token: CancelToken) -> None:
    """Read every opcode and carry out none, as far as pickles go; nothing may be cut."""
    size = path.stat().st_size
    with open_foreign(path) as file:
        _opcodes(file, token)
        for _ in range(_LEGACY_PARTS - 1):
            if file.tell() == size:
                return
            _opcodes(file, token)
        if file.tell() == size:
            raise Broken("the numbers behind its pickles are missing")


def _opcodes(file: BinaryIO, token: CancelToken) -> None:
    try:
        for count, _ in enumerate(pickletools.genops(file)):
            if not count % _OPCODES:
                token.check()
    except (ValueError, UnicodeError) as error:
        raise Broken(f"its pickle is cut or broken ({str(error)[:80]})") from error


def _tail(path: Path, size: int) -> bytes:
    with open_foreign(path) as file:
        file.seek(max(0, path.stat().st_size - size))
        return file.read(size)


def check_structure(path: Path, token: CancelToken, name: str = "") -> str:
    """Return in words what of a file was found whole, nothing for a kind that cannot show it.

    ``name`` is the one it goes by, which tells JSON and tables apart from other text. Raises
    ``ArchiveError`` when it is broken or cut, and ``Cancelled``.
    """
    try:
        with open_foreign(path) as file:
            head = file.read(_HEAD)
        for mark, place, words, check in _KINDS:
            if head.startswith(mark, place):
                check(path, token)
                return words
        if (name or path.name).lower().endswith(".json"):
            whole_json(path, token)
            return "its JSON, to the last bracket"
    except Broken as error:
        raise ArchiveError(f"is damaged: {error}", where=str(path), hint=_AGAIN) from error
    except (DamagedMember, ValueError, OverflowError, MemoryError, EOFError) as error:
        reason = str(error)[:120] or type(error).__name__
        raise ArchiveError(f"is damaged: {reason}", where=str(path), hint=_AGAIN) from error
    except OSError as error:
        raise unreadable(error, str(path)) from error
    return ""


def _whole_zip(path: Path, token: CancelToken) -> None:
    with ZipData(path) as data:
        for entry in read_directory(path, NO_LIMITS_STATED, token=token):
            try:
                for _ in data.chunks(entry):
                    token.check()
            except DamagedMember as error:
                raise Broken(f"{entry.name[:200]} ({error})") from error


def _whole_tar(path: Path, token: CancelToken) -> None:
    with open_foreign(path) as stream:
        for _ in TarReader(stream, str(path), token=token):
            pass


def _whole_gzip(path: Path, token: CancelToken) -> None:
    """Inflate to the last checksum; what is inside may be a tar or anything else."""
    packed, inflated = path.stat().st_size, 0
    with open_tar(path, gzipped=True) as stream:
        while chunk := stream.read(CHUNK):
            token.check()
            inflated += len(chunk)
            NO_LIMITS_STATED.check_ratio(inflated, packed, archive=str(path), what="it")


_KINDS: tuple[tuple[bytes, int, str, StructureCheck], ...] = (
    (b"PK\x03\x04", 0, "its directory and the checksum of every member", _whole_zip),
    (b"PK\x05\x06", 0, "its directory", _whole_zip),
    (b"\x1f\x8b", 0, "its gzip data, to the last checksum", _whole_gzip),
    (b"ustar", 257, "its members, to the end", _whole_tar),
    (b"PAR1", 0, "its Parquet footer", whole_parquet),
    (b"\x89HDF\r\n\x1a\n", 0, "its HDF5 extent", whole_hdf5),
    (b"\x89HDF\r\n\x1a\n", 512, "its HDF5 extent", whole_hdf5),
    (b"MATLAB 5", 0, "its MATLAB elements, to the end", whole_mat),
    (b"\x89PNG\r\n\x1a\n", 0, "its PNG chunks, to the last", whole_png),
    (b"\xff\xd8\xff", 0, "its JPEG marks", whole_jpeg),
    (b"\x80\x02", 0, "its pickle, to the last opcode", whole_pickle),
    (b"\x80\x03", 0, "its pickle, to the last opcode", whole_pickle),
    (b"\x80\x04", 0, "its pickle, to the last opcode", whole_pickle),
    (b"\x80\x05", 0, "its pickle, to the last opcode", whole_pickle),
)
"""Marks at a place, what is looked at in words, and what looks."""
