"""The one door for files of ours: whole or not at all, through no link that others laid.

Everything that is written, in a destination, in the folder for temporary files or in the user's
own folders, is opened here. What appears under its final name does so by a rename from a name
that nobody can guess; what has a name that others know (parts, locks, logs) is opened only when
it is a regular file of ours. README says what that protects from.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO, cast

from wizard.errors import DestinationError
from wizard.foreign import open_foreign
from wizard.openat import NEW_IN_OWN_FOLDER, Unsafe, enter, open_own, set_own_time, write_all

PARTIAL = ".segwizard-partial-"
"""Start of every temporary name, so that leftovers of a killed run can be told and removed."""

_NEW = os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
_COPIED = 1 << 22


class PlantedError(DestinationError):
    """A file or folder of ours is not what we would have made there, so it is left alone."""


def partial_name(path: Path) -> Path:
    """Return a unique temporary path in the folder of ``path``."""
    return path.with_name(_partial())


def _partial() -> str:
    return f"{PARTIAL}{os.urandom(8).hex()}"


@contextlib.contextmanager
def folder_of(path: Path, *, make: bool = False) -> Iterator[int]:
    """Yield a descriptor of the folder a file of ours lies in; see ``openat.enter``.

    Raises ``PlantedError`` and ``OSError``.
    """
    descriptor = _entered(path.parent, make=make)
    try:
        yield descriptor
    finally:
        os.close(descriptor)


def _entered(folder: Path, *, make: bool, mode: int = 0o777) -> int:
    try:
        return enter(os.path.abspath(folder), make=make, mode=mode)  # noqa: PTH100 (no lookups)
    except Unsafe as error:
        raise _refused(error) from None


def _refused(error: Unsafe, path: Path | None = None) -> PlantedError:
    where, why = error.args
    return PlantedError(
        f"{why}, where only a file or folder of ours belongs",
        where=str(path or where),
        hint="Nothing was written to it. Find out who put it there, remove it, and run again.",
    )


def open_ours(path: Path, flags: int, mode: int = 0o666, *, make: bool = False) -> int:
    """Open a file of ours that has a name others know, such as a log; returns a descriptor.

    Raises ``PlantedError`` unless it is a regular file with one name, of this user or of those
    whose folder it lies in; ``make`` makes its folder. Raises ``OSError``.
    """
    with folder_of(path, make=make) as folder:
        try:
            return open_own(folder, path.name, flags, mode)
        except Unsafe as error:
            raise _refused(error, path) from None
        except OSError as error:
            error.filename = str(path)
            raise


def make_folder(path: Path, mode: int = 0o777) -> None:
    """Make a folder and those above it where they are missing; see ``openat.enter``."""
    os.close(_entered(path, make=True, mode=mode))


def check_links(path: Path) -> None:
    """Raise ``PlantedError`` where a link on the way to a path may not be followed."""
    with contextlib.suppress(OSError):
        os.close(_entered(path, make=False))


def unnamed_file(folder: Path) -> BinaryIO:
    """Open a file in a folder that goes when it is closed; raises ``OSError``."""
    return cast("BinaryIO", tempfile.TemporaryFile(dir=folder))


def open_in_place(path: Path) -> BinaryIO:
    """Open a file that others made, to overwrite what is in it; a link is not followed."""
    flags = os.O_RDWR | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
    with folder_of(path) as folder:
        return cast("BinaryIO", os.fdopen(os.open(path.name, flags, dir_fd=folder), "r+b"))


def rename(old: Path, new: Path) -> Path:
    """Give a file another name, in place of what has it; returns that.

    Both are reached through no link that others laid. Raises ``PlantedError`` and ``OSError``.
    """
    with folder_of(old) as source, folder_of(new) as target:
        os.rename(old.name, new.name, src_dir_fd=source, dst_dir_fd=target)
    return new


def remove(path: Path) -> None:
    """Take a file's name away, reached as in ``rename``; raises as it does."""
    with folder_of(path) as folder:
        os.unlink(path.name, dir_fd=folder)


def is_private(folder: Path) -> bool:
    """Make a folder of mode 0700 if it is missing, and tell whether only this user may enter."""
    try:
        with contextlib.suppress(FileExistsError):
            folder.mkdir(mode=0o700)
        found = folder.lstat()
    except OSError:
        return False
    mine = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return mine and not found.st_mode & 0o077 and os.access(folder, os.W_OK)


