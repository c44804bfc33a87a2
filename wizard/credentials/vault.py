"""Where secrets are kept: the protocol all backends of the chain follow."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from wizard.credentials.index import Kept
from wizard.credentials.secret import Secret


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
