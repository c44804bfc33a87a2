"""What front ends may ask of a runner, carried out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from wizard import figures
from wizard.credentials.secret import Secret
from wizard.engine.board import Board
from wizard.engine.link import (
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
from wizard.engine.logs import Masker
from wizard.engine.slots import Slot
from wizard.engine.snapshots import Vitals
from wizard.engine.step import Answerable
from wizard.errors import UsageError

_PUBLIC = frozenset({"accepted_by", "user", "path", "choice"})
"""Fields of answers that are no secrets."""


@dataclass(frozen=True, slots=True)
class Controls:
    """What commands act on."""

    board: Board
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
            return _retry(controls.board, address)
        case LimitRate(rate=rate):
            controls.board.install.rate.turn(rate)
            return Reply(ok=True, text=f"limited to {figures.rate(rate)}" if rate else "no limit")
        case Answer():
            return _answer(controls, command)
        case KeepLogin():
            return _keep_login(controls, command)
        case ClearLogins(site=site):
            places = controls.board.install.vault.clear(site or None)
            return Reply(ok=True, text=f"cleared {figures.count(len(places), 'secret')}")
        case Stop():
            controls.stop()
            return Reply(ok=True, text="stopping; what is finished stays")


def _pause(controls: Controls, archive: str) -> Reply:
    board = controls.board
    with board.lock:
        if archive:
            slots = _fetching(board, archive)
            for slot in slots:
                slot.held = True
        else:
            slots = list(board.slots.values())
            controls.vitals.paused = True
        board.cancel(slots)
    return Reply(ok=True, text=f"paused {archive or 'everything'}")


def _resume(controls: Controls, archive: str) -> Reply:
    board = controls.board
    with board.changed:
        slots = _fetching(board, archive) if archive else list(board.slots.values())
        for slot in slots:
            slot.held = False
        if not archive:
            controls.vitals.paused = False
        board.changed.notify_all()
    return Reply(ok=True, text=f"going on with {archive or 'everything'}")


def _retry(board: Board, address: str) -> Reply:
    if address:
        _slot(board, address)
    count = board.retry(address)
    if not count:
        return Reply(ok=True, text="nothing has failed" if not address else "it has not failed")
    return Reply(ok=True, text=f"trying {figures.count(count, 'step')} again")


def _answer(controls: Controls, answer: Answer) -> Reply:
    slot = _slot(controls.board, answer.address)
    if not isinstance(slot.step, Answerable):
        raise UsageError(f"{answer.address} asks for nothing")
    text = slot.step.answer(_given(controls, answer.values))
    controls.board.look_again(slot)
    return Reply(ok=True, text=text)


def _keep_login(controls: Controls, login: KeepLogin) -> Reply:
    """Keep it, and have whatever waits for this site look again."""
    board = controls.board
    sites = {site.id: site for site in board.install.recipe.sites}
    if login.site not in sites:
        raise UsageError(f"no site of this install is called {login.site}")
    given = _given(controls, login.values)
    places = [board.install.vault.put(login.site, *each) for each in given.items()]
    for slot in board.slots.values():
        if slot.need is not None and slot.need.site == login.site:
            board.look_again(slot)
    return Reply(ok=True, text=f"the login of {sites[login.site].title} is kept in {places[-1]}")


def _given(controls: Controls, values: dict[str, str]) -> dict[str, Secret]:
    """Return what a person gave, kept out of the log from now on."""
    given = {name: Secret(value) for name, value in values.items()}
    for name, value in given.items():
        if name not in _PUBLIC:
            controls.masker.learn(value)
    return given


def _slot(board: Board, address: str) -> Slot:
    if address not in board.slots:
        raise UsageError(
            f"there is no step {address}", hint="segwizard status lists the steps by address"
        )
    return board.slots[address]


def _fetching(board: Board, archive: str) -> list[Slot]:
    ending = f"/fetch:{archive}"
    slots = [s for s in board.slots.values() if s.address == archive or s.address.endswith(ending)]
    if not slots:
        raise UsageError(f"no archive of this install is called {archive}")
    return slots
