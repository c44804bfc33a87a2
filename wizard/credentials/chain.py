"""The chain of places for secrets: given from outside, keyring, memory, and by a typed yes a file.

The order and its reasons: fact sheet pain_points section 3. Whatever backend is in use is said in
words, nothing is ever written in plain text unasked, and clearing re-reads to prove it.
"""

from __future__ import annotations

import contextlib
import resource
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import msgspec

from wizard import environment
from wizard.credentials.backends import SECONDS, Keyring, KeyringVerdict, SecretFile
from wizard.credentials.given import GivenSecrets, secret_variables
from wizard.credentials.secret import Secret
from wizard.credentials.vault import Index, Kept
from wizard.errors import CredentialError
from wizard.recipes.model import Site

TIME_LIMIT = 0.8
"""Seconds ``put`` may take; whoever answers a question on screen must not wait longer."""

MEMORY_WORDS = "memory, for this run only"
_Held = tuple[float, Secret]


class _Handed(msgspec.Struct, frozen=True):
    """What crosses the pipe to a runner."""

    memory: list[tuple[str, str, str]] = []
    variables: dict[str, str] = {}
    files: dict[str, str] = {}
    commands: dict[str, str] = {}

    def __repr__(self) -> str:
        return "_Handed([secret])"


@dataclass(slots=True)
class BackendChain:
    """A vault that uses the best backend there is; see ``open_vault``."""

    given: GivenSecrets
    keyring: Keyring
    file: SecretFile
    index: Index
    use_keyring: bool = True
    time_limit: float = TIME_LIMIT
    _memory: dict[tuple[str, str], Secret] = field(default_factory=dict, repr=False)
    _read: dict[tuple[str, str], _Held] = field(default_factory=dict, repr=False)
    _forget: list[Callable[[], None]] = field(default_factory=list, repr=False)
    _lock: threading.RLock = field(default_factory=threading.RLock, repr=False)

    def get(self, site: str, field: str) -> Secret | None:
        """Return a secret from the first backend that has it; raises ``CredentialError``.

        What a person typed in this run comes before what its environment gave.
        """
        with self._lock:
            if (site, field) in self._memory:
                return self._memory[site, field]
        given = self.given.get(site, field)
        if given is not None:
            return given
        with self._lock:
            return self._recall(site, field)

    def has(self, site: str, field: str) -> bool:
        """Tell whether a secret is at hand, from names alone: nothing is unlocked or run."""
        if self.given.source(site, field) or (site, field) in self._memory:
            return True
        return self.index.find(site, field) is not None

    def put(self, site: str, field: str, secret: Secret) -> str:
        """Keep a secret in the keyring, or else in memory, and say in words where.

        Never takes longer than ``time_limit``: it is in memory at once, and a keyring that is slow
        to answer gets it in the background.
        """
        self.put_memory(site, field, secret)
        said: list[str] = []
        worker = threading.Thread(target=self._try_keyring, args=(site, field, secret, said))
        worker.start()
        worker.join(self.time_limit)
        return said[0] if said else f"{MEMORY_WORDS}, until the keyring answers"

    def put_keyring(self, site: str, field: str, secret: Secret) -> str:
        """Keep a secret in the keyring and nowhere else; raises ``CredentialError``."""
        verdict = self.verdict()
        if not verdict.usable:
            raise CredentialError(verdict.words, where=site)
        self.keyring.put(site, field, secret)
        self._settle(site, field, "keyring")
        if self.given.source(site, field):
            self.put_memory(site, field, secret)
        return verdict.words

    def put_memory(self, site: str, field: str, secret: Secret) -> str:
        """Keep a secret for this run only."""
        with self._lock:
            self._memory[site, field] = secret
        return MEMORY_WORDS

    def put_file(self, site: str, field: str, secret: Secret, *, typed: str) -> str:
        """Keep a secret in the file; ``typed`` is the person's answer to ``file.question()``."""
        self.file.agree(typed)
        self.file.put(site, field, secret)
        self._settle(site, field, "file")
        return f"the file {self.file.path}"

    def clear(self, site: str | None = None) -> tuple[str, ...]:
        """Remove what is kept for one site or all, re-read to prove it, and name the places.

        Raises ``CredentialError`` naming what could not be removed, after removing the rest.
        """
        places: list[str] = []
        stuck: list[str] = []
        for forget in self._forget:
            forget()
        with self._lock:
            places += self._clear_memory(site)
            for entry in self.index.entries():
                if site in (None, entry.site):
                    self._clear_entry(entry, places, stuck)
        if stuck:
            raise CredentialError(
                "could not be cleared: " + "; ".join(stuck),
                hint="unlock the keyring and clear again",
            )
        return tuple(places)

    def where(self, site: str, field: str) -> str:
        """Say in words where a secret is kept; empty when it is not."""
        source = self.given.source(site, field)
        if source:
            return source
        if (site, field) in self._memory:
            return MEMORY_WORDS
        entry = self.index.find(site, field)
        return self._place(entry) if entry else ""

    def kept(self) -> tuple[Kept, ...]:
        """List every secret at hand by site, field and backend."""
        given = [
            Kept(site=site, field=name, backend="environment", since=0.0)
            for site, name in self.given.given()
        ]
        memory = [
            Kept(site=site, field=name, backend="memory", since=0.0) for site, name in self._memory
        ]
        return (*given, *memory, *self.index.entries())

    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret value at hand; what cannot be read is left out."""
        found = []
        for entry in self.kept():
            if entry.field != "user":
                with contextlib.suppress(CredentialError):
                    found.append(self.get(entry.site, entry.field))
        return tuple(secret for secret in found if secret)

    def describe(self) -> str:
        """Say in a sentence which backend new secrets go to, and why."""
        verdict = self.verdict()
        if verdict.usable:
            return f"Secrets are kept in {verdict.words}."
        return f"Secrets are kept in {MEMORY_WORDS}: {verdict.words}."

    def verdict(self) -> KeyringVerdict:
        """Say whether the keyring can be used; the first call probes it, for up to 5 seconds."""
        if not self.use_keyring:
            return KeyringVerdict(usable=False, words="the keyring is switched off")
        return self.keyring.verdict()

    def on_clear(self, forget: Callable[[], None]) -> None:
        """Have ``forget`` called when secrets are cleared: for cookies and sessions in memory."""
        self._forget.append(forget)

    def handover(self) -> bytes:
        """Return what only this process holds, for the pipe to a runner; see ``open_vault``."""
        with self._lock:
            held = [(site, name, value.reveal()) for (site, name), value in self._memory.items()]
        given = self.given
        files = {site: str(path) for site, path in given.files.items()}
        secret = secret_variables(given.environ, given.sites)
        return msgspec.json.encode(_Handed(held, secret, files, dict(given.commands)))

    def _try_keyring(self, site: str, field: str, secret: Secret, said: list[str]) -> None:
        try:
            said.append(self.put_keyring(site, field, secret))
        except CredentialError as error:
            said.append(f"{MEMORY_WORDS} ({error.message})")

    def _recall(self, site: str, field: str) -> Secret | None:
        entry = self.index.find(site, field)
        if entry is None:
            return None
        held = self._read.get((site, field))
        if held and held[0] == entry.since:
            return held[1]
        backend = self.file if entry.backend == "file" else self.keyring
        secret = backend.get(site, field)
        if secret is not None:
            self._read[site, field] = (entry.since, secret)
        return secret

    def _settle(self, site: str, field: str, backend: str) -> None:
        """List a secret under its new backend and drop it from the others."""
        before = self.index.find(site, field)
        self.index.add(site, field, "file" if backend == "file" else "keyring")
        with self._lock:
            self._memory.pop((site, field), None)
            self._read.pop((site, field), None)
        if before and before.backend != backend:
            (self.file if before.backend == "file" else self.keyring).delete(site, field)

    def _clear_memory(self, site: str | None) -> list[str]:
        gone = [key for key in self._memory if site in (None, key[0])]
        for key in gone:
            del self._memory[key]
        self._read = {k: held for k, held in self._read.items() if site not in (None, k[0])}
        return [f"{name} of {owner} in memory" for owner, name in gone]

    def _clear_entry(self, entry: Kept, places: list[str], stuck: list[str]) -> None:
        backend = self.file if entry.backend == "file" else self.keyring
        label = f"{entry.field} of {entry.site} in {self._place(entry)}"
        try:
            backend.delete(entry.site, entry.field)
            if backend.get(entry.site, entry.field) is not None:
                stuck.append(f"{label} is still there")
                return
            self.index.remove(entry.site, entry.field)
        except CredentialError as error:
            stuck.append(f"{label} ({error.message})")
            return
        places.append(label)

    def _place(self, entry: Kept) -> str:
        return f"the file {self.file.path}" if entry.backend == "file" else "the OS keyring"


def open_vault(
    sites: Iterable[Site] = (),
    *,
    environ: Mapping[str, str] | None = None,
    password_files: Mapping[str, Path] | None = None,
    password_commands: Mapping[str, str] | None = None,
    use_keyring: bool | None = None,
    handed: bytes = b"",
    keyring_seconds: float = SECONDS,
    time_limit: float = TIME_LIMIT,
) -> BackendChain:
    """Open this user's vault; quick, the keyring is only asked when it is needed.

    ``sites`` name the variables a recipe reads; ``password_files`` and ``password_commands`` are
    by site; ``use_keyring`` None follows ``SEGWIZARD_KEYRING`` (``off`` switches it off);
    ``handed`` is another process's ``BackendChain.handover()``, read from a pipe.
    """
    _forbid_core_dumps()
    environ = environment.variables() if environ is None else environ
    if use_keyring is None:
        use_keyring = environ.get("SEGWIZARD_KEYRING", "").lower() not in ("off", "no", "0")
    received = msgspec.json.decode(handed, type=_Handed) if handed else _Handed()
    given = GivenSecrets(
        tuple(sites),
        {**environ, **received.variables},
        {**{site: Path(path) for site, path in received.files.items()}, **(password_files or {})},
        {**received.commands, **(password_commands or {})},
    )
    keyring = Keyring(given.clean(), keyring_seconds)
    vault = BackendChain(given, keyring, SecretFile.usual(), Index.usual(), use_keyring, time_limit)
    for site, name, value in received.memory:
        vault.put_memory(site, name, Secret(value))
    return vault


def _forbid_core_dumps() -> None:
    """Keep a crash of this process from writing its memory, secrets and all, to disk."""
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
