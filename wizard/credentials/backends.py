"""Where secrets are written: the OS keyring, asked through a child process, or a file at last."""

from __future__ import annotations

import json
import os
import secrets
import stat
import subprocess
import sys
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from wizard.credentials.secret import Secret
from wizard.errors import CredentialError, UsageError, reason_of
from wizard.files import make_folder, write_whole
from wizard.foreign import open_foreign
from wizard.state.table import state_folder

SECONDS = 5.0
"""Longest one conversation with the keyring may take."""

REST = 60.0
"""Seconds a keyring that did not answer is left alone before it is asked again."""

_CHILD = Path(__file__).with_name("keyring_child.py")

Call = tuple[str, str, str, str]
"""Verb (``get``, ``put``, ``delete``), service, name, value."""
_UNLOCK = "unlock the keyring, or give the login through the environment or for this run only"
YES = "yes"
"""What a person has to type, in full."""
_LARGEST = 1 << 20


@dataclass(frozen=True, slots=True)
class KeyringVerdict:
    """Whether the keyring may be trusted with secrets, and why in words."""

    usable: bool
    words: str


@dataclass(slots=True)
class Keyring:
    """The OS keyring as this user's session has it; ``environ`` is free of secrets."""

    environ: Mapping[str, str] = field(repr=False)
    seconds: float = SECONDS
    _verdict: KeyringVerdict | None = None
    _asleep_until: float = 0.0
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def verdict(self) -> KeyringVerdict:
        """Probe once: write a dummy, read it back, delete it."""
        with self._lock:
            if self._verdict is None:
                self._verdict = self._probe()
            return self._verdict

    def get(self, site: str, name: str) -> Secret | None:
        """Return what is kept; raises ``CredentialError`` when the keyring does not answer."""
        found = self._ask(("get", _service(site), name, ""))[0]
        return Secret(found) if found is not None else None

    def put(self, site: str, name: str, secret: Secret) -> None:
        """Keep a secret and read it back; raises ``CredentialError`` unless it is there."""
        value = secret.reveal()
        service = _service(site)
        kept = self._ask(("put", service, name, value), ("get", service, name, ""))[1]
        if kept != value:
            raise CredentialError("the keyring did not keep what it was given", where=site)

    def delete(self, site: str, name: str) -> None:
        """Remove a secret and read again; raises ``CredentialError`` unless it is gone."""
        service = _service(site)
        left = self._ask(("delete", service, name, ""), ("get", service, name, ""))[1]
        if left is not None:
            raise CredentialError(
                "the keyring still holds this entry",
                where=site,
                hint=f"remove the entry {service!r} with your desktop's keyring program",
            )

    def _probe(self) -> KeyringVerdict:
        dummy, service = secrets.token_hex(8), _service("probe")
        name = f"probe-{dummy}"
        calls = (
            ("put", service, name, dummy),
            ("get", service, name, ""),
            ("delete", service, name, ""),
            ("get", service, name, ""),
        )
        try:
            backend, answers = self._converse(calls)
        except CredentialError as error:
            return KeyringVerdict(usable=False, words=error.message)
        if answers[1] != dummy:
            return KeyringVerdict(
                usable=False, words=f"the keyring backend {backend!r} keeps nothing"
            )
        if answers[3] is not None:
            return KeyringVerdict(
                usable=False, words=f"the keyring backend {backend!r} cannot delete"
            )
        return KeyringVerdict(usable=True, words=f"the OS keyring ({backend})")

    def _ask(self, *calls: Call) -> list[str | None]:
        if time.monotonic() < self._asleep_until:
            raise CredentialError("the keyring did not answer a moment ago", hint=_UNLOCK)
        return self._converse(calls)[1]

    def _converse(self, calls: Sequence[Call]) -> tuple[str, list[str | None]]:
        try:
            reply = _run_child(calls, self.environ, self.seconds)
        except CredentialError:
            self._asleep_until = time.monotonic() + REST
            raise
        return reply.backend, reply.answers


@dataclass(frozen=True, slots=True)
class _Reply:
    backend: str
    answers: list[str | None] = field(repr=False)


def _service(site: str) -> str:
    return f"segwizard:{site}"


