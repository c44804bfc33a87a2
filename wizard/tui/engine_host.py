"""The host of real installs: recipes, plans, runners in this process or in the background."""

from __future__ import annotations

import time
from pathlib import Path

import platformdirs

from wizard.credentials.ladder import Ladder
from wizard.engine.detach import Orders, start_detached
from wizard.engine.follow import Follower
from wizard.engine.install import Install, Settings
from wizard.engine.link import Reply, RunnerLink
from wizard.engine.opening import Choices, open_install, remembered, usable_workers
from wizard.engine.remote import RemoteLink, attach
from wizard.engine.runner import Runner
from wizard.engine.serve import door_at
from wizard.errors import LeaseError, UsageError, WizardError
from wizard.files import write_whole
from wizard.plan.known import known_here
from wizard.plan.model import Plan
from wizard.plan.planner import make_plan
from wizard.plan.preflight import check_destination
from wizard.recipes.loader import load, names
from wizard.recipes.model import Recipe, Site
from wizard.recipes.site import apply_site, load_site
from wizard.transfer.sites import try_login
from wizard.tui.host import Disk, Session, look_at_disk

_MOMENT = 0.3
MAIN = "mseg"
"""The collection that is offered first."""


class EngineHost:
    """Opens installs for the screens."""

    def __init__(self, *, site: Path | None = None, settings: Settings | None = None) -> None:
        self._site = site
        self._settings = settings or Settings(workers=usable_workers())

    def collections(self) -> tuple[Recipe, ...]:
        """Every collection there is a recipe for, the main one first."""
        ordered = sorted(names(), key=lambda name: (name != MAIN, name))
        site = load_site(self._site)
        return tuple(apply_site(load(name), site) for name in ordered)

    def plan(self, recipe: Recipe, dest: Path, only: tuple[str, ...]) -> Plan:
        """Plan the chosen datasets."""
        keep, have = self._settings.keep_archives, known_here(recipe)
        return make_plan(recipe, dest, only=only, keep=keep, have=have)

    def check(self, plan: Plan) -> None:
        """Refuse a destination that cannot take the plan."""
        check_destination(plan, Path(plan.dest), self._settings.workers)

    def disk(self, dest: Path) -> Disk:
        """Look at a destination."""
        return look_at_disk(dest)

    def last_dest(self) -> Path | None:
        """Where the last install went, if it is still there."""
        try:
            dest = Path(_recent().read_text(encoding="utf-8").strip())
        except (OSError, UnicodeDecodeError):
            return None
        return dest if dest.is_absolute() and dest.is_dir() else None

    def find(self, dest: Path) -> bool:
        """Whether an install lives there."""
        return remembered(dest) is not None

    def begin(self, recipe: Recipe, plan: Plan) -> Session:
        """Start a new install."""
        chosen = tuple(dataset.id for dataset in plan.datasets) if plan.left_out else ()
        choices = Choices(
            collection=recipe.id,
            dest=Path(plan.dest),
            only=chosen,
            site=self._site,
            settings=self._settings,
        )
        return self._run(choices)

    def reopen(self, dest: Path) -> Session:
        """Join the runner of an install, or start one."""
        choices = remembered(dest)
        if choices is None:
            raise UsageError("no install is here", where=str(dest), hint="choose another folder")
        link = attach(dest)
        if link is None:
            try:
                return self._run(choices)
            except LeaseError:
                # Another terminal may have been quicker by a moment; its door opens in another.
                time.sleep(_MOMENT)
                link = attach(dest)
                if link is None:
                    raise
        return self._watch(choices, link)

    def test_login(self, session: Session, site: Site) -> Reply:
        """Log in at a site with what is kept for it."""
        try:
            return Reply(ok=True, text=try_login(site, session.vault))
        except WizardError as error:
            return Reply(ok=False, text=error.message, hint=error.hint)

    def detach(self, session: Session) -> Reply:
        """Stop the runner in this process and start one that outlives it."""
        choices = remembered(session.dest)
        if choices is None:
            return Reply(ok=False, text="the install's own file is gone", hint="stay, or stop now")
        handed = session.vault.handover() if isinstance(session.vault, Ladder) else b""
        session.link.close()
        try:
            orders = Orders(state=choices.state(), keep=choices.state(), handed=handed)
            start_detached(session.dest, orders, sites=session.recipe.sites).close()
        except WizardError as error:
            return Reply(ok=False, text=error.message, hint=error.hint)
        return Reply(ok=True)

    def _run(self, choices: Choices) -> Session:
        choices.dest.mkdir(parents=True, exist_ok=True)
        install = open_install(choices)
        runner = Runner(install, state=choices.state(), door=door_at(choices.dest))
        runner.start()
        note = "The last run was cut off. What was finished is kept." if runner.cut_off else ""
        return _session(install, runner, note=note)

    def _watch(self, choices: Choices, line: RemoteLink) -> Session:
        """Follow a runner in another process."""
        install = open_install(choices)
        return _session(install, Follower(install, line), background=True)


def _session(
    install: Install, link: RunnerLink, *, background: bool = False, note: str = ""
) -> Session:
    dest = install.place.dest
    _remember(dest)
    return Session(
        install.recipe, install.plan, dest, link, install.vault, background=background, note=note
    )


def _recent() -> Path:
    return platformdirs.user_state_path("segwizard") / "recent"


def _remember(dest: Path) -> None:
    """Note where the last install went; a state folder that cannot be written is no fault."""
    try:
        write_whole(_recent(), f"{dest.absolute()}\n".encode(), mode=0o600)
    except OSError:
        return
