"""Small archives for tests, honest and hostile, made on the spot."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from wizard.archives.extract import extract
from wizard.archives.extraction import Extraction
from wizard.progress import CancelToken, Counter

Files = Mapping[str, bytes]


def make_zip(path: Path, files: Files, *, deflated: bool = True) -> Path:
    """Write a zip with the given members."""
    method = zipfile.ZIP_DEFLATED if deflated else zipfile.ZIP_STORED
    with zipfile.ZipFile(path, "w", method) as packed:
        for name, data in files.items():
            packed.writestr(zipfile.ZipInfo(name), data, method)
    return path


def zip_bytes(files: Files) -> bytes:
    """Return a zip with the given members."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        for name, data in files.items():
            packed.writestr(name, data)
    return buffer.getvalue()


def make_tar(
    path: Path,
    files: Files,
    *,
    odd: Sequence[tarfile.TarInfo] = (),
    format: int = tarfile.PAX_FORMAT,
) -> Path:
    """Write a tar, compressed if its name ends in gz, with the given members and odd headers."""
    mode = "w:gz" if path.name.endswith("gz") else "w"
    with tarfile.open(path, mode, format=format) as packed:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            packed.addfile(info, io.BytesIO(data))
        for info in odd:
            packed.addfile(info)
    return path


def make(path: Path, files: Files) -> Path:
    """Write the kind of archive the name asks for."""
    return make_zip(path, files) if path.suffix == ".zip" else make_tar(path, files)


def unpack(archive: Path, into: Path, **options: object) -> Extraction:
    """Extract with a counter and token of its own."""
    return extract(archive, into, counter=Counter(), token=CancelToken(), **options)  # type: ignore[arg-type]


def tree(folder: Path) -> dict[str, bytes]:
    """Return every file below a folder with its bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
