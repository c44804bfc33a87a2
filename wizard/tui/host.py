"""What the screens ask of the rest of the house; tests put a stand-in here."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from wizard.credentials.vault import Vault
from wizard.engine.link import Reply, RunnerLink
from wizard.plan.model import Plan
from wizard.plan.volume import existing, volume
from wizard.recipes.model import Recipe, Site


@dataclass(frozen=True, slots=True)
class Disk:
    """What a folder's file system can take; sizes in bytes."""

    free: int
    inodes: int | None
    """Free inodes; None where the file system does not count them."""
    kind: str
    """Such as ``ext4`` or ``nfs4``; empty when unknown."""
    network: bool
    problem: str = ""
    """Why the folder cannot be used; empty when it can."""


@dataclass(frozen=True, slots=True)
class Session:
    """One open install."""

    recipe: Recipe
    plan: Plan
    dest: Path
    link: RunnerLink
    vault: Vault
    background: bool = False
    """Whether its runner lives in another process."""
    note: str = ""
    """What to tell of the run before this one."""


class Host(Protocol):
    """Opens plans, installs and stores for the screens. Calls may take seconds."""

    def collections(self) -> tuple[Recipe, ...]:
        """Every collection there is a recipe for, the main one first."""
        ...

    def plan(self, recipe: Recipe, dest: Path, only: tuple[str, ...]) -> Plan:
        """Plan the chosen datasets; raises ``WizardError``."""
        ...

    def check(self, plan: Plan) -> None:
        """Refuse a destination that cannot take the plan: ``DestinationError``."""
        ...

    def disk(self, dest: Path) -> Disk:
        """Look at a destination that may not exist yet."""
        ...

    def last_dest(self) -> Path | None:
        """Where the last install went."""
        ...

    def find(self, dest: Path) -> bool:
        """Whether an install, begun or finished, lives there."""
        ...

    def begin(self, recipe: Recipe, plan: Plan) -> Session:
        """Write the install down and start its runner; raises ``WizardError``."""
        ...

    def reopen(self, dest: Path) -> Session:
        """Open an install and start or join its runner; raises ``WizardError``."""
        ...

    def test_login(self, session: Session, site: Site) -> Reply:
        """Log in at a site with what is kept for it, and say how that went."""
        ...

    def detach(self, session: Session) -> Reply:
        """Hand the work to a runner that outlives the terminal."""
        ...


def look_at_disk(dest: Path) -> Disk:
    """Free space, inodes and kind of the file system a destination is or would be on."""
    problem = _problem(dest, existing(dest))
    try:
        room = volume(dest)
    except OSError as error:
        return Disk(0, None, "", network=False, problem=error.strerror or str(error))
    problem = "the file system is mounted read-only" if room.read_only else problem
    return Disk(room.free_bytes, room.free_files, room.kind, room.network, problem)


def _problem(dest: Path, place: Path) -> str:
    if dest.exists() and not dest.is_dir():
        return "that is a file, not a folder"
    if not place.is_dir():
        return f"{place} is not a folder"
    if not os.access(place, os.W_OK | os.X_OK):
        return f"you may not write in {place}"
    return ""
