"""The list of what is kept where: site and field names, never a value.

A keyring cannot list its entries, so without this list neither ``credentials list`` nor
``clear --all`` could know what to look for.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import msgspec

from wizard.credentials.places import index_path
from wizard.errors import CredentialError, reason_of
from wizard.files import locked
from wizard.state.store import Store
from wizard.state.table import KEPT_SECRETS

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
        return cls(index_path())

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
