"""Choosing: what a person asks for, what they asked for before, and the install of it.

Nothing here writes; see ``app.app`` for what begins.
"""

from __future__ import annotations

import errno
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path

from wizard.credentials.chain import open_vault
from wizard.credentials.vault import Vault
from wizard.engine.journal import InstallState, read_install, read_recipe
from wizard.errors import DestinationError, UsageError, reason_of
from wizard.kinds.registry import load_recipe, recipe_of_tables
from wizard.plan.planner import chosen, make_plan
from wizard.progress import RateDial
from wizard.recipes.loader import anywhere, is_file
from wizard.recipes.model import Recipe
from wizard.recipes.site import apply_site, load_site
from wizard.recipes.site_model import SiteLimits
from wizard.state.shards import MOST, Shard, parse_shard, part_of_whole
from wizard.state.store import check_versions
from wizard.state.table import state_folder
from wizard.steps.install import Install, Settings
from wizard.steps.step import Place
from wizard.workers.executors import MANY, Wish
from wizard.workers.pools import prepare_processes

__all__ = [
    "MANY",
    "MOST",
    "Choices",
    "Settings",
    "Shard",
    "VaultOpener",
    "Wish",
    "again_line",
    "asked_for",
    "choices_of",
    "found",
    "open_begun",
    "open_install",
    "parse_shard",
    "prepare_processes",
    "reach",
    "refuse_file",
    "remembered",
    "to_remember",
    "usable_workers",
    "within",
]

_WORKERS_AT_MOST = 61
"""What Windows waits for at once, and more than a disk keeps up with elsewhere."""


@dataclass(frozen=True, slots=True)
class Choices:
    """What a person asked for."""

    collection: str
    dest: Path
    only: tuple[str, ...] = ()
    without: tuple[str, ...] = ()
    site: Path | None = None
    settings: Settings = field(default_factory=Settings)

    def state(self) -> InstallState:
        """Return the choices as they are written down."""
        return InstallState(
            collection=self.collection,
            only=self.only,
            without=self.without,
            site=str(self.site.absolute()) if self.site else "",
            settings=self.settings,
        )

    def added_to(self, before: Choices | None, recipe: Recipe) -> Choices:
        """Return these choices widened by what was chosen at the destination before.

        Setting up one dataset now and another later makes an install of both; naming a dataset in
        ``without`` takes it out again.
        """
        if before is None or before.collection != self.collection:
            return self
        out = {each.id for each in recipe.datasets}
        out -= {each.id for each in chosen(recipe, without=self.without)}
        mine = {each.id for each in chosen(recipe, self.only, self.without)}
        known = {each.id for each in chosen(recipe, before.only, before.without)} - out
        both = tuple(each.id for each in recipe.datasets if each.id in mine | known)
        return replace(self, only=both if len(both) < len(recipe.datasets) else (), without=())


VaultOpener = Callable[[Recipe], Vault]


def open_install(choices: Choices, *, vault: VaultOpener | None = None) -> Install:
    """Return the install; nothing is written. Raises ``WizardError`` on any mistake."""
    dest = choices.dest.absolute()
    _check_text(dest)
    reach(dest)
    refuse_file(dest)
    check_versions(Place(dest=dest, root=dest).state, state_folder())
    site = load_site(choices.site)
    written = install_recipe(choices)
    recipe = apply_site(written, site)
    settings = within(choices.settings, site.limits)
    plan = make_plan(
        recipe, dest, only=choices.only, without=choices.without, keep=settings.keep_archives
    )
    return Install(
        place=Place(dest=dest, root=dest / recipe.root),
        recipe=recipe,
        plan=plan,
        settings=settings,
        vault=(vault or _usual_vault)(recipe),
        written=written,
        part=part_of_whole(Place(dest=dest, root=dest).state),
        rate=RateDial(settings.rate_limit),
    )


def install_recipe(choices: Choices) -> Recipe:
    """Return the recipe asked for, or the install's copy of it where its file is gone."""
    kept = None
    if is_file(choices.collection) and not Path(choices.collection).exists():
        place = Place(dest=choices.dest, root=choices.dest)
        kept = recipe_of_tables(read_recipe(place, choices.collection))
    return kept or load_recipe(choices.collection)


_NOTHING_THERE = frozenset({errno.ENOENT, errno.ENOTDIR})


def reach(dest: Path) -> None:
    """Refuse a destination that cannot even be looked at, as below a folder that is closed to us.

    Raises ``DestinationError``; one that is not there yet is fine.
    """
    try:
        dest.stat()
    except OSError as error:
        if error.errno not in _NOTHING_THERE:
            raise DestinationError(
                f"this folder is out of reach: {reason_of(error)}",
                where=str(dest),
                hint="check the path; mend the permissions above it, or choose another folder",
            ) from None


