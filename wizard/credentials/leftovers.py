"""What reference download scripts leave behind with secrets in it, and how it is removed.

They write passwords into ``set_credentials.sh`` and, through ``echo`` and ``tee``, into logs;
session cookies and a saved login page into the dataset's folder; and signed links and base
addresses into the download scripts (fact sheet mseg section 7). csDownload keeps a plain file.
A file is found by a secret that is known, in any form it may be written in, or by what such
files are called and hold; one that equals what its archive holds is never touched.
"""

from __future__ import annotations

import bz2
import lzma
import os
import stat
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Protocol

import platformdirs

from wizard.credentials.leftover_kinds import LEFTOVER_KINDS, Action, LeftoverKind, scrubbed
from wizard.credentials.secret import Secret
from wizard.credentials.secret_forms import Needles, reads_secret
from wizard.errors import CredentialError, reason_of
from wizard.files import open_in_place, remove, write_whole
from wizard.foreign import open_foreign

Published = Callable[[Path], bool]
"""Tells whether a file equals what its archive holds."""
_DEPTH = 3
_LARGEST = 64 << 20
_LARGEST_TEXT = 4 << 20
_WIDE = (b"\xff\xfe", b"\xfe\xff")
"""How text in 16-bit letters begins, as PowerShell writes its logs."""
_PACKED: Mapping[bytes, Callable[[], _Inflater]] = {
    b"\x1f\x8b": lambda: zlib.decompressobj(31),
    b"BZh": bz2.BZ2Decompressor,
    b"\xfd7zXZ\0": lambda: lzma.LZMADecompressor(memlimit=_LARGEST),
}
"""How rotated logs begin, and what unpacks them."""
_PACKED_NAMES = (".gz", ".bz2", ".xz")
_SKIPPED = frozenset({".git", "node_modules", "__pycache__"})
_NO_TEXT = frozenset(
    (
        *(".png", ".jpg", ".jpeg", ".bmp", ".tif", ".tiff", ".gif", ".webp"),
        *(".zip", ".tar", ".tgz", ".7z", ".rar"),
        *(".npy", ".npz", ".mat", ".pth", ".pt", ".h5", ".parquet", ".pdf", ".mp4", ".avi"),
    )
)


class _Inflater(Protocol):
    """What unpacks at most so many bytes."""

    def decompress(self, data: bytes, most: int, /) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Leftover:
    """A file with something secret in it that none of our own steps wrote."""

    path: Path
    what: str
    action: Action
    secrets: tuple[Secret, ...] = field(default=(), repr=False)
    """Those that were searched for; they are taken out, and read for once more."""


def _never(path: Path) -> bool:
    return False


def find_leftovers(
    folders: Iterable[Path], secrets: Iterable[Secret] = (), published: Published = _never
) -> tuple[Leftover, ...]:
    """List what lies in and up to three levels below some folders; reads only."""
    look = _Look(tuple(secrets), published)
    found = {item.path.resolve(): item for folder in folders for item in _below(folder, look)}
    saved = Path(platformdirs.user_data_dir("cityscapesscripts", "cityscapes"), "credentials.json")
    if saved.is_file():
        found[saved.resolve()] = Leftover(saved, "csDownload's plain text login", "shred")
    return tuple(found[path] for path in sorted(found))


def remove_leftover(leftover: Leftover) -> str:
    """Shred or scrub a file, read again to prove it, and say what was done.

    Raises ``CredentialError``. On file systems that never write in place (btrfs, ZFS, most
    network and flash storage) old blocks may live on until they are reused.
    """
    path = leftover.path
    try:
        shred = leftover.action == "shred"
        names = _shred(path) if shred else _scrub(path, leftover.secrets)
    except OSError as error:
        raise CredentialError(
            f"could not be removed: {reason_of(error)}",
            where=str(path),
            hint="delete it by hand",
        ) from None
    if _still_there(path, leftover.secrets):
        raise CredentialError(
            "the secret is still there", where=str(path), hint="delete the file by hand"
        )
    done = "overwritten and deleted" if leftover.action == "shred" else "taken out"
    if names:
        done = f"{'deleted' if leftover.action == 'shred' else done} under this name; {names} more "
        done += "of the same file keep it"
    return f"{path}: {leftover.what} {done}"


