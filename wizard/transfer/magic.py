"""Which first bytes a file of some name must have, and whether bytes are a web page."""

from __future__ import annotations

import zlib
from dataclasses import dataclass

HEAD = 512
"""Bytes enough to tell every kind below."""


@dataclass(frozen=True, slots=True)
class FileKind:
    """A kind of file: its name for people, and the byte strings one of which it starts with."""

    title: str
    marks: tuple[bytes, ...]
    offset: int = 0

    def fits(self, head: bytes) -> bool:
        """Tell whether ``head`` begins like this kind; too short a head does not."""
        return any(head.startswith(mark, self.offset) for mark in self.marks)

    def decided(self, head: bytes) -> bool:
        """Tell whether ``head`` is long enough to judge."""
        return len(head) >= self.offset + max(len(mark) for mark in self.marks)


_ZIP = FileKind("zip archive", (b"PK\x03\x04", b"PK\x05\x06"))
_GZIP = FileKind("gzip file", (b"\x1f\x8b",))
_BZIP2 = FileKind("bzip2 file", (b"BZh",))
_XZ = FileKind("xz file", (b"\xfd7zXZ\x00",))
_TAR = FileKind("tar archive", (b"ustar",), offset=257)
_KINDS = {
    ".zip": _ZIP,
    ".gz": _GZIP,
    ".tgz": _GZIP,
    ".bz2": _BZIP2,
    ".tbz2": _BZIP2,
    ".xz": _XZ,
    ".txz": _XZ,
    ".tar": _TAR,
    ".7z": FileKind("7-zip archive", (b"7z\xbc\xaf\x27\x1c",)),
    ".rar": FileKind("rar archive", (b"Rar!\x1a\x07",)),
    ".png": FileKind("PNG image", (b"\x89PNG\r\n\x1a\n",)),
    ".jpg": FileKind("JPEG image", (b"\xff\xd8\xff",)),
    ".jpeg": FileKind("JPEG image", (b"\xff\xd8\xff",)),
    ".pdf": FileKind("PDF document", (b"%PDF-",)),
    ".npy": FileKind("NumPy array", (b"\x93NUMPY",)),
    ".npz": _ZIP,
    ".h5": FileKind("HDF5 file", (b"\x89HDF\r\n\x1a\n",)),
    ".mat": FileKind("MATLAB file", (b"MATLAB ", b"\x89HDF\r\n\x1a\n")),
    # PyTorch checkpoints: zip since 1.6, a bare pickle before; some are tar files.
    ".pth": FileKind("PyTorch checkpoint", (b"PK\x03\x04", b"\x80\x02", b"\x80\x04", b"\x80\x05")),
    ".parquet": FileKind("Parquet file", (b"PAR1",)),
}
_ARCHIVES = (_ZIP, _GZIP, _TAR)
_PAGES = (".html", ".htm", ".xhtml", ".php")


def expected(name: str) -> FileKind | None:
    """Return the kind a file of this name must be, None when its name promises nothing."""
    dot = name.rfind(".")
    return _KINDS.get(name[dot:].lower()) if dot >= 0 else None


def is_fitting(name: str, head: bytes) -> bool:
    """Tell whether a file of this name may begin so.

    An archive may be wrapped otherwise than its name says: browsers store a tar.gz without its
    gzip, and people pack anew.
    """
    kind = expected(name)
    if kind is None or kind.fits(head):
        return True
    return kind in _ARCHIVES and any(other.fits(head) for other in _ARCHIVES)


def may_be_page(name: str) -> bool:
    """Tell whether a web page is what one expects under this name."""
    return name.lower().endswith(_PAGES)


def is_gzip_name(name: str) -> bool:
    """Tell whether the file itself is gzip, so that gzip must not be undone on the way."""
    return expected(name) is _GZIP


def gzip_in_gzip(head: bytes) -> bool:
    """Tell whether bytes begin like a gzip file that was compressed once more."""
    try:
        return _GZIP.fits(zlib.decompressobj(31).decompress(head, len(_GZIP.marks[0])))
    except zlib.error:
        return False


def looks_like_page(head: bytes) -> bool:
    """Tell whether bytes begin like HTML."""
    start = head.removeprefix(b"\xef\xbb\xbf").lstrip()[:200].lower()
    while start.startswith(b"<!--"):
        start = start.partition(b"-->")[2].lstrip()
    return start.startswith((b"<!doctype html", b"<html", b"<head", b"<script", b"<body"))
