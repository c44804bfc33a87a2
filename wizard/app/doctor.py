"""What a report of a fault should tell of the machine: facts, and what is wrong with them.

Looks only: nothing is written but the dummy that shows whether the keyring keeps secrets, and of
a secret nothing is told but that its variable is there.
"""

from __future__ import annotations

import importlib.metadata
import locale
import os
import platform
import re
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec

from wizard import environment, figures
from wizard.credentials.chain import open_vault
from wizard.credentials.given import secret_variables
from wizard.errors import reason_of
from wizard.plan.volume import volume
from wizard.proxies import without_login
from wizard.state.table import state_folder
from wizard.version import __version__

_TOLD = (
    *("TERM", "COLORTERM", "TERM_PROGRAM", "TMUX", "SSH_CONNECTION", "NO_COLOR"),
    *("LC_ALL", "LC_CTYPE", "LANG", "PYTHONUTF8", "PYTHONIOENCODING"),
    *("HOME", "TMPDIR", "XDG_STATE_HOME", "XDG_CONFIG_HOME", "XDG_RUNTIME_DIR"),
    *environment.CERTIFICATES,
    "SSLKEYLOGFILE",
    *("http_proxy", "HTTP_PROXY", "https_proxy", "HTTPS_PROXY", "all_proxy", "ALL_PROXY"),
    *("no_proxy", "NO_PROXY"),
    *("SLURM_JOB_ID", "PYTHONPATH", "VIRTUAL_ENV", "CONDA_PREFIX"),
)
_BUILT = 1_764_000_000.0
"""A moment before this version was made: a clock that is behind it is wrong."""
_FEW_FILES = 256


class Fact(msgspec.Struct, frozen=True, kw_only=True):
    """One thing about this machine."""

    area: str
    name: str
    value: str
    trouble: str = ""
    """What is wrong with it and what to do; empty when nothing is."""


def examine(dest: Path | None = None) -> tuple[Fact, ...]:
    """Return every fact, in the order of areas; ``dest`` is a destination to look at as well."""
    return (
        *_versions(),
        *_environment(),
        *_limits(),
        *_terminal(),
        *_keyring(),
        *_disk("state", state_folder()),
        *_disk("temporary files", Path(tempfile.gettempdir())),
        *(_disk("destination", dest.expanduser().absolute()) if dest else ()),
        *_clock(),
    )


def _versions() -> Iterator[Fact]:
    def fact(name: str, value: str) -> Fact:
        return Fact(area="versions", name=name, value=value)

    yield fact("segwizard", __version__)
    yield fact("python", f"{platform.python_version()} ({sys.executable})")
    yield fact("system", f"{platform.system()} {platform.release()}, {platform.machine()}")
    yield fact("processors", str(os.cpu_count() or "unknown"))
    for line in importlib.metadata.requires("segwizard") or ():
        if "extra ==" in line:
            continue
        name = re.split(r"[^\w.-]", line, maxsplit=1)[0]
        try:
            yield fact(name, importlib.metadata.version(name))
        except importlib.metadata.PackageNotFoundError:
            yield Fact(area="versions", name=name, value="missing", trouble="install it")


def _environment() -> Iterator[Fact]:
    given = environment.variables()
    troubles = {note.variable: note.words for note in environment.notes()}
    for name in _TOLD:
        if name in given or name in troubles:
            value = given.get(name, "")
            value = without_login(value) if name.lower().endswith("_proxy") else value
            trouble = troubles.pop(name, "")
            yield Fact(area="environment", name=name, value=value, trouble=trouble)
    for name, words in troubles.items():
        yield Fact(area="environment", name=name, value="", trouble=words)
    for name in sorted(secret_variables(given)):
        yield Fact(area="environment", name=name, value="given, not shown")
    yield Fact(area="environment", name="user", value=environment.user_name())


def _limits() -> Iterator[Fact]:
    for name, value in environment.limits().items():
        few = name == "open files" and value is not None and value < _FEW_FILES
        yield Fact(
            area="limits",
            name=name,
            value="none" if value is None else f"{value:,}",
            trouble="few; ask for more with ulimit -n" if few else "",
        )


def _terminal() -> Iterator[Fact]:
    def fact(name: str, value: str) -> Fact:
        return Fact(area="terminal", name=name, value=value)

    columns, lines = shutil.get_terminal_size((0, 0))
    yield fact("size", f"{columns}x{lines}" if columns else "no terminal")
    streams = {"input": sys.stdin, "output": sys.stdout, "errors": sys.stderr}
    for name, stream in streams.items():
        yield fact(name, "a terminal" if stream.isatty() else "redirected")
    yield fact("encoding", f"{sys.stdout.encoding}, file names {sys.getfilesystemencoding()}")
    yield fact("locale", ".".join(part or "none" for part in locale.getlocale()))


def _keyring() -> Iterator[Fact]:
    verdict = open_vault().verdict()
    trouble = "" if verdict.usable else "secrets stay in memory, or in a file if you say so"
    yield Fact(area="keyring", name="keyring", value=verdict.words, trouble=trouble)


def _disk(name: str, folder: Path) -> Iterator[Fact]:
    try:
        found = volume(folder)
    except OSError as error:
        trouble = f"cannot be looked at: {reason_of(error)}"
        yield Fact(area="disk", name=name, value=str(folder), trouble=trouble)
        return
    files = "" if found.free_files is None else f", {found.free_files:,} files"
    free = f"{figures.size(found.free_bytes)}{files} free on {found.kind or 'unknown'}"
    yield Fact(
        area="disk",
        name=name,
        value=f"{folder}: {free}",
        trouble=_disk_trouble(found.folder, read_only=found.read_only),
    )


def _disk_trouble(folder: Path, *, read_only: bool) -> str:
    if read_only:
        return "mounted read-only; choose another folder"
    if not os.access(folder, os.W_OK | os.X_OK):
        return f"{folder} cannot be written to; ask for the right, or choose another folder"
    return ""


def _clock() -> Iterator[Fact]:
    now = time.time()
    moment = time.strftime("%Y-%m-%d %H:%M:%S", time.gmtime(now))
    behind = "behind: certificates and links are judged wrongly; set it" if now < _BUILT else ""
    zone = f"{time.tzname[0]}, {-time.timezone / 3600:+g} h"
    yield Fact(area="clock", name="now", value=f"{moment} UTC (zone {zone})", trouble=behind)
