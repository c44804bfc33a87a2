"""An install: a plan bound to a place, its settings and its secrets."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol, TypeVar, runtime_checkable

from wizard.credentials.vault import Vault
from wizard.errors import DestinationError, reason_of
from wizard.files import dangling_link, make_folder
from wizard.progress import RateDial
from wizard.recipes.model import Recipe
from wizard.state.shards import ArrayPart
from wizard.steps.planned import Plan
from wizard.steps.step import Place
from wizard.transfer.inbox import inbox_folder
from wizard.workers.executors import Wish

T = TypeVar("T")


@runtime_checkable
class Closable(Protocol):
    """Something that lets go of what it holds."""

    def close(self) -> None:
        """Let go."""
        ...


class Shared:
    """Keeps one object of a class for all steps of an install; safe from many threads."""

    def __init__(self) -> None:
        self._made: dict[type[object], object] = {}
        # What is made may ask for more: the steps of an install share its gateway.
        self._lock = threading.RLock()

    def get(self, kind: type[T], make: Callable[[], T]) -> T:
        """Return the install's object of ``kind``, made by ``make`` at the first call."""
        with self._lock:
            made = self._made.get(kind)
            if not isinstance(made, kind):
                made = self._made[kind] = make()
            return made

    def close(self) -> None:
        """Close what was made and can be closed; the next ``get`` makes it anew."""
        with self._lock:
            made = tuple(self._made.values())
            self._made.clear()
        for each in made:
            if isinstance(each, Closable):
                each.close()


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


def prepare_places(install: Install) -> None:
    """Make the inbox and every folder the document puts archives in.

    A dataset whose folder is a link that leads nowhere is passed over: its own steps say so.
    Raises ``DestinationError`` when the destination cannot be written to.
    """
    dest, recipe = install.place.dest, install.recipe
    chosen = {dataset.id for dataset in install.plan.datasets}
    folders = [inbox_folder(dest)]
    for dataset in recipe.datasets:
        if dataset.id in chosen:
            places = (recipe.archive_place(dataset, each) for each in dataset.archives)
            folders += [(dest / place).parent for place in places]
    try:
        for folder in folders:
            if not dangling_link(folder):
                make_folder(folder)
    except OSError as error:
        raise DestinationError(
            f"a folder cannot be made: {reason_of(error)}",
            where=str(error.filename),
            hint="choose a destination you may write to, or mend its permissions",
        ) from None