def is_own_folder(folder: Path) -> bool:
    """Tell whether a folder is one that this user made for itself with mode 0700.

    Where the file system gives every folder one owner and mode, any folder is.
    """
    try:
        found, home = folder.lstat(), folder.parent.stat()
        if not stat.S_ISDIR(found.st_mode):
            return False
        if _is_private_mode(found):
            return True
        alike = (found.st_uid, found.st_mode) == (home.st_uid, home.st_mode)
        return alike and not _keeps_modes(folder.parent)
    except OSError:
        return False


def _is_private_mode(found: os.stat_result) -> bool:
    return found.st_uid == os.geteuid() and not found.st_mode & 0o077


def _keeps_modes(folder: Path) -> bool:
    """Tell by trying whether a folder made for one user alone is so; raises ``OSError``."""
    probe = partial_name(folder / "probe")
    probe.mkdir(mode=0o700)
    try:
        return _is_private_mode(probe.lstat())
    finally:
        probe.rmdir()


@contextlib.contextmanager
def scratch_folder() -> Iterator[Path]:
    """Yield a folder of this user alone in the place for temporary files; it goes afterwards."""
    with tempfile.TemporaryDirectory(prefix="segwizard-") as folder:
        yield Path(folder)


def kept_scratch_folder(prefix: str) -> Path:
    """Return a new folder of this user alone in the place for temporary files, which stays."""
    return Path(tempfile.mkdtemp(prefix=prefix))


@contextlib.contextmanager
def _taking_name(path: Path, *, durable: bool = False) -> Iterator[tuple[int, str]]:
    """Yield a folder and a name in it that becomes ``path`` if the block succeeds.

    Rule 2 of the design: existing under the final name means whole.
    """
    with folder_of(path, make=True) as folder:
        partial = _partial()
        try:
            yield folder, partial
            os.rename(partial, path.name, src_dir_fd=folder, dst_dir_fd=folder)
        except BaseException as error:
            with contextlib.suppress(OSError):
                os.unlink(partial, dir_fd=folder)
            if isinstance(error, OSError) and error.filename in (None, partial):
                error.filename = str(path)
            raise
    if durable:
        sync_folder(path.parent)


@contextlib.contextmanager
def whole(path: Path, *, like: BinaryIO | None = None, durable: bool = False) -> Iterator[BinaryIO]:
    """Yield a file to write and read that takes the name ``path`` only if the block succeeds.

    It gets the mode and times of the open file ``like``, or a time of its own.
    """
    with (
        _taking_name(path, durable=durable) as (folder, partial),
        os.fdopen(os.open(partial, _NEW, 0o666, dir_fd=folder), "w+b") as file,
    ):
        yield file
        file.flush()
        if like is None:
            set_own_time(file.fileno())
        else:
            _liken(file.fileno(), like.fileno())
        if durable:
            sync_file(file.fileno())


def new_file(path: Path) -> BinaryIO:
    """Open a file anew in a folder that only this user may write to; raises ``OSError``."""
    return os.fdopen(os.open(path, NEW_IN_OWN_FOLDER, 0o666), "wb")


def write_whole(path: Path, data: bytes, *, mode: int | None = None, durable: bool = False) -> None:
    """Write bytes under their final name in one rename; ``mode`` is set before any byte is.

    ``durable`` has them, and the name, on stable storage before this returns.
    """
    with _taking_name(path, durable=durable) as (folder, partial):
        descriptor = os.open(partial, _NEW, 0o666 if mode is None else mode, dir_fd=folder)
        try:
            write_all(descriptor, data)
            set_own_time(descriptor)
            if durable:
                sync_file(descriptor)
        finally:
            os.close(descriptor)


def sync_file(descriptor: int) -> None:
    """Put a file's bytes on stable storage; raises ``OSError``."""
    full = getattr(fcntl, "F_FULLFSYNC", None)  # macOS: fsync alone stops at the drive's cache
    if full is None:
        os.fsync(descriptor)
    else:
        fcntl.fcntl(descriptor, full)


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable; raises ``OSError``."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def remove_at_once(folder: Path) -> None:
    """Take a folder away under its name in one step, then delete what it held."""
    if folder.is_dir():
        shutil.rmtree(folder.rename(partial_name(folder)))


