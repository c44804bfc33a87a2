"""The app: everything that needs to know by which site file, settings and vault a person goes.

The screen keeps one for as long as it is open, a command makes one for itself. Calls may take
seconds; none of them draws, prints or asks.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType

from wizard.app import machine
from wizard.app.bringing import OpenRequest, open_requests
from wizard.app.opening import (
    Choices,
    VaultOpener,
    again_line,
    asked_for,
    found,
    open_begun,
    open_install,
    reach,
    remembered,
    to_remember,
    usable_workers,
)
from wizard.app.outcome import LastPage, Outcome, last_page, outcome
from wizard.app.planning import (
    Disk,
    OpenTerms,
    Outlook,
    here_in,
    is_begun,
    judge,
    look_at_disk,
    open_terms,
    outlook,
    stand_of,
)
from wizard.app.sessions import Resting, Session, at_work, join, session_of, stop, take_part
from wizard.app.sources import SourceRow, ask_sources, source_board
from wizard.credentials.chain import BackendChain
from wizard.credentials.vault import Vault
from wizard.engine.remote.client import RemoteLink, attach, told_by_runner
from wizard.engine.remote.detach import Orders, start_detached
from wizard.engine.remote.follow import Follower
from wizard.engine.remote.protocol import Reply
from wizard.engine.remote.server import server_at
from wizard.engine.runner import Runner
from wizard.engine.survey import RecentLook, built_steps, survey
from wizard.errors import DestinationError, LeaseError, UsageError, WizardError
from wizard.kinds.fetching.gateway import gateway_of
from wizard.kinds.registry import load_recipe
from wizard.kinds.sharding.whole import shard_steps
from wizard.recipes.loader import names
from wizard.recipes.model import Recipe, Site
from wizard.recipes.site import apply_site, load_site
from wizard.state.shards import Shard
from wizard.steps.install import Install, Settings
from wizard.steps.planned import Plan
from wizard.steps.step import Probe
from wizard.transfer.archive_cache import ArchiveCache
from wizard.transfer.logins.sites import try_login
from wizard.views import Snapshot
from wizard.workers.pools import check_scheduler

MAIN = "mseg"
"""The collection that is offered first."""
_TIME_LIMIT = 10.0
"""Seconds a runner in this process is given to put down what it holds."""
_MOMENT = 0.3
"""Seconds another terminal may be quicker by in starting a runner."""


def _usual_settings() -> Settings:
    return Settings(workers=usable_workers())


@dataclass(frozen=True, slots=True)
class App:
    """What a person can ask for before and around a run."""

    site: Path | None = None
    """Site file; None for the one that is found, or that of an install."""
    settings: Settings = field(default_factory=_usual_settings)
    vault: VaultOpener | None = None
    """Opens something else than the person's own vault, as for a demo."""
    cache: Path | None = None
    """Another list of archives on this machine than the person's own."""
    offered: tuple[str, ...] = ()
    """The collections there are to choose from; empty for all."""
    looks: RecentLook = field(default_factory=RecentLook, compare=False, repr=False)
    """What planning saw, which beginning need not look at again."""

    def collections(self) -> tuple[Recipe, ...]:
        """Every collection there is a recipe for, the main one first."""
        ordered = sorted(self.offered or names(), key=lambda name: (name != MAIN, name))
        site = load_site(self.site)
        return tuple(apply_site(load_recipe(name), site) for name in ordered)

    def choose(
        self, collection: str, dest: Path, only: tuple[str, ...] = (), without: tuple[str, ...] = ()
    ) -> Choices:
        """Return choices in full: with the site file of the last run unless another is given.

        Without a collection they are those of the install at ``dest``, its datasets included;
        raises ``UsageError`` where none is.
        """
        if not collection:
            before = found(dest.expanduser().absolute())
            collection = before.collection
            only, without = (only, without) if only or without else (before.only, before.without)
        return asked_for(Choices(collection, dest, only, without, self.site, self.settings))

    def outlook(self, choices: Choices) -> Outlook:
        """Plan and judge: sizes, hours, waits, and whether the destination takes it."""
        return outlook(choices, looks=self.looks)

    def plan(self, recipe: Recipe, dest: Path, only: tuple[str, ...]) -> Plan:
        """Plan the chosen datasets; raises ``WizardError``."""
        return outlook(self.choose(recipe.id, dest, only), judged=False, looks=self.looks).plan

    def check(self, plan: Plan) -> None:
        """Refuse a destination that cannot take the plan: ``DestinationError``."""
        refusal = outlook(self.of_plan(plan), looks=self.looks).refusal
        if refusal is not None:
            raise refusal

    def terms(self, plan: Plan) -> tuple[OpenTerms, ...]:
        """Return the terms of a plan a person has still to accept."""
        return () if self.settings.accept_terms else open_terms(plan)

    def open_requests(self, plan: Plan) -> tuple[OpenRequest, ...]:
        """Return what a person has still to give before archives of a plan can be fetched."""
        return open_requests(open_install(self.of_plan(plan), vault=self.vault))

    def sources(self, recipe: Recipe) -> tuple[SourceRow, ...]:
        """Return every archive of a collection with its addresses; none is asked."""
        return source_board(recipe)

    def ask_sources(
        self, rows: tuple[SourceRow, ...], told: Callable[[], None]
    ) -> tuple[SourceRow, ...]:
        """Ask every address for the head of its file, without logins; ``told`` at each answer."""
        return ask_sources(rows, told=lambda _: told())

    def disk(self, dest: Path) -> Disk:
        """Look at a destination that may not exist yet."""
        return look_at_disk(dest)

    def last_dest(self) -> Path | None:
        """Where the last install went, if it is still there."""
        return machine.last_dest()

    def find(self, dest: Path) -> bool:
        """Whether an install, begun or finished, lives there."""
        return remembered(dest) is not None

    def status(self, dest: Path, collection: str = "") -> Snapshot:
        """Return how an install stands; raises ``WizardError`` when nothing is known of it."""
        dest = dest.expanduser()
        reach(dest)
        seen = told_by_runner(dest)
        return seen or survey(open_begun(found(dest, collection, self.site)))

    def begin(self, recipe: Recipe, plan: Plan) -> Session:
        """Begin what was planned, or add it to what is there; raises ``WizardError``."""
        return self.run(self.of_plan(plan))

    def add(self, session: Session, recipe: Recipe, plan: Plan) -> Session:
        """Begin with more datasets where a session is open; what it works on is taken up again.

        Raises ``WizardError``, as when the runner of another terminal cannot be stopped from here.
        """
        if session.runner is not None:
            session.stop(_TIME_LIMIT)
        elif session.background and not session.over:
            stop(session.dest)
        session.link.close()
        return self.begin(recipe, plan)

    def ready(self, choices: Choices) -> Session:
        """Open an install to be run in this process; what was chosen before stays part of it.

        ``Session.start`` begins; a finished one where nobody may write is at rest, and stays so.
        Raises ``DestinationError`` when the destination cannot take what is left.
        """
        install, seen = self._opened(choices)
        try:
            notes = judge(install, here_in(seen)).notes
        except DestinationError:
            if seen is None or outcome(seen) is not Outcome.COMPLETE:
                raise
            return session_of(install, Resting(seen), again=again_line(choices))
        keep = to_remember(choices, install.recipe)
        runner = Runner(install, state=keep.state(), server=server_at(choices.dest))
        private = self.cache is not None
        return session_of(install, runner, again=again_line(choices), notes=notes, private=private)

    def ready_shard(self, choices: Choices, shard: Shard, wait: float = 0.0) -> Session:
        """Join the array that works on an install and open one shard's part, to be run here.

        ``wait`` is for how many seconds to wait for shards that are not at work; 0: ``GRACE``.
        Raises ``LeaseError`` where somebody else works on the install, or on this part of it.
        """
        install = open_install(choices, vault=self.vault)
        keep = to_remember(choices, install.recipe)
        part, lease = take_part(install.place, shard, "run", wait)
        try:
            mine = shard_steps(replace(install, part=part))
            runner = Runner(mine.install, steps=mine.steps, state=keep.state(), lease=lease)
        except BaseException:
            lease.release()
            raise
        again = f"{again_line(choices)} --shard {shard}"
        return session_of(mine.install, runner, again=again)

    def run(self, choices: Choices) -> Session:
        """Start a runner in this process; raises as ``ready`` and ``Session.start`` do."""
        session = self.ready(choices)
        session.start()
        note = "The last run was cut off. What was finished is kept." if session.cut_off else ""
        return replace(session, note=note)

    def look(self, dest: Path) -> Session:
        """Open an install as it lies on disk, or join the runner at work; nothing is started.

        Raises ``LeaseError`` when a runner out of reach works on it, other ``WizardError``s when
        nothing can be opened.
        """
        choices = remembered(dest)
        if choices is None:
            raise UsageError("no install is here", where=str(dest), hint="choose another folder")
        if at_work(dest):
            return self._watch(choices, join(dest))
        install = open_install(choices, vault=self.vault)
        return session_of(install, Resting(survey(install)), again=again_line(choices))

    def reopen(self, dest: Path) -> Session:
        """Join the runner of an install, or start one; raises ``WizardError``."""
        choices = remembered(dest)
        if choices is None:
            raise UsageError("no install is here", where=str(dest), hint="choose another folder")
        link = attach(dest)
        if link is None:
            try:
                return self.run(choices)
            except LeaseError:
                # Another terminal may have been quicker by a moment; its server opens in another.
                time.sleep(_MOMENT)
                link = attach(dest)
                if link is None:
                    raise
        return self._watch(choices, link)

    def launch(self, choices: Choices) -> tuple[Session, str]:
        """Start a runner that outlives this process; returns it and who it is, in words."""
        install, stands = self._opened(choices)
        notes = judge(install, here_in(stands)).notes
        keep = to_remember(choices, install.recipe)
        seen = built_steps(install).take()
        link = _leave(choices, keep, install.vault, install.recipe, seen)
        follower = Follower(install, link)
        session = session_of(install, follower, again=again_line(choices), notes=notes)
        return session, follower.snapshot().runner

    def detach(self, session: Session) -> Reply:
        """Hand the work to a runner that outlives the terminal."""
        if self.cache is not None:
            hint = "stay, or stop now; segwizard demo --dest goes on with what is there"
            return Reply(ok=False, text="a rehearsal lives as long as its terminal", hint=hint)
        choices = remembered(session.dest)
        if choices is None:
            return Reply(ok=False, text="the install's own file is gone", hint="stay, or stop now")
        session.link.close()
        try:
            _leave(choices, choices, session.vault, session.recipe).close()
        except WizardError as error:
            return Reply(ok=False, text=error.message, hint=error.hint)
        return Reply(ok=True)

    def last_page(self, session: Session, snapshot: Snapshot) -> LastPage:
        """Return what there is to say of an install whose steps are done; reads records only."""
        return last_page(session, snapshot)

    def test_login(self, session: Session, site: Site) -> Reply:
        """Log in at a site with what is kept for it, and say how that went."""
        try:
            return Reply(ok=True, text=try_login(site, session.vault))
        except WizardError as error:
            return Reply(ok=False, text=error.message, hint=error.hint)

    def of_plan(self, plan: Plan) -> Choices:
        """Return the choices a plan was made from; raises ``UsageError``."""
        chosen = tuple(dataset.id for dataset in plan.datasets) if plan.left_out else ()
        return self.choose(plan.collection, Path(plan.dest), chosen)

    def _opened(self, choices: Choices) -> tuple[Install, Snapshot | None]:
        """Open the install, check that the cluster is there, and look at what is on disk."""
        install = open_install(choices, vault=self.vault)
        if self.cache is not None:
            gateway_of(install).cache = ArchiveCache(self.cache)
        if choices.settings.executor == "dask":
            check_scheduler(choices.settings.scheduler)
        if not is_begun(install):
            return install, None
        stands = stand_of(install, self.looks)
        self.looks.forget()
        return install, stands

    def _watch(self, choices: Choices, link: RemoteLink) -> Session:
        """Follow a runner in another process."""
        install = open_install(choices, vault=self.vault)
        machine.remember_dest(choices.dest)
        return session_of(install, Follower(install, link), again=again_line(choices))


def _leave(
    choices: Choices,
    keep: Choices,
    vault: Vault,
    recipe: Recipe,
    seen: Mapping[str, Probe] = MappingProxyType({}),
) -> RemoteLink:
    """Start a runner in a process of its own, handing it the secrets only this one holds.

    ``seen`` is what the disk has just said of each step, so that it need not look again.
    """
    handed = vault.handover() if isinstance(vault, BackendChain) else b""
    orders = Orders(state=choices.state(), keep=keep.state(), handed=handed, seen=dict(seen))
    return start_detached(choices.dest, orders, sites=recipe.sites)
