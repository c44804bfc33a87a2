"""Files that appear whole or not at all, and links that spare the disk."""

from __future__ import annotations

import contextlib
import fcntl
import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path

PARTIAL = ".segwizard-partial-"
"""Start of every temporary name, so that leftovers of a killed run can be told and removed."""


def partial_name(path: Path) -> Path:
    """Return a unique temporary path in the folder of ``path``."""
    return path.with_name(f"{PARTIAL}{secrets.token_hex(6)}")


@contextlib.contextmanager
def whole(path: Path) -> Iterator[Path]:
    """Yield a temporary path that takes the name ``path`` only if the block succeeds.

    Rule 2 of the design: existing under the final name means whole.
    """
    # Asked first: most files are one of many in a folder, and a refusal costs more than a look.
    if not path.parent.is_dir():
        path.parent.mkdir(parents=True, exist_ok=True)
    partial = partial_name(path)
    try:
        yield partial
        partial.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise


def write_whole(path: Path, data: bytes, *, mode: int | None = None) -> None:
    """Write bytes under their final name in one rename; ``mode`` is set before any byte is."""
    with whole(path) as partial:
        descriptor = os.open(
            partial, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o666 if mode is None else mode
        )
        # No file object: it asks the system three things that this has no use for, and threads
        # that write small labels wait for each other at every call.
        try:
            rest = memoryview(data)
            while rest:
                rest = rest[os.write(descriptor, rest) :]
        finally:
            os.close(descriptor)


def remove_at_once(folder: Path) -> None:
    """Take a folder away under its name in one step, then delete what it held."""
    if folder.is_dir():
        shutil.rmtree(folder.rename(partial_name(folder)))


def followed(path: Path) -> Path:
    """Return the file a symbolic link leads to, anything else as it is.

    A hard link to a symbolic link is a link still: it breaks with the file it leads to, and when
    it is relative at once.
    """
    return path.resolve() if path.is_symlink() else path


def link_or_copy(source: Path, target: Path) -> str:
    """Give ``source`` a second name at the least cost; returns ``hard link``, or ``copy``."""
    with whole(target) as partial:
        try:
            partial.hardlink_to(followed(source))
        except OSError:
            shutil.copy2(source, partial)
            return "copy"
    return "hard link"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from changing ``path`` meanwhile, by a lock file beside it.

    Some network file systems know no locks; there the last of two writers wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    with path.with_name(f"{path.name}.lock").open("w") as lock:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
