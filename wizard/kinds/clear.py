"""The finishing step that clears credentials and says what it could not know of."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from wizard.credentials.leftovers import Published, find_leftovers
from wizard.credentials.secret import Secret
from wizard.credentials.vault import Vault
from wizard.findings import FailureGroup
from wizard.kinds.fetching.proofs import record_path
from wizard.kinds.kind import Kind
from wizard.recipes.step_table import StepTable
from wizard.state.store import Store
from wizard.state.table import CLEARED
from wizard.steps.install import Install
from wizard.steps.planned import PlannedStep
from wizard.steps.step import Probe, Resource, StepContext


class ClearCredentials(StepTable, frozen=True, kw_only=True, tag="clear-credentials"):
    """Remove every stored credential and cookie, and prove they are gone."""


class ClearedRecord(msgspec.Struct, frozen=True, kw_only=True):
    """When credentials were cleared, and from where."""

    moment: float
    """Seconds since the epoch."""
    places: tuple[str, ...]


_STORE = Store(CLEARED, ClearedRecord)


@dataclass(frozen=True, slots=True)
class ClearStored:
    """Removes every stored secret, cookie and session, and proves it by reading again."""

    address: str
    dataset: str
    title: str
    kind: str
    dependencies: tuple[str, ...]
    vault: Vault
    dest: Path
    record: Path
    published: Published
    wanted: bool
    """False when the person chose to keep what is stored."""
    told: frozenset[str] = frozenset()
    """Answers of a rehearsal: shown on the page that asks for them, they are no secrets."""
    resource: Resource = "instant"

    def probe(self) -> Probe:
        """Done when it was cleared and nothing has been stored since."""
        if not self.wanted:
            return Probe("done", unit="secrets", detail="kept, as you chose")
        left = sum(entry.backend != "environment" for entry in self.vault.kept())
        if left or _STORE.read(self.record) is None:
            return Probe("todo", 0, left, "secrets")
        return Probe("done", unit="secrets", detail="nothing is stored")

    def run(self, context: StepContext) -> None:
        """Clear; raises ``CredentialError`` naming what is left."""
        if not self.wanted:
            return
        known = self.vault.secrets()
        secrets = tuple(each for each in known if each.reveal() not in self.told)
        places = self.vault.clear()
        context.counter.unit = "secrets"
        context.counter.advance(len(places))
        context.failures += self._remarks(secrets)
        cleared = ClearedRecord(moment=time.time(), places=places)
        _STORE.write(self.record, cleared)

    def _remarks(self, secrets: tuple[Secret, ...]) -> list[FailureGroup]:
        """Name what is not ours to clear: variables of the shell, files of other scripts."""
        given = tuple(
            self.vault.where(entry.site, entry.field)
            for entry in self.vault.kept()
            if entry.backend == "environment" and entry.field != "user"
        )
        found = find_leftovers([self.dest], secrets, self.published)
        left = tuple(f"{item.path}: {item.what}" for item in found)
        remarks = (
            ("given-from-outside", given, "unset the variable in your shell and its start files"),
            ("left-by-other-scripts", left, "run: segwizard credentials clear --leftovers FOLDER"),
        )
        return [
            FailureGroup(cause=cause, count=len(found), hint=hint, examples=found, fatal=False)
            for cause, found, hint in remarks
            if found
        ]


def _build(planned: PlannedStep, install: Install) -> ClearStored:
    """Make the clearing step of a collection."""
    from wizard.kinds.unpacking.published import published_files

    return ClearStored(
        address=planned.address,
        dataset=planned.dataset,
        title=planned.title,
        kind=planned.kind,
        dependencies=planned.dependencies,
        vault=install.vault,
        dest=install.place.dest,
        record=record_path(install.place.state, planned.address),
        published=published_files(install).holds,
        wanted=install.settings.clear_credentials,
        told=frozenset(
            answer
            for dataset in install.recipe.datasets
            for archive in dataset.archives
            for answer in archive.access.rehearsal.values()
        ),
    )


KINDS = (
    Kind(
        table=ClearCredentials,
        word="Clear logins",
        title="Clear stored credentials",
        role="clear",
        build=_build,
    ),
)