def _run_child(calls: Sequence[Call], environ: Mapping[str, str], seconds: float) -> _Reply:
    # -P keeps this package's folder off the child's import path.
    command = [sys.executable, "-P", str(_CHILD)]
    try:
        result = subprocess.run(
            command,
            input=json.dumps({"calls": calls}).encode(),
            env=dict(environ),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
            timeout=seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        message = f"the keyring did not answer within {seconds:g} seconds; it may be locked"
        raise CredentialError(message, hint=_UNLOCK) from None
    except OSError as error:
        message = f"the keyring could not be asked: {type(error).__name__}"
        raise CredentialError(message, hint=_UNLOCK) from None
    return _read_reply(result.stdout, result.returncode)


def _read_reply(output: bytes, status: int) -> _Reply:
    try:
        reply = json.loads(output)
    except ValueError:
        message = f"the keyring program ended with status {status}"
        raise CredentialError(message, hint=_UNLOCK) from None
    if "error" in reply:
        raise CredentialError(_words(reply["error"], reply.get("detail", "")), hint=_UNLOCK)
    return _Reply(reply["backend"], reply["answers"])


def _words(error: str, detail: str) -> str:
    known = {
        "NoKeyringError": "this machine has no keyring",
        "KeyringLocked": "the keyring is locked",
        "Plaintext": "the keyring of this machine is a plain text file, which is not used unasked",
    }
    return known.get(error) or f"the keyring failed: {detail or error}"


class _Damaged(CredentialError):
    """What is in the file is no table of secrets."""


@dataclass(frozen=True, slots=True)
class SecretFile:
    """Secrets as plain JSON in a 0600 file inside a 0700 folder."""

    path: Path

    @classmethod
    def usual(cls) -> SecretFile:
        """Return the file at its usual place."""
        return cls(state_folder() / "secrets" / "secrets.json")

    def question(self) -> str:
        """Name the place and the risk, as asked before the first secret is written."""
        return (
            f"Write the secret unencrypted to {self.path}? Anyone who can act as you on this "
            f"machine, its administrators and its backups can read it. Type {YES!r} to do so"
        )

    def agree(self, typed: str) -> None:
        """Raise ``UsageError`` unless the answer to ``question`` is a yes in full."""
        if typed.strip().lower() != YES:
            raise UsageError(
                "the secret was not written to a file",
                hint=f"type {YES!r} in full, or keep it for this run only",
            )

    def get(self, site: str, field: str) -> Secret | None:
        """Return what is kept; raises ``CredentialError`` when others could read the file too."""
        value = self._load().get(site, {}).get(field)
        return Secret(value) if value is not None else None

    def put(self, site: str, field: str, secret: Secret) -> None:
        """Keep a secret and read it back; raises ``CredentialError``."""
        content = self._load()
        content.setdefault(site, {})[field] = secret.reveal()
        self._store(content)
        if self._load().get(site, {}).get(field) != secret.reveal():
            raise CredentialError("the file did not keep the secret", where=str(self.path))

    def delete(self, site: str, field: str) -> None:
        """Remove a secret, and the file with the last one; raises ``CredentialError``.

        Always allowed: also where others may read the file, and a damaged one goes as a whole.
        """
        try:
            content = self._read(check=False)
        except _Damaged:
            content = {}
        content.get(site, {}).pop(field, None)
        content = {name: fields for name, fields in content.items() if fields}
        if content:
            self._store(content)
        else:
            self._remove()

    def _remove(self) -> None:
        try:
            self.path.unlink(missing_ok=True)
            if self.path.parent.is_dir():
                self.path.parent.rmdir()
        except OSError as error:
            raise self._trouble(error) from None

    def _load(self) -> dict[str, dict[str, str]]:
        return self._read(check=True)

    def _read(self, *, check: bool) -> dict[str, dict[str, str]]:
        try:
            with open_foreign(self.path) as file:
                if check:
                    self._check_private(os.fstat(file.fileno()).st_mode)
                return msgspec.json.decode(file.read(_LARGEST), type=dict[str, dict[str, str]])
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise self._trouble(error) from None
        except (msgspec.MsgspecError, ValueError, RecursionError):
            hint = "clear it (segwizard credentials clear --all) and set what was in it again"
            message = "this file of secrets is damaged"
            raise _Damaged(message, where=str(self.path), hint=hint) from None

    def _check_private(self, mode: int) -> None:
        if stat.S_IMODE(mode) & 0o077:
            raise CredentialError(
                "other users may read this file of secrets",
                where=str(self.path),
                hint=f"change the passwords in it, then run: chmod 600 {self.path}",
            )

    def _store(self, content: dict[str, dict[str, str]]) -> None:
        folder = self.path.parent
        try:
            make_folder(folder.parent)
            make_folder(folder, 0o700)
            folder.chmod(0o700)
            write_whole(self.path, json.dumps(content).encode(), mode=0o600)
        except OSError as error:
            raise self._trouble(error) from None

    def _trouble(self, error: OSError) -> CredentialError:
        return CredentialError(
            f"the file of secrets cannot be used: {reason_of(error)}",
            where=str(self.path),
            hint="mend the folder's permissions, or keep secrets for this run only",
        )
