"""Where secrets are kept: what every backend does, and the list of names, never of values.

A keyring cannot list its entries, so without this list neither ``credentials list`` nor
``clear --all`` could know what to look for.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Protocol

import msgspec

from wizard.credentials.secret import Secret
from wizard.errors import CredentialError, reason_of
from wizard.files import locked
from wizard.state.store import Store
from wizard.state.table import KEPT_SECRETS, state_folder

BackendName = Literal["environment", "keyring", "memory", "file"]
"""A step of the chain, best first."""


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One secret that is kept: of which site, which field, on which backend, since when."""

    site: str
    field: str
    backend: BackendName
    since: float
    """Seconds since the epoch; a changed moment tells other processes to read it again."""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    entries: tuple[Kept, ...] = ()


_STORE = Store(KEPT_SECRETS, _File)


@dataclass(frozen=True, slots=True)
class Index:
    """The list on disk, shared by every process of this user."""

    path: Path

    @classmethod
    def usual(cls) -> Index:
        """Return the list at its usual place."""
        return cls(state_folder() / KEPT_SECRETS.name)

    def entries(self) -> tuple[Kept, ...]:
        """Return everything listed; a missing or damaged list is empty."""
        file = _STORE.read(self.path)
        return file.entries if file else ()

    def find(self, site: str, field: str) -> Kept | None:
        """Return the entry of one field."""
        for entry in self.entries():
            if (entry.site, entry.field) == (site, field):
                return entry
        return None

    def add(self, site: str, field: str, backend: BackendName) -> None:
        """List a field, in the place of what was listed before; raises ``CredentialError``."""
        entry = Kept(site=site, field=field, backend=backend, since=time.time())
        self._change(site, field, (entry,))

    def remove(self, site: str, field: str) -> None:
        """Forget a field; raises ``CredentialError``."""
        self._change(site, field, ())

    def _change(self, site: str, field: str, added: tuple[Kept, ...]) -> None:
        try:
            with locked(self.path):
                kept = tuple(e for e in self.entries() if (e.site, e.field) != (site, field))
                if kept + added:
                    _STORE.write(self.path, _File(entries=kept + added))
                else:
                    self.path.unlink(missing_ok=True)
        except OSError as error:
            raise CredentialError(
                f"the list of kept credentials cannot be written: {reason_of(error)}",
                where=str(self.path),
                hint="free the disk or mend the folder's permissions",
            ) from None


class Vault(Protocol):
    """Keeps secrets by site and field; fields are such as ``user``, ``password``, ``link``."""

    def get(self, site: str, field: str) -> Secret | None:
        """Return a secret, or None when there is none."""
        ...

    def has(self, site: str, field: str) -> bool:
        """Tell whether a secret is at hand, from names alone: quick, nothing is unlocked or run."""
        ...

    def put(self, site: str, field: str, secret: Secret) -> str:
        """Keep a secret and say in words where; raises ``CredentialError``."""
        ...

    def clear(self, site: str | None = None) -> tuple[str, ...]:
        """Remove what is kept for one site or all, re-read to prove it, and name the places."""
        ...

    def where(self, site: str, field: str) -> str:
        """Say in words where a secret is kept; empty when it is not."""
        ...

    def on_clear(self, forget: Callable[[], None]) -> None:
        """Have ``forget`` called when secrets are cleared: for cookies and sessions in memory."""
        ...

    def describe(self) -> str:
        """Say in a sentence which place new secrets go to, and why."""
        ...

    def secrets(self) -> tuple[Secret, ...]:
        """Return every secret value at hand, for finding where else they are written."""
        ...

    def kept(self) -> tuple[Kept, ...]:
        """List every secret at hand by site, field and backend; never a value."""
        ...
