"""Files that come by hand: the inbox, files still growing, hashing, and adopting at least cost."""

from __future__ import annotations

import fcntl
import getpass
import hashlib
import shlex
import shutil
import socket
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from wizard.errors import TransferError
from wizard.files import followed, whole
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
class Fingerprint:
    """What tells cheaply whether a file is still the one that was looked at."""

    size: int
    mtime_ns: int
    inode: int


def fingerprint(path: Path) -> Fingerprint:
    """Return the fingerprint of a file; raises ``OSError``."""
    status = path.stat()
    return Fingerprint(status.st_size, status.st_mtime_ns, status.st_ino)


def inbox_folder(dest: Path) -> Path:
    """Return the watched folder of an install."""
    return dest / "inbox"


def upload_line(name: str, folder: Path) -> str:
    """Return the ``scp`` line that brings a file from a person's computer to this host."""
    target = f"{getpass.getuser()}@{socket.getfqdn()}:{folder}/"
    return f"scp {shlex.quote(name)} {shlex.quote(target)}"


def arrivals(folder: Path) -> tuple[Path, ...]:
    """List the files in a folder that may be whole: no hidden, empty or half-fetched ones."""
    try:
        files = [path for path in folder.iterdir() if is_arrival(path)]
    except OSError:
        return ()
    return tuple(sorted(files))


def is_arrival(path: Path) -> bool:
    """Tell whether a file may be an archive somebody put there."""
    if path.name.startswith(".") or path.name.lower().endswith(_UNFINISHED):
        return False
    # Browsers keep an empty file under the final name beside the growing one.
    growing = any(path.with_name(path.name + ending).exists() for ending in _UNFINISHED)
    return not growing and path.is_file() and path.stat().st_size > 0


def is_settled(path: Path, size: int | None = None) -> bool:
    """Tell whether nobody has written to a file for a moment; longer for one short of ``size``."""
    status = path.stat()
    short = size is not None and status.st_size < size
    return time.time() - status.st_mtime >= (STALLED if short else SETTLED)


def wait_until_settled(
    path: Path, token: CancelToken, *, size: int | None = None, quiet: float = 2.0
) -> Fingerprint:
    """Wait while a file grows, until its size and time have stood still for ``quiet`` seconds.

    A file smaller than ``size`` is waited for five times as long before it counts as all there
    is. Raises ``Cancelled``, or ``TransferError`` when it goes away.
    """
    try:
        seen, since = fingerprint(path), time.monotonic()
        while True:
            patience = quiet * 5 if size is not None and seen.size < size else quiet
            settled = is_settled(path) and (size is None or seen.size >= size)
            if settled or time.monotonic() - since >= patience:
                return seen
            if token.wait(min(0.25, quiet)):
                token.check()
            now = fingerprint(path)
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
        with path.open("rb", buffering=0) as file:
            while count := file.readinto(buffer):
                token.check()
                for each in hashes.values():
                    each.update(buffer[:count])
                on_bytes(count)
    except OSError as error:
        raise TransferError(
            f"the file cannot be read: {error.strerror}",
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
        target.parent.mkdir(parents=True, exist_ok=True)
        return _ADOPTERS[how](source, target, token)
    except OSError as error:
        raise TransferError(
            f"the file cannot be put in its place ({how}): {error.strerror}",
            where=str(source),
            hint="ask for a copy (--how copy), or free the disk",
        ) from None


def _move(source: Path, target: Path, token: CancelToken) -> str:
    if source.is_symlink():
        _auto(source, target, token)
        source.unlink()
        return "moved"
    try:
        source.replace(target)
    except OSError:
        _copy(source, target, token)
        source.unlink()
    return "moved"


def _link(source: Path, target: Path, token: CancelToken) -> str:
    with whole(target) as partial:
        partial.hardlink_to(followed(source))
    return "hard link"


def _reflink(source: Path, target: Path, token: CancelToken) -> str:
    with whole(target) as partial, source.open("rb") as old, partial.open("xb") as new:
        fcntl.ioctl(new, _FICLONE, old.fileno())
    shutil.copystat(source, target)
    return "reflink"


def _copy(source: Path, target: Path, token: CancelToken) -> str:
    with whole(target) as partial:
        with source.open("rb") as old, partial.open("xb") as new:
            while chunk := old.read(_CHUNK):
                token.check()
                new.write(chunk)
        shutil.copystat(source, partial)
    return "copy"


def _auto(source: Path, target: Path, token: CancelToken) -> str:
    for way in (_link, _reflink):
        try:
            return way(source, target, token)
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
