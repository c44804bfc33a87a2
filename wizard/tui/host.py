"""What the screens ask of the app; tests put a stand-in here."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from wizard.engine.remote.protocol import Reply
from wizard.views import Snapshot

if TYPE_CHECKING:
    # The app brings the engine, which is imported behind the first frame.
    from wizard.app.bringing import OpenRequest
    from wizard.app.outcome import LastPage
    from wizard.app.planning import Disk, OpenTerms
    from wizard.app.sessions import Session
    from wizard.app.sources import SourceRow
    from wizard.recipes.model import Recipe, Site
    from wizard.steps.planned import Plan


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

    def terms(self, plan: Plan) -> tuple[OpenTerms, ...]:
        """Return the terms of a plan that nobody accepted yet."""
        ...

    def open_requests(self, plan: Plan) -> tuple[OpenRequest, ...]:
        """Return what a person has still to give for a plan; may look into the keyring."""
        ...

    def sources(self, recipe: Recipe) -> tuple[SourceRow, ...]:
        """Return every archive of a collection with its addresses; none is asked."""
        ...

    def ask_sources(
        self, rows: tuple[SourceRow, ...], told: Callable[[], None]
    ) -> tuple[SourceRow, ...]:
        """Ask every address; ``told`` is called by other threads at each answer."""
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

    def add(self, session: Session, recipe: Recipe, plan: Plan) -> Session:
        """Begin with more datasets where a session is open; raises ``WizardError``."""
        ...

    def look(self, dest: Path) -> Session:
        """Open an install as it lies on disk, or join its runner; nothing is started."""
        ...

    def reopen(self, dest: Path) -> Session:
        """Open an install and start or join its runner; raises ``WizardError``."""
        ...

    def last_page(self, session: Session, snapshot: Snapshot) -> LastPage:
        """Return what there is to say of an install whose steps are done; ``WizardError``."""
        ...

    def test_login(self, session: Session, site: Site) -> Reply:
        """Log in at a site with what is kept for it, and say how that went."""
        ...

    def detach(self, session: Session) -> Reply:
        """Hand the work to a runner that outlives the terminal."""
        ...
