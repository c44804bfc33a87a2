"""The environment we were started in: the one module that reads it, and mends what it can.

``settle_environment`` runs once, before any work: what cannot be used (a certificate file that is
gone, a folder too long for sockets, a user without a name) is replaced by what can, for us, for
the libraries under us and for our children alike, and each replacement is told in one note that
names the variable. What cannot be replaced is an ``EnvironmentFault`` where it is needed.
"""

from __future__ import annotations

import contextlib
import getpass
import os
import pwd
import resource
import stat
import sys
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from wizard import figures
from wizard.errors import EnvironmentFault, reason_of
from wizard.foreign import open_foreign
from wizard.proxies import ProxyRules

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE")
"""Variables that name certificate authorities; those that any of them names are trusted."""

LONGEST_TEMPORARY = 60
"""Bytes of a temporary folder's path: a socket's has room for 107, and Python adds 45."""

_OPEN_FILES = 4096
_FEWEST_THREADS = 64
_LEAST_MEMORY = 1 << 30
_LARGEST_BUNDLE = 64 << 20
_SHORT_FOLDERS = ("/tmp", "/var/tmp", "/dev/shm")  # noqa: S108 - looked at before use


@dataclass(frozen=True, slots=True)
class Note:
    """Something about the environment that a person should know, by the variable's name."""

    variable: str
    words: str

    def __str__(self) -> str:
        return f"{self.variable}: {self.words}"


_notes: list[Note] = []
_direct = ""
"""A host that is reached past any proxy, beside those the variables name."""


def variables() -> dict[str, str]:
    """Return a copy of all variables."""
    return dict(os.environ)


def variable(name: str, default: str = "") -> str:
    """Return the value of a variable."""
    return os.environ.get(name, default)


def is_given(name: str) -> bool:
    """Tell whether a variable is there, empty or not."""
    return name in os.environ


def put(name: str, value: str) -> None:
    """Give a variable a value, for us and for our children."""
    os.environ[name] = value


def proxies() -> ProxyRules:
    """Return the proxies and their exceptions as they stand now."""
    rules = variables()
    for name in ("NO_PROXY", "no_proxy") if _direct else ():
        rules[name] = ",".join(filter(None, (rules.get(name, ""), _direct)))
    return ProxyRules(rules)


@contextlib.contextmanager
def past_proxies(host: str) -> Iterator[None]:
    """Have a host be reached past any proxy within the block, by this process alone."""
    global _direct
    before, _direct = _direct, host
    try:
        yield
    finally:
        _direct = before


def user_name() -> str:
    """Return the name of the user, or the number where there is no name."""
    try:
        return getpass.getuser()
    except (KeyError, OSError, ImportError):
        return str(os.getuid())


def notes() -> tuple[Note, ...]:
    """Return what ``settle_environment`` found and replaced."""
    return tuple(_notes)


def settle_environment() -> tuple[Note, ...]:
    """Mend the environment of this process, once, and return what was found.

    Raises ``EnvironmentFault`` where nothing can take the place of what is missing.
    """
    _notes.clear()
    for look in _LOOKS:
        _notes.extend(look())
    return notes()


def file_size_limit() -> int | None:
    """Return how many bytes a file may have by the limits of this process, None for any."""
    return _soft(resource.RLIMIT_FSIZE)


def limits() -> dict[str, int | None]:
    """Return the limits of this process by what they are of; None is no limit."""
    return {
        "open files": _soft(resource.RLIMIT_NOFILE),
        "threads and processes": _soft(resource.RLIMIT_NPROC),
        "memory, bytes": _soft(resource.RLIMIT_AS),
        "file size, bytes": _soft(resource.RLIMIT_FSIZE),
    }


def _soft(kind: int) -> int | None:
    value = resource.getrlimit(kind)[0]
    return None if value == resource.RLIM_INFINITY else value


def _replaced(name: str, words: str) -> Note:
    """Take a variable away, and say why and what is used instead."""
    value = os.environ.pop(name, "")
    return Note(name, f"{value!r} {words}")


def _home() -> Iterator[Note]:
    given = variable("HOME")
    if Path(given).is_absolute():
        return
    with contextlib.suppress(KeyError):
        put("HOME", pwd.getpwuid(os.getuid()).pw_dir)
        if given:
            yield Note("HOME", f"{given!r} is no whole path; {variable('HOME')} is used")
        return
    folder = _private_folder(Path(tempfile.gettempdir()) / f"segwizard-home-{os.getuid()}")
    if folder is None:
        raise EnvironmentFault(
            f"{given!r} is no home folder, and user {os.getuid()} has none",
            where="HOME",
            hint="set HOME to a folder that you can write to",
        )
    put("HOME", str(folder))
    yield Note(
        "HOME", f"{given!r} is no home folder, and user {os.getuid()} has none; {folder} is used"
    )


def _private_folder(folder: Path) -> Path | None:
    """Return a folder that only this user can enter, made if need be; None when that fails."""
    try:
        folder.mkdir(mode=0o700, exist_ok=True)
        found = folder.lstat()
    except OSError:
        return None
    ours = stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid()
    return folder if ours and not found.st_mode & 0o077 else None


