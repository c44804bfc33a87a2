"""Looking at a file's structure to its end, by what kind of file it is.

A download that was cut, padded or damaged shows: a zip by its directory and the checksum of every
member, gzip and tar by their ends, checkpoints and arrays by the zip they are, Parquet, HDF5,
MATLAB, PNG and JPEG by their own marks, JSON by its grammar, pickles by their last opcode.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from wizard.archives.bounds import CHUNK, NO_LIMITS_STATED
from wizard.archives.format import unreadable
from wizard.archives.structure.files import (
    Broken,
    whole_hdf5,
    whole_jpeg,
    whole_json,
    whole_mat,
    whole_parquet,
    whole_pickle,
    whole_png,
)
from wizard.archives.tar.reader import TarReader, open_tar
from wizard.archives.writing.batches import DamagedMember
from wizard.archives.zip.data import ZipData
from wizard.archives.zip.directory import read_directory
from wizard.errors import ArchiveError
from wizard.foreign import open_foreign
from wizard.progress import CancelToken

_HEAD = 1024
_AGAIN = "Delete it and fetch it again; if it comes the same way twice, tell its publisher."


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


StructureCheck = Callable[[Path, CancelToken], None]

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
