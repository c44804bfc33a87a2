"""The finishing step that clears credentials and says what it could not know of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wizard.credentials.leftovers import find_leftovers
from wizard.credentials.vault import Vault
from wizard.engine.install import Install
from wizard.engine.kinds.proofs import record_path
from wizard.engine.step import Lane, Probe, StepContext
from wizard.engine.views import FailureGroup
from wizard.errors import RecipeError
from wizard.files import write_whole
from wizard.plan.model import PlannedStep
from wizard.recipes.steps import ClearCredentials


class Cleared(msgspec.Struct, frozen=True, kw_only=True):
    """When credentials were cleared, and from where."""

    version: int = 1
    moment: float
    """Seconds since the epoch."""
    places: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class ClearStored:
    """Removes every stored secret, cookie and session, and proves it by reading again."""

    address: str
    dataset: str
    title: str
    kind: str
    needs: tuple[str, ...]
    vault: Vault
    dest: Path
    record: Path
    wanted: bool
    """False when the person chose to keep what is stored."""
    lane: Lane = "instant"

    def probe(self) -> Probe:
        """Done when it was cleared and nothing has been stored since."""
        if not self.wanted:
            return Probe("done", unit="secrets", detail="kept, as you chose")
        left = sum(entry.rung != "environment" for entry in self.vault.kept())
        if left or not self.record.exists():
            return Probe("todo", 0, left, "secrets")
        return Probe("done", unit="secrets", detail="nothing is stored")

    def run(self, context: StepContext) -> None:
        """Clear; raises ``CredentialError`` naming what is left."""
        if not self.wanted:
            return
        places = self.vault.clear()
        context.counter.unit = "secrets"
        context.counter.advance(len(places))
        context.failures += self._remarks()
        cleared = Cleared(moment=time.time(), places=places)
        write_whole(self.record, msgspec.json.format(msgspec.json.encode(cleared), indent=2))

    def _remarks(self) -> list[FailureGroup]:
        """Name what is not ours to clear: variables of the shell, files of other scripts."""
        given = tuple(
            self.vault.where(entry.site, entry.field)
            for entry in self.vault.kept()
            if entry.rung == "environment" and entry.field != "user"
        )
        left = tuple(f"{item.path}: {item.what}" for item in find_leftovers([self.dest]))
        remarks = (
            ("given from outside", given, "unset the variable in your shell and its start files"),
            ("left by other scripts", left, "run: segwizard credentials clear --leftovers FOLDER"),
        )
        return [
            FailureGroup(cause=cause, count=len(found), hint=hint, examples=found, fatal=False)
            for cause, found, hint in remarks
            if found
        ]


def build_clear(planned: PlannedStep, install: Install) -> ClearStored:
    """Make the clearing step of a collection."""
    if not isinstance(planned.spec, ClearCredentials):
        raise RecipeError("is no clear-credentials step", where=planned.address)
    return ClearStored(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        needs=planned.needs,
        vault=install.vault,
        dest=install.place.dest,
        record=record_path(install.place.state, planned.address),
        wanted=install.settings.clear_credentials,
    )