def make_way(path: Path) -> None:
    """Free the name of a file of ours; a folder that holds something keeps it under another name.

    Links are taken away, never what they lead to.
    """
    if path.is_symlink() or not path.is_dir():
        path.unlink(missing_ok=True)
        return
    try:
        path.rmdir()
    except OSError:
        put_aside(path)


def put_aside(path: Path) -> Path:
    """Free a name, and keep what has it under another, returned: it may be somebody's."""
    return path.rename(path.with_name(f"{path.name}.set-aside-{os.urandom(4).hex()}"))


def dangling_link(path: Path) -> Path | None:
    """Return the link at or above a path that leads nowhere, such as to a disk not mounted."""
    return next(
        (each for each in (path, *path.parents) if each.is_symlink() and not each.exists()), None
    )


def followed(path: Path) -> Path:
    """Return the file a symbolic link leads to, anything else as it is.

    A hard link to a symbolic link is a link still: it breaks with the file it leads to, and when
    it is relative at once.
    """
    return path.resolve() if path.is_symlink() else path


def link(source: Path, target: Path) -> None:
    """Give the file ``source`` leads to a second name, in place of what has it; ``OSError``."""
    with _taking_name(target) as (folder, partial):
        os.link(followed(source), partial, dst_dir_fd=folder)


def link_new(source: Path, target: Path) -> None:
    """Give a file a second name that nothing has yet; raises ``FileExistsError``, ``OSError``."""
    with folder_of(target) as folder:
        os.link(source, target.name, dst_dir_fd=folder)


def symlink(to: str, target: Path) -> None:
    """Make ``target`` a symbolic link to ``to``, in place of what has the name; ``OSError``."""
    with _taking_name(target) as (folder, partial):
        os.symlink(to, partial, dir_fd=folder)


def copy(source: Path, target: Path) -> None:
    """Copy a file with its times and mode, whole; raises ``OSError``."""
    with open_foreign(source) as old, whole(target, like=old) as new:
        shutil.copyfileobj(old, new, _COPIED)


def _liken(new: int, old: int) -> None:
    found = os.fstat(old)
    with contextlib.suppress(PermissionError):
        os.fchmod(new, stat.S_IMODE(found.st_mode))
    os.utime(new, ns=(found.st_atime_ns, found.st_mtime_ns))


def link_or_copy(source: Path, target: Path) -> str:
    """Give ``source`` a second name at the least cost; returns ``hard link``, or ``copy``."""
    try:
        link(source, target)
    except OSError:
        copy(source, target)
        return "copy"
    return "hard link"


@contextlib.contextmanager
def locked(path: Path) -> Iterator[None]:
    """Keep other processes from changing ``path`` meanwhile, by a lock file beside it.

    Some network file systems know no locks; there the last of two writers wins.
    """
    make_folder(path.parent, 0o700)
    lock = open_ours(path.with_name(f"{path.name}.lock"), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        with contextlib.suppress(OSError):
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield
    finally:
        os.close(lock)


def read_ours(path: Path, largest: int, *, whole: bool = True) -> bytes:
    """Return the bytes of a file of ours, or its first ``largest`` where not ``whole``.

    Raises as ``to_read`` does, and ``PlantedError`` for one that is larger than any of ours.
    """
    with to_read(path) as file:
        size = os.fstat(file.fileno()).st_size
        if whole and size > largest:
            raise _refused(Unsafe(str(path), f"has {size:,} bytes"))
        return file.read(min(size, largest))  # no more of one that grows meanwhile


@contextlib.contextmanager
def to_read(path: Path) -> Iterator[BinaryIO]:
    """Yield a file of ours, opened to be read.

    Raises ``OSError`` where there is none, and ``PlantedError`` where something else has its
    place: a link, a folder, a pipe, a device.
    """
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        if not path.is_symlink():
            raise
        raise _refused(Unsafe(str(path), "is a link")) from error
    try:
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            raise _refused(Unsafe(str(path), "is no regular file"))
        with os.fdopen(descriptor, "rb", closefd=False) as file:
            yield file
    finally:
        os.close(descriptor)
