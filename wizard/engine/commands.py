"""What front ends may ask of a runner, carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wizard import figures
from wizard.credentials.secret import Secret
from wizard.engine.logs import Masker
from wizard.engine.remote.protocol import (
    Answer,
    AnyCommand,
    ClearLogins,
    KeepLogin,
    LimitRate,
    Pause,
    Reply,
    Resume,
    Retry,
    Stop,
)
from wizard.engine.snapshots import Vitals
from wizard.engine.table import TaskTable
from wizard.engine.tasks import Task
from wizard.errors import UsageError
from wizard.steps.step import Answerable

_PUBLIC = frozenset({"accepted_by", "user", "path", "choice"})
"""Fields of answers that are no secrets."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What commands act on."""

    table: TaskTable
    vitals: Vitals
    masker: Masker
    stop: Callable[[], None]


def carry_out(controls: Controls, command: AnyCommand) -> Reply:
    """Do what is asked; raises ``WizardError`` when it cannot be done."""
    match command:
        case Pause(archive=archive):
            return _pause(controls, archive)
        case Resume(archive=archive):
            return _resume(controls, archive)
        case Retry(address=address):
            return _retry(controls.table, address)
        case LimitRate(rate=rate):
            controls.table.install.rate.change(rate)
            return Reply(ok=True, text=f"limited to {figures.rate(rate)}" if rate else "no limit")
        case Answer():
            return _answer(controls, command)
        case KeepLogin():
            return _keep_login(controls, command)
        case ClearLogins(site=site):
            places = controls.table.install.vault.clear(site or None)
            return Reply(ok=True, text=f"cleared {figures.count(len(places), 'secret')}")
        case Stop():
            controls.stop()
            return Reply(ok=True, text="stopping; what is finished stays")


def _pause(controls: Controls, archive: str) -> Reply:
    table = controls.table
    if archive:
        table.hold(_fetching(table, archive))
    else:
        with table.lock:
            controls.vitals.paused = True
            table.cancel(tuple(table.runs))
    return Reply(ok=True, text=f"paused {archive or 'everything'}")


def _resume(controls: Controls, archive: str) -> Reply:
    table = controls.table
    with table.lock:
        table.let_go(_fetching(table, archive) if archive else table.held)
        if not archive:
            controls.vitals.paused = False
    return Reply(ok=True, text=f"going on with {archive or 'everything'}")


def _retry(table: TaskTable, address: str) -> Reply:
    if address:
        _task(table, address)
    count = table.retry(address)
    if not count:
        return Reply(ok=True, text="nothing has failed" if not address else "it has not failed")
    return Reply(ok=True, text=f"trying {figures.count(count, 'step')} again")


def _answer(controls: Controls, answer: Answer) -> Reply:
    task = _task(controls.table, answer.address)
    if not isinstance(task.step, Answerable):
        raise UsageError(f"{answer.address} asks for nothing")
    text = task.step.answer(_given(controls, answer.values))
    controls.table.look_again(task.address)
    return Reply(ok=True, text=text)


def _keep_login(controls: Controls, login: KeepLogin) -> Reply:
    """Keep it, and have whatever waits for this site look again."""
    table = controls.table
    sites = {site.id: site for site in table.install.recipe.sites}
    if login.site not in sites:
        raise UsageError(f"no site of this install is called {login.site}")
    given = _given(controls, login.values)
    places = [table.install.vault.put(login.site, *each) for each in given.items()]
    for task in table.tasks.values():
        if task.request is not None and task.request.site == login.site:
            table.look_again(task.address)
    return Reply(ok=True, text=f"the login of {sites[login.site].title} is kept in {places[-1]}")


def _given(controls: Controls, values: dict[str, str]) -> dict[str, Secret]:
    """Return what a person gave, kept out of the log from now on."""
    given = {name: Secret(value) for name, value in values.items()}
    for name, value in given.items():
        if name not in _PUBLIC:
            controls.masker.learn(value)
    return given


def _task(table: TaskTable, address: str) -> Task:
    if address not in table.tasks:
        raise UsageError(
            f"there is no step {address}", hint="segwizard status lists the steps by address"
        )
    return table.tasks[address]


def _fetching(table: TaskTable, archive: str) -> list[str]:
    ending = f"/fetch:{archive}"
    found = [each for each in table.tasks if each == archive or each.endswith(ending)]
    if not found:
        raise UsageError(f"no archive of this install is called {archive}")
    return found
