"""Secrets a person hands in from outside: variables, password files and password commands."""

from __future__ import annotations

import errno
import os
import re
import select
import shlex
import stat
import subprocess
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from wizard import environment
from wizard.credentials.secret import Secret
from wizard.errors import CredentialError, reason_of
from wizard.recipes.model import Site

FIELDS = ("user", "password", "token", "link", "base-url")
"""Every field a site or dataset can have."""

COMMAND_SECONDS = 60.0
"""Longest a password command may take; it may ask a person to touch a key."""

_TICK = 0.05
_LONGEST = 1 << 16
"""Bytes of a password file or a command's output that are read."""
_OWN_SECRET = re.compile(r"SEGWIZARD_\w+_(PASSWORD|TOKEN|LINK(_\w+)?|BASE_URL)")


def secret_variable(site: str, name: str) -> str:
    """Return our own variable for a field, such as ``SEGWIZARD_CITYSCAPES_PASSWORD``."""
    return "SEGWIZARD_" + re.sub(r"\W", "_", f"{site}_{name}").upper()


def clean_environment(
    environ: Mapping[str, str] | None = None, sites: Iterable[Site] = ()
) -> dict[str, str]:
    """Return the environment without secrets, fit for a child process."""
    environ = environment.variables() if environ is None else environ
    secret = secret_variables(environ, sites)
    return {name: value for name, value in environ.items() if name not in secret}


def secret_variables(environ: Mapping[str, str], sites: Iterable[Site] = ()) -> dict[str, str]:
    """Return the variables that hold secrets: ours, and those the recipe's sites name."""
    named = {site.password_env for site in sites}
    return {
        name: value
        for name, value in environ.items()
        if name in named or _OWN_SECRET.fullmatch(name)
    }


@dataclass(slots=True)
class GivenSecrets:
    """The first backend: what was handed in, read when first asked for and never written.

    Besides ``SEGWIZARD_<SITE>_<FIELD>`` and the variables a recipe names, a password is read
    from ``files`` and ``commands`` (by site), or from ``SEGWIZARD_<SITE>_PASSWORD_FILE`` and
    ``SEGWIZARD_<SITE>_PASSWORD_COMMAND``.
    """

    sites: tuple[Site, ...] = ()
    environ: Mapping[str, str] = field(default_factory=environment.variables, repr=False)
    files: Mapping[str, Path] = field(default_factory=dict)
    commands: Mapping[str, str] = field(default_factory=dict, repr=False)
    _read: dict[tuple[str, str], Secret] = field(default_factory=dict, repr=False)

    def get(self, site: str, name: str) -> Secret | None:
        """Return what was handed in; raises ``CredentialError`` when a file or command fails."""
        known = self._read.get((site, name))
        if known is None and (source := self.source(site, name)):
            known = self._read[(site, name)] = self._load(site, name, source)
        return known

    def source(self, site: str, name: str) -> str:
        """Say where a field comes from, without reading it; empty when it was not given."""
        for candidate in self._variables(site, name):
            if self.environ.get(candidate):
                return f"the variable {candidate}"
        if name in ("password", "token"):
            if self._file(site, name):
                return "the password file"
            if self._command(site, name):
                return "the password command"
        return ""

    def given(self) -> tuple[tuple[str, str], ...]:
        """List the site and field of everything handed in for the sites of the recipe."""
        names = [site.id for site in self.sites]
        return tuple((site, name) for site in names for name in FIELDS if self.source(site, name))

    def clean(self) -> dict[str, str]:
        """Return the environment without its secrets, for a child process."""
        return clean_environment(self.environ, self.sites)

    def _variables(self, site: str, name: str) -> list[str]:
        candidates = [secret_variable(site, name)]
        for known in self.sites:
            if known.id == site:
                named = {"user": known.user_env, "password": known.password_env}
                candidates += [named[name]] if named.get(name) else []
                if name == "token" and known.protocol == "bearer" and known.password_env:
                    candidates.append(known.password_env)
        return candidates

    def _file(self, site: str, name: str) -> Path | None:
        path = self.files.get(site) or self.environ.get(secret_variable(site, name) + "_FILE")
        return Path(path).expanduser() if path else None

    def _command(self, site: str, name: str) -> str:
        return self.commands.get(site) or self.environ.get(
            secret_variable(site, name) + "_COMMAND", ""
        )

    def _load(self, site: str, name: str, source: str) -> Secret:
        for candidate in self._variables(site, name):
            if self.environ.get(candidate):
                # Files of variables that were written on Windows leave a return at the end.
                return Secret(self.environ[candidate].rstrip("\r\n"))
        path = self._file(site, name)
        text = (
            read_password_file(path)
            if path
            else run_password_command(self._command(site, name), self.clean())
        )
        if not text:
            raise CredentialError(
                f"{source} gave nothing",
                where=site,
                hint="its first line has to be the password, or the token",
            )
        return Secret(text)