def _user() -> Iterator[Note]:
    """Give a user without a name the number as one: libraries ask for it, too."""
    try:
        getpass.getuser()
    except (KeyError, OSError, ImportError):
        put("LOGNAME", str(os.getuid()))
    yield from ()


def _base_folders() -> Iterator[Note]:
    """Folders of the XDG base directory specification, which says that partial paths are void."""
    for kind in ("CONFIG_HOME", "STATE_HOME", "DATA_HOME", "CACHE_HOME", "RUNTIME_DIR"):
        name = f"XDG_{kind}"
        if variable(name) and not Path(variable(name)).is_absolute():
            yield _replaced(name, "is no whole path; the usual folder is used")


def _temporary() -> Iterator[Note]:
    for name in ("TMPDIR", "TEMP", "TMP"):
        folder = variable(name)
        if folder and not (Path(folder).is_dir() and os.access(folder, os.W_OK | os.X_OK)):
            yield _replaced(name, "is no folder that can be written to; the next usual one is used")
    tempfile.tempdir = None
    try:
        usual = tempfile.gettempdir()
    except OSError as error:
        raise EnvironmentFault(
            f"no folder for temporary files can be written to: {reason_of(error)}",
            where="TMPDIR",
            hint="set TMPDIR to a folder that you can write to, and that has space",
        ) from None
    if len(os.fsencode(usual)) > LONGEST_TEMPORARY:
        yield _short_temporary(usual)


def _short_temporary(long: str) -> Note:
    size = len(os.fsencode(long))
    for folder in (variable("XDG_RUNTIME_DIR"), *_SHORT_FOLDERS):
        if folder and len(os.fsencode(folder)) <= LONGEST_TEMPORARY and _usable(folder):
            put("TMPDIR", folder)
            tempfile.tempdir = None
            words = f"its {size} characters are too many for sockets ({LONGEST_TEMPORARY} at most)"
            return Note("TMPDIR", f"{words}; {folder} is used")
    raise EnvironmentFault(
        f"{long!r} is too long for sockets ({size} characters, {LONGEST_TEMPORARY} at most)",
        where="TMPDIR",
        hint="set TMPDIR to a folder with a shorter path that you can write to",
    )


def _usable(folder: str) -> bool:
    return Path(folder).is_dir() and os.access(folder, os.W_OK | os.X_OK)


def _certificates() -> Iterator[Note]:
    for name in CERTIFICATES:
        value = variable(name)
        trouble = _bundle_trouble(name, value) if value else ""
        if trouble:
            yield _replaced(name, f"{trouble}; the system's certificates are used")


def _bundle_trouble(name: str, value: str) -> str:
    """Say in words why certificates cannot be read from a place; empty when they can."""
    if name == "SSL_CERT_DIR":
        folders = [folder for folder in value.split(os.pathsep) if Path(folder).is_dir()]
        return "" if folders else "names no folder that is there"
    path = Path(value)
    if path.is_dir():
        return "" if name != "SSL_CERT_FILE" else "is a folder, not a file"
    try:
        if not path.is_file():
            return "is not there" if not path.exists() else "is no file"
        with open_foreign(path) as file:
            certificates = b"-----BEGIN " in file.read(_LARGEST_BUNDLE)
    except OSError as error:
        return f"cannot be read ({reason_of(error)})"
    return "" if certificates else "holds no certificates"


def _key_log() -> Iterator[Note]:
    name = "SSLKEYLOGFILE"
    value = variable(name)
    if not value:
        return
    path = Path(value)
    place = path if path.exists() else path.parent
    if path.is_dir() or not os.access(place, os.W_OK):
        yield _replaced(name, "cannot be written; no keys are logged")
    else:
        yield Note(name, f"the keys of encrypted connections are written to {value!r}, as it asks")


def _locale() -> Iterator[Note]:
    encoding = sys.getfilesystemencoding()
    if encoding.lower().replace("-", "") == "utf8":
        return
    name = next((each for each in ("LC_ALL", "LC_CTYPE", "LANG") if variable(each)), "LC_ALL")
    words = f"{variable(name)!r} writes file names as {encoding}, which lacks most letters"
    yield Note(name, f"{words}; set it to C.UTF-8")


def _limits() -> Iterator[Note]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _OPEN_FILES if hard == resource.RLIM_INFINITY else min(_OPEN_FILES, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
    size = file_size_limit()
    if size is not None:
        yield Note("ulimit -f", f"files may be {figures.size(size)} at most; larger ones fail")
    memory = _soft(resource.RLIMIT_AS)
    if memory is not None and memory < _LEAST_MEMORY:
        yield Note("ulimit -v", f"{figures.size(memory)} of memory are few; use --workers 1")
    threads = _soft(resource.RLIMIT_NPROC)
    if threads is not None and threads < _FEWEST_THREADS:
        yield Note("ulimit -u", f"{threads} threads and processes are few; use --workers 1")


def _proxies() -> Iterator[Note]:
    for fault in proxies().faults():
        yield Note(fault.where, f"{fault.message}; what needs it cannot be fetched")


_LOOKS: tuple[Callable[[], Iterator[Note]], ...] = (
    _temporary,
    _home,
    _user,
    _base_folders,
    _certificates,
    _key_log,
    _locale,
    _limits,
    _proxies,
)
