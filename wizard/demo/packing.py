"""Packing generated files as the archives the datasets come in, the same bytes every time."""

from __future__ import annotations

import gzip
import io
import tarfile
import time
import zipfile
from collections.abc import Iterator, Mapping

Files = Mapping[str, bytes]
"""Paths inside an archive and what is there, in order."""

Archives = dict[str, bytes]
"""Packed archives by name."""

MOMENT = 1_525_429_200
"""When everything was packed: 4 May 2018, 10:20, in seconds since the epoch, UTC."""

_ZIP_MOMENT = time.gmtime(MOMENT)[:6]


def pack(name: str, files: Files, *, folders: bool = True, dotted: bool = False) -> bytes:
    """Pack files as the archive of that name: zip, tar or gzipped tar.

    Args:
        name: Its ending decides the format.
        files: What goes in.
        folders: Whether folders get entries of their own.
        dotted: Whether a tar's paths start with ``./``.
    """
    if name.endswith(".zip"):
        return _zip(files, folders=folders)
    data = _tar(files, folders=folders, start="./" if dotted else "")
    return data if name.endswith(".tar") else gzip.compress(data, 6, mtime=0)


def with_junk(files: Files) -> dict[str, bytes]:
    """Add what macOS leaves in zips: a shadow of every file below ``__MACOSX``."""
    shadows = {}
    for path in files:
        folder, _, name = path.rpartition("/")
        shadows["/".join(filter(None, ("__MACOSX", folder, f"._{name}")))] = b"\0\5\x16\7" + bytes(
            60
        )
    return {**files, **shadows}


def stored_zip(files: Files) -> bytes:
    """Pack a zip without compression and without entries of folders."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as packed:
        for path, data in files.items():
            packed.writestr(zipfile.ZipInfo(path, _ZIP_MOMENT), data)
    return buffer.getvalue()


def _zip(files: Files, *, folders: bool) -> bytes:
    """Pack a zip; images are stored and deflated in turn, as publishers differ."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for path in _folders(files) if folders else ():
            packed.writestr(zipfile.ZipInfo(f"{path}/", _ZIP_MOMENT), b"")
        for place, (path, data) in enumerate(files.items()):
            method = zipfile.ZIP_STORED if place % 3 == 2 else zipfile.ZIP_DEFLATED
            info = zipfile.ZipInfo(path, _ZIP_MOMENT)
            info.external_attr = 0o100644 << 16
            packed.writestr(info, data, method)
    return buffer.getvalue()


def _tar(files: Files, *, folders: bool, start: str) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.GNU_FORMAT) as packed:
        for path in _folders(files) if folders else ():
            info = tarfile.TarInfo(f"{start}{path}")
            info.type, info.mode, info.mtime = tarfile.DIRTYPE, 0o755, MOMENT
            packed.addfile(info)
        for path, data in files.items():
            info = tarfile.TarInfo(f"{start}{path}")
            info.size, info.mtime = len(data), MOMENT
            packed.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def _folders(files: Files) -> Iterator[str]:
    """Yield every folder the files need, parents first."""
    seen: set[str] = set()
    for path in files:
        parts = path.split("/")[:-1]
        for depth in range(1, len(parts) + 1):
            folder = "/".join(parts[:depth])
            if folder not in seen:
                seen.add(folder)
                yield folder