def _still_there(path: Path, secrets: tuple[Secret, ...]) -> bool:
    """Read the file anew, in another way than it was found."""
    data = _bytes(path)
    return bool(data) and (_kind_of(path, data) is not None or reads_secret(data, secrets))


@dataclass(frozen=True, slots=True)
class _Look:
    """One search: which values, and which files are as published."""

    secrets: tuple[Secret, ...] = field(repr=False)
    published: Published
    needles: Needles = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "needles", Needles(self.secrets))

    def at(self, path: Path) -> Leftover | None:
        """Return what is wrong with a file, None when nothing is."""
        data = _bytes(path)
        if not data:
            return None
        kind = _kind_of(path, data)
        known = bool(self.needles) and self.needles.found_in(data)
        if (kind is None and not known) or self.published(path):
            return None
        packed = path.suffix in _PACKED_NAMES
        action: Action = "shred" if packed else (kind.action if kind else "scrub")
        what = kind.what if kind else "a secret of yours"
        return Leftover(path, what, action, self.secrets)


def _below(folder: Path, look: _Look) -> Iterator[Leftover]:
    for place, folders, names in os.walk(folder):
        depth = len(Path(place).relative_to(folder).parts)
        folders[:] = [] if depth >= _DEPTH else [name for name in folders if name not in _SKIPPED]
        for name in names:
            if os.path.splitext(name)[1].lower() not in _NO_TEXT:  # noqa: PTH122 - of many files
                found = look.at(Path(place, name))
                if found:
                    yield found


def _kind_of(path: Path, data: bytes) -> LeftoverKind | None:
    kinds = [kind for kind in LEFTOVER_KINDS if kind.named.fullmatch(path.name)]
    text = _as_text(data) if kinds else ""
    return next((kind for kind in kinds if kind.holds(text)), None)


def _as_text(data: bytes) -> str:
    wide = data.startswith(_WIDE)
    return data.decode("utf-16" if wide else "utf-8", errors="replace")


def _bytes(path: Path) -> bytes:
    """Return the bytes of a text file, unpacked where it is a rotated log; nothing of any other."""
    try:
        status = path.lstat()
        if not stat.S_ISREG(status.st_mode) or not 0 < status.st_size <= _LARGEST:
            return b""
        likely = any(
            kind.named.fullmatch(path.name) for kind in LEFTOVER_KINDS if kind.named.pattern != ".*"
        )
        if status.st_size > _LARGEST_TEXT and not likely:
            return b""
        with open_foreign(path) as file:
            data = file.read(_LARGEST)
    except OSError:
        return b""
    for mark, inflate in _PACKED.items():
        if data.startswith(mark):
            return _unpacked(data, inflate)
    wide = data.startswith(_WIDE)
    return b"" if b"\0" in data[:8192] and not wide and not likely else data


def _unpacked(data: bytes, inflate: Callable[[], _Inflater]) -> bytes:
    try:
        return inflate().decompress(data, _LARGEST)
    except (zlib.error, lzma.LZMAError, OSError, ValueError, EOFError, MemoryError):
        return b""


def _shred(path: Path) -> int:
    """Overwrite and delete a file; returns how many names it has still, which spares its bytes."""
    with open_in_place(path) as file:
        if os.fstat(file.fileno()).st_nlink == 1:
            _overwrite(file)
        remove(path)
        return os.fstat(file.fileno()).st_nlink


def _scrub(path: Path, secrets: tuple[Secret, ...]) -> int:
    """Write a file anew without its secrets, then overwrite the old bytes; returns as ``_shred``.

    The new file is whole and durable first: whatever ends this in between loses nothing.
    """
    with open_in_place(path) as file:
        data = Needles(secrets).taken_out_of(file.read())
        if data.startswith(_WIDE):
            data = scrubbed(path.name, data.decode("utf-16", errors="replace")).encode("utf-16")
        else:
            text = data.decode("utf-8", errors="surrogateescape")
            data = scrubbed(path.name, text).encode("utf-8", errors="surrogateescape")
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        write_whole(path, data, mode=mode, durable=True)
        names = os.fstat(file.fileno()).st_nlink
        if not names:
            _overwrite(file)
        return names


def _overwrite(file: BinaryIO) -> None:
    file.seek(0)
    left = os.fstat(file.fileno()).st_size
    while left > 0:
        left -= file.write(os.urandom(min(left, 1 << 20)))
    file.flush()
    os.fsync(file.fileno())