def refuse_file(dest: Path) -> None:
    """Raise ``DestinationError`` for a destination that is there but no folder."""
    if dest.exists() and not dest.is_dir():
        raise DestinationError(
            "this is a file, not a folder", where=str(dest), hint="choose a folder with --dest"
        )


def _check_text(dest: Path) -> None:
    """Refuse a path that is no text: the state of an install is written in UTF-8."""
    try:
        str(dest).encode()
    except UnicodeEncodeError:
        raise DestinationError(
            "this path is no UTF-8 text",
            where=ascii(str(dest)).strip("'"),
            hint="choose another --dest; where only the locale is at fault, set LC_ALL=C.UTF-8",
        ) from None


def within(settings: Settings, limits: SiteLimits) -> Settings:
    """Return the settings held to what the site allows; a rate of 0 is no limit."""
    rates = [rate for rate in (settings.rate_limit, limits.rate or 0) if rate]
    return replace(
        settings,
        rate_limit=min(rates, default=0),
        transfers=min(settings.transfers, limits.transfers or settings.transfers),
        per_host=min(settings.per_host, limits.per_host or settings.per_host),
    )


def remembered(dest: Path) -> Choices | None:
    """Return what was last asked for at a destination, or None when no install is there."""
    reach(dest)
    state = read_install(Place(dest=dest, root=dest))
    return None if state is None else choices_of(state, dest)


def choices_of(state: InstallState, dest: Path) -> Choices:
    """Return choices as they were written down."""
    return Choices(
        collection=state.collection,
        dest=dest,
        only=state.only,
        without=state.without,
        site=Path(state.site) if state.site else None,
        settings=state.settings,
    )


def asked_for(choices: Choices) -> Choices:
    """Return the choices with a full destination, and the site file of before unless one is given.

    The line to go on with is also pasted elsewhere, or read in a log.
    """
    dest, collection = choices.dest.expanduser().absolute(), anywhere(choices.collection)
    before, site = remembered(dest), choices.site
    if site is None and before is not None and before.collection == collection:
        site = before.site
    return replace(choices, collection=collection, dest=dest, site=site)


def to_remember(choices: Choices, recipe: Recipe) -> Choices:
    """Return what to write down of an install: these choices and those of before."""
    return choices.added_to(remembered(choices.dest), recipe)


def again_line(choices: Choices) -> str:
    """Return the command that goes on with an install."""
    words = ["segwizard", "run", choices.collection, "--dest", str(choices.dest)]
    words += [f"--only={','.join(choices.only)}"] if choices.only else []
    words += [f"--without={','.join(choices.without)}"] if choices.without else []
    return shlex.join(words)


def found(dest: Path, collection: str = "", site: Path | None = None) -> Choices:
    """Return what was asked for at ``dest``, or the whole of ``collection`` there.

    ``site`` replaces the site file of before.

    Raises ``UsageError`` when neither is known.
    """
    choices, collection = remembered(dest), anywhere(collection)
    if choices is not None and collection in ("", choices.collection):
        return replace(choices, site=site) if site else choices
    if not collection:
        raise UsageError(
            "no install is here",
            where=str(dest),
            hint="check --dest; name the collection too where it was unpacked by hand; or begin "
            "with: segwizard run COLLECTION --dest DIR",
        )
    return Choices(collection=collection, dest=dest, site=site)


def open_begun(choices: Choices) -> Install:
    """Return an install of which something is on disk, be it unpacked by hand.

    Raises ``UsageError`` when nothing is: then there is nothing to look at.
    """
    install = open_install(choices)
    recipe, place = install.recipe, install.place
    folders = (place.dest / recipe.base(each) / each.folder for each in recipe.datasets)
    if read_install(place) is None and not any(folder.exists() for folder in folders):
        begin = shlex.join(["segwizard", "run", recipe.id, "--dest", str(choices.dest)])
        raise UsageError(
            "no install is here",
            where=str(choices.dest),
            hint=f"check --dest, or begin with: {begin}",
        )
    return install


def usable_workers() -> int:
    """Return how many processors this process may use, at most 61."""
    try:
        cores = len(os.sched_getaffinity(0))
    except AttributeError:
        cores = os.cpu_count() or 1
    return max(1, min(cores, _WORKERS_AT_MOST))


def _usual_vault(recipe: Recipe) -> Vault:
    return open_vault(recipe.sites)