def _reason(error: Exception) -> str:
    """Return the cause in words, never with what was read or run."""
    match error:
        case OSError():
            return reason_of(error)
        case UnicodeDecodeError():
            return "it is no text"
        case subprocess.TimeoutExpired():
            return f"no answer in {COMMAND_SECONDS:g} seconds"
        case _:
            return "its quotes do not match, or it is empty"


def first_line(data: bytes) -> str:
    """Return the first line of a text as a person meant it.

    Marks of an encoding, which editors put before it, and the ends of lines of any system are no
    part of it; blanks are. Raises ``UnicodeDecodeError``.
    """
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    text = data.decode("utf-16" if wide else "utf-8-sig")
    return re.split(r"[\r\n\0]", text, maxsplit=1)[0]


def read_password_file(path: Path) -> str:
    """Return the first line of a password file; raises ``CredentialError``."""
    try:
        return first_line(_waited_for(path))
    except (OSError, UnicodeDecodeError) as error:
        raise CredentialError(
            f"the password file cannot be read: {_reason(error)}",
            where=str(path),
            hint="give a readable text file whose first line is the password",
        ) from None


def _waited_for(path: Path) -> bytes:
    """Return what is in a file, or comes out of a pipe such as a shell's ``<(...)``, in time."""
    descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    with os.fdopen(descriptor, "rb", buffering=0) as file:
        if stat.S_ISREG(os.fstat(descriptor).st_mode):
            return file.read(_LONGEST)
        deadline, said = time.monotonic() + COMMAND_SECONDS, b""
        # Whoever writes may not have come yet: then there is nothing, but no end of it either.
        while (left := deadline - time.monotonic()) > 0 and len(said) < _LONGEST:
            if not select.select([descriptor], [], [], left)[0]:
                break
            piece = file.read(_LONGEST - len(said))
            said += piece or b""
            if not piece and said:
                return said
            if not piece:
                time.sleep(_TICK)
    if not said:
        raise TimeoutError(errno.ETIMEDOUT, f"nothing came in {COMMAND_SECONDS:g} seconds")
    return said


def run_password_command(command: str, environ: Mapping[str, str]) -> str:
    """Return the first line a command prints; raises ``CredentialError``, never with its output."""
    hint = (
        "run the command by hand and see that it prints the password alone; it is started without "
        "a shell: for pipes write sh -c '...'"
    )
    try:
        words = shlex.split(command)
        result = subprocess.run(
            words,
            env=dict(environ),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            timeout=COMMAND_SECONDS,
            check=False,
        )
    except (OSError, ValueError, IndexError, subprocess.TimeoutExpired) as error:
        message = f"the password command did not work: {_reason(error)}"
        raise CredentialError(message, hint=hint) from None
    if result.returncode:
        message = f"the password command ended with status {result.returncode}"
        raise CredentialError(message, hint=hint)
    try:
        return first_line(result.stdout[:_LONGEST])
    except UnicodeDecodeError:
        raise CredentialError("the password command printed no text", hint=hint) from None
