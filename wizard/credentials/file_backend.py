"""The last backend: a file only its owner can read, used after an explicit typed yes."""

from __future__ import annotations

import json
import os
import stat
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wizard.credentials.secret import Secret
from wizard.errors import CredentialError, UsageError, reason_of
from wizard.files import make_folder, write_whole
from wizard.foreign import open_foreign
from wizard.state.table import state_folder

YES = "yes"
"""What a person has to type, in full."""


_LARGEST = 1 << 20


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
