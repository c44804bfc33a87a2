"""An install: a plan bound to a place, its settings and its secrets."""

from __future__ import annotations

from dataclasses import dataclass, field

from wizard.credentials.vault import Vault
from wizard.progress import RateDial
from wizard.recipes.model import Recipe
from wizard.state.shards import ArrayPart
from wizard.steps.planned import Plan
from wizard.steps.shared import Shared
from wizard.steps.step import Place
from wizard.workers.executors import Wish


@dataclass(frozen=True, slots=True)
class Settings:
    """How a run goes about it; none of it changes what the result is."""

    workers: int = 2
    executor: Wish = "auto"
    scheduler: str = ""
    """Address of a dask scheduler."""
    keep_archives: bool | None = None
    """None: as each archive of the recipe says."""
    rate_limit: int = 0
    """Bytes a second over all transfers; 0 is no limit."""
    transfers: int = 4
    """Archives at once."""
    per_host: int = 4
    """Connections to one host."""
    accept_terms: bool = False
    """Whether the person accepted every licence beforehand (``--yes``)."""
    clear_credentials: bool = True
    """Whether the finishing step clears what was stored."""


@dataclass(frozen=True, slots=True)
class Install:
    """What the builders of steps are given."""

    place: Place
    recipe: Recipe
    plan: Plan
    settings: Settings
    vault: Vault
    written: Recipe | None = None
    """The recipe without what a site file says: that is the person's own, and so may be what its
    addresses hold. None: as ``recipe``."""
    part: ArrayPart | None = None
    """What is known of the array of shards that works on it, or did before."""
    rate: RateDial = field(default_factory=RateDial)
    """Followed by the downloader; the runner turns it on ``LimitRate``."""
    shared: Shared = field(default_factory=Shared, repr=False, compare=False)
    """What steps have in common, such as the downloader and the sessions."""
