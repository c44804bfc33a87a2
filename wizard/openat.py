"""The system calls under ``files``: entering folders and opening files that nobody could plant.

Imports next to nothing, because helper processes that have to be up at once write through it.
The walk is that of openat(2): each folder below a destination is entered from the one above,
so that a link put in its place meanwhile leads nowhere.
"""

from __future__ import annotations

import errno
import os
import stat
import time

TYPE_CHECKING = False
if TYPE_CHECKING:
    # Importing these takes as long as all the rest; a checker knows the name without ``typing``.
    from collections.abc import Iterable

OURS = ".segwizard"
"""Start of every name that is ours alone; the plain name is the folder of an install's state."""

_ENTER = getattr(os, "O_PATH", os.O_RDONLY) | os.O_DIRECTORY | os.O_CLOEXEC
_PLAIN = os.O_NOFOLLOW | os.O_CLOEXEC | os.O_NONBLOCK
NEW_IN_OWN_FOLDER = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW | os.O_CLOEXEC
_IS_LINK = (errno.ELOOP, errno.EMLINK)
_MILLISECOND = 1_000_000
_NO_FILE = (errno.ENXIO, errno.EISDIR, errno.ENODEV, errno.EOPNOTSUPP)

_destinations: dict[str, str] = {}


class Unsafe(Exception):
    """A file or folder that may have been planted; the arguments are its path and why."""


def destination(folder: str) -> str:
    """Return the highest folder at or above ``folder`` that holds an install's state, or ``""``.

    The highest, since anyone who may write below it could make another one there.
    """
    known = _destinations.get(folder)
    if known is None:
        known = _highest(folder)
        if known:
            _destinations[folder] = known
    return known


def _highest(folder: str) -> str:
    place, rest = "/", folder.strip("/").split("/")
    for part in ("", *rest):
        place = os.path.join(place, part)  # noqa: PTH118 (no pathlib here)
        if os.path.lexists(os.path.join(place, OURS)):  # noqa: PTH118
            return place.rstrip("/") or "/"
    return ""


def enter(folder: str, *, make: bool = False, mode: int = 0o777) -> int:
    """Return a descriptor of an absolute folder, to be closed; ``make`` makes what is missing.

    Below a destination a link is followed only where it is of this user, of root, or of the
    destination's owner, and never from a name of ours on. Raises ``Unsafe`` and ``OSError``.
    """
    top = destination(folder)
    if not top:
        if make:
            os.makedirs(folder, mode=mode, exist_ok=True)  # noqa: PTH103 (no pathlib here)
        return os.open(folder, _ENTER)
    at = os.open(top, _ENTER)
    trusted = (os.geteuid(), 0, os.fstat(at).st_uid)
    place, strict = top, False
    for part in filter(None, folder[len(top) :].split("/")):
        place = f"{place.rstrip('/')}/{part}"
        strict = strict or part.startswith(OURS)
        try:
            below = _step(at, part, place, () if strict else trusted, make=make, mode=mode)
        finally:
            os.close(at)
        at = below
    return at


def _step(at: int, part: str, place: str, trusted: Iterable[int], *, make: bool, mode: int) -> int:
    try:
        return os.open(part, _ENTER | os.O_NOFOLLOW, dir_fd=at)
    except FileNotFoundError:
        if not make:
            raise _named(FileNotFoundError, place) from None
        try:  # noqa: SIM105 (contextlib is another import)
            os.mkdir(part, mode, dir_fd=at)  # noqa: PTH102 (relative to a descriptor)
        except FileExistsError:
            pass
        return os.open(part, _ENTER | os.O_NOFOLLOW, dir_fd=at)
    except OSError as error:
        found = os.stat(part, dir_fd=at, follow_symlinks=False)  # noqa: PTH116
        if not stat.S_ISLNK(found.st_mode):
            error.filename = place
            raise
        if found.st_uid not in trusted:
            whose = "is a link" if not trusted else f"is a link of {owner(found.st_uid)}"
            raise Unsafe(place, whose) from None
    try:
        return os.open(part, _ENTER, dir_fd=at)
    except OSError as error:
        error.filename = place
        raise


def _named(kind: type[OSError], place: str) -> OSError:
    return kind(errno.ENOENT, os.strerror(errno.ENOENT), place)


def open_own(at: int | None, path: str, flags: int, mode: int = 0o666) -> int:
    """Open a file of ours whose name others know, and return its descriptor.

    ``path`` is below the folder ``at``, or wherever it says when that is None. The file is
    regular, has one name, and is of this user or of those whose folder it lies in. Raises
    ``Unsafe`` and ``OSError``; nothing of a file that is refused is changed.
    """
    wanted = flags & ~os.O_TRUNC
    try:
        descriptor = os.open(path, wanted | _PLAIN, mode, dir_fd=at)
    except OSError as error:
        if error.errno in _IS_LINK:
            raise Unsafe(path, "is a link") from None
        if error.errno in _NO_FILE:
            raise Unsafe(path, "is no regular file") from None
        raise
    try:
        if not flags & os.O_EXCL:
            _check(descriptor, at, path)
        if flags & os.O_TRUNC:
            os.ftruncate(descriptor, 0)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def _check(descriptor: int, at: int | None, path: str) -> None:
    found = os.fstat(descriptor)
    if not stat.S_ISREG(found.st_mode):
        raise Unsafe(path, "is no regular file")
    if found.st_nlink > 1:
        raise Unsafe(path, "has a second name elsewhere (a hard link)")
    if found.st_uid == os.geteuid():
        return
    home = os.stat(os.path.dirname(path) or ".", dir_fd=at)  # noqa: PTH116, PTH120
    shared = home.st_mode & stat.S_IWGRP and found.st_gid == home.st_gid
    if found.st_uid != home.st_uid and not shared:
        raise Unsafe(path, f"is of {owner(found.st_uid)}")


def write_new(path: str | bytes, data: bytes | memoryview) -> None:
    """Write a small file in one go, over whatever an earlier attempt left there.

    For folders that only this user may write to; a link is not followed. Raises ``OSError``.
    """
    descriptor = os.open(path, NEW_IN_OWN_FOLDER, 0o666)
    try:
        write_all(descriptor, data)
        set_own_time(descriptor)
    finally:
        os.close(descriptor)


def write_all(descriptor: int, data: bytes | memoryview) -> None:
    """Write every byte; raises ``OSError``."""
    # No file object: it asks the system three things that this has no use for, and threads
    # that write small files wait for each other at every call.
    written = os.write(descriptor, data)
    while written < len(data):
        written += os.write(descriptor, data[written:])


def set_own_time(descriptor: int) -> None:
    """Give a file that was just written whole a time that its neighbours do not have.

    The system stamps all that is written within some milliseconds alike, and two such files of
    one size could be swapped unseen. The time stays by the file system's clock, is at most two
    milliseconds early and never late. File systems that keep no finer times get none.
    """
    told = os.fstat(descriptor).st_mtime_ns
    if told % _MILLISECOND:
        own = told - told % _MILLISECOND - _MILLISECOND + time.time_ns() % _MILLISECOND
        try:  # noqa: SIM105 (contextlib is another import)
            os.utime(descriptor, ns=(own, own))
        except OSError:
            pass  # a server that sets no times: its files are told apart as well as it lets us


def owner(uid: int) -> str:
    """Return the name of a user, or the number where it has none."""
    try:
        import pwd  # only for the words of a refusal: helpers must be up at once

        return pwd.getpwuid(uid).pw_name
    except (ImportError, KeyError):
        return f"user {uid}"
