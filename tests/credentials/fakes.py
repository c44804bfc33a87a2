"""A vault in memory for tests of what uses one."""

from __future__ import annotations

from collections.abc import Callable

from wizard.credentials.secret import Secret
from wizard.credentials.vault import Kept


class MemoryVault:
    """Follows ``wizard.credentials.vault.Vault``."""

    def __init__(self, **secrets: dict[str, str]) -> None:
        self.values = {
            (site, name): Secret(value)
            for site, fields in secrets.items()
            for name, value in fields.items()
        }
        self.forgetters: list[Callable[[], None]] = []

    def get(self, site: str, field: str) -> Secret | None:
        return self.values.get((site, field))

    def has(self, site: str, field: str) -> bool:
        return (site, field) in self.values

    def put(self, site: str, field: str, secret: Secret) -> str:
        self.values[site, field] = secret
        return "memory"

    def clear(self, site: str | None = None) -> tuple[str, ...]:
        for forget in self.forgetters:
            forget()
        gone = [key for key in self.values if site in (None, key[0])]
        for key in gone:
            del self.values[key]
        return tuple(f"{name} of {owner}" for owner, name in gone)

    def where(self, site: str, field: str) -> str:
        return "memory" if self.has(site, field) else ""

    def on_clear(self, forget: Callable[[], None]) -> None:
        self.forgetters.append(forget)

    def describe(self) -> str:
        return "Secrets are kept in memory."

    def secrets(self) -> tuple[Secret, ...]:
        return ()

    def kept(self) -> tuple[Kept, ...]:
        return tuple(
            Kept(site=site, field=name, backend="memory", since=0.0) for site, name in self.values
        )
