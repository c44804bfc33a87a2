"""Files that come by hand: the inbox, files still growing, hashing, and adopting at least cost."""

from __future__ import annotations

import fcntl
import hashlib
import shlex
import socket
import stat
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wizard import environment
from wizard.errors import TransferError, reason_of
from wizard.files import link, make_folder, rename, whole
from wizard.foreign import open_foreign
from wizard.progress import CancelToken

How = Literal["auto", "move", "link", "reflink", "copy"]
"""How a file takes its place; ``auto`` shares the bytes where it can and copies where not."""

SETTLED = 5.0
"""Seconds a file must have been left alone before it counts as whole."""

STALLED = 60.0
"""The same for a file that is smaller than the archive it seems to be."""

_UNFINISHED = (".part", ".partial", ".crdownload", ".download", ".filepart", ".tmp", ".aria2")
_FICLONE = 0x40049409  # linux/fs.h; shares the extents on btrfs, XFS, bcachefs and others
_CHUNK = 1 << 22


@dataclass(frozen=True, slots=True)
class FileIdentity:
    """What tells cheaply whether a file is still the one that was looked at."""

    size: int
    mtime_ns: int
    inode: int


def file_identity(path: Path) -> FileIdentity:
    """Return the file_identity of a file; raises ``OSError``."""
    status = path.stat()
    return FileIdentity(status.st_size, status.st_mtime_ns, status.st_ino)


def inbox_folder(dest: Path) -> Path:
    """Return the watched folder of an install."""
    return dest / "inbox"


def upload_line(name: str, folder: Path) -> str:
    """Return the ``scp`` line that brings a file from a person's computer to this host."""
    target = f"{environment.user_name()}@{socket.getfqdn()}:{folder}/"
    return f"scp {shlex.quote(name)} {shlex.quote(target)}"


def arrivals(folder: Path) -> tuple[Path, ...]:
    """List the files in a folder that may be whole: no hidden, empty or half-fetched ones."""
    try:
        paths = sorted(folder.iterdir())
    except OSError:
        return ()
    return tuple(path for path in paths if is_arrival(path))


def is_arrival(path: Path) -> bool:
    """Tell whether a file may be an archive somebody put there; one that is taken away is none."""
    if path.name.startswith(".") or path.name.lower().endswith(_UNFINISHED):
        return False
    try:
        # Browsers keep an empty file under the final name beside the growing one.
        growing = any(path.with_name(path.name + ending).exists() for ending in _UNFINISHED)
        status = path.stat()
    except OSError:
        return False
    return not growing and stat.S_ISREG(status.st_mode) and status.st_size > 0


def is_settled(path: Path, size: int | None = None) -> bool:
    """Tell whether nobody has written to a file for a moment; longer for one short of ``size``."""
    status = path.stat()
    short = size is not None and status.st_size < size
    return time.time() - status.st_mtime >= (STALLED if short else SETTLED)


def wait_until_settled(
    path: Path, token: CancelToken, *, size: int | None = None, quiet: float = 2.0
) -> FileIdentity:
    """Wait while a file grows, until its size and time have stood still for ``quiet`` seconds.

    A file smaller than ``size`` is waited for five times as long before it counts as all there
    is. Raises ``Cancelled``, or ``TransferError`` when it goes away.
    """
    try:
        seen, since = file_identity(path), time.monotonic()
        while True:
            retries = quiet * 5 if size is not None and seen.size < size else quiet
            settled = is_settled(path) and (size is None or seen.size >= size)
            if settled or time.monotonic() - since >= retries:
                return seen
            if token.wait(min(0.25, quiet)):
                token.check()
            now = file_identity(path)
            if now != seen:
                seen, since = now, time.monotonic()
    except FileNotFoundError:
        raise TransferError("the file went away while it was looked at", where=str(path)) from None


def hash_file(
    path: Path,
    names: Iterable[str],
    token: CancelToken,
    on_bytes: Callable[[int], None] = lambda count: None,
) -> dict[str, str]:
    """Return the hexadecimal hashes of a file by name; ``on_bytes`` is told what was read."""
    hashes = {name: hashlib.new(name, usedforsecurity=False) for name in names}
    buffer = memoryview(bytearray(_CHUNK))
    try:
        with open_foreign(path) as file:
            while count := file.readinto(buffer):
                token.check()
                for each in hashes.values():
                    each.update(buffer[:count])
                on_bytes(count)
    except OSError as error:
        raise TransferError(
            f"the file cannot be read: {reason_of(error)}",
            where=str(path),
            hint="mend its permissions, or copy it into the inbox",
        ) from None
    return {name: each.hexdigest() for name, each in hashes.items()}


def adopt(source: Path, target: Path, how: How, token: CancelToken) -> str:
    """Give a file its place as ``target`` and say in a word how; raises ``TransferError``.

    ``move`` takes it away from where it was; every other way leaves the source untouched.
    """
    try:
        if source.exists() and target.exists() and source.samefile(target):
            return "already in place"
        make_folder(target.parent)
        return _ADOPTERS[how](source, target, token)
    except OSError as error:
        raise TransferError(
            f"the file cannot be put in its place ({how}): {reason_of(error)}",
            where=str(source),
            hint="ask for a copy (--how copy), or free the disk",
        ) from None


def _move(source: Path, target: Path, token: CancelToken) -> str:
    if source.is_symlink():
        _auto(source, target, token)
        source.unlink()
        return "moved"
    try:
        rename(source, target)
    except OSError:
        _copy(source, target, token, durable=True)
        source.unlink()
    return "moved"


def _link(source: Path, target: Path, token: CancelToken) -> str:
    link(source, target)
    return "hard link"


def _reflink(source: Path, target: Path, token: CancelToken) -> str:
    with open_foreign(source) as old, whole(target, like=old) as new:
        fcntl.ioctl(new, _FICLONE, old.fileno())
    return "reflink"


def _copy(source: Path, target: Path, token: CancelToken, *, durable: bool = False) -> str:
    with open_foreign(source) as old, whole(target, like=old, durable=durable) as new:
        while chunk := old.read(_CHUNK):
            token.check()
            new.write(chunk)
    return "copy"


def _auto(source: Path, target: Path, token: CancelToken) -> str:
    for taken in (_link, _reflink):
        try:
            return taken(source, target, token)
        except OSError:
            continue
    return _copy(source, target, token)


_ADOPTERS: dict[How, Callable[[Path, Path, CancelToken], str]] = {
    "auto": _auto,
    "move": _move,
    "link": _link,
    "reflink": _reflink,
    "copy": _copy,
}
