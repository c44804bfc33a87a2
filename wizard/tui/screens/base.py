"""What screens share: the bridge to the runner, help, the way back, and the first run."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar, cast

from textual.app import ComposeResult
from textual.binding import Binding, BindingType
from textual.widgets import Static

from wizard import figures
from wizard.engine.remote.protocol import Event, Retry
from wizard.errors import WizardError
from wizard.tui.bridge import Bridge
from wizard.tui.modals import ConfirmModal
from wizard.tui.shell import Shell
from wizard.tui.whole import WholeScreen
from wizard.tui.widgets.keyline import KeyLine, TopLine
from wizard.views import Snapshot

_SAID = 4.0
"""Seconds a sentence stays."""
_LOOK = "Only look around"
_GO_ON = """\
Nothing runs now, and looking changes nothing. Going on fetches, unpacks and makes \
what is missing, and removes archives it has no more use for, unless they are kept."""
BACK = Binding("escape", "app.go_back", "Back", tooltip="Go back; nothing is lost")
PLACES = ("Collection", "Destination", "Datasets", "Plan", "Requests", "Terms", "Reading")
"""The pages of the first run, in order."""


class Page(WholeScreen[None]):
    """A full screen with help of its own."""

    HELP: ClassVar[str] = ""
    """Markdown shown by ``?``."""
    BINDINGS: ClassVar[list[BindingType]] = []

    @property
    def wizard(self) -> Shell:
        """The app, typed."""
        return cast(Shell, self.app)

    def say(self, text: str, tone: str = "$text", seconds: float = _SAID) -> None:
        """Say a sentence for a few seconds, above the keys, where it covers no figures."""
        if not self.is_mounted:
            # Said to a page that was only just opened: it has no line for it yet.
            self.call_after_refresh(self.say, text, tone, seconds)
            return
        for line in self.query(KeyLine):
            line.say(text, tone, seconds)

    def go_to(self, address: str) -> None:
        """Show a dataset, or one step of it; pages that show none stay as they are."""


class LivePage(Page):
    """A screen that follows a runner while it is in front."""

    @property
    def bridge(self) -> Bridge:
        """The bridge to the open install."""
        bridge = self.wizard.bridge
        if bridge is None:
            message = "no install is open"
            raise RuntimeError(message)
        return bridge

    def on_mount(self) -> None:
        """Listen."""
        self.bridge.sampled.subscribe(self, self._sampled)
        self.bridge.logged.subscribe(self, self.heard)
        self.bridge.lost.subscribe(self, self.trouble)

    def on_screen_resume(self) -> None:
        """Catch up after another screen was in front."""
        if self.bridge.snapshot is not None:
            self.call_after_refresh(self.show, self.bridge.snapshot)

    def show(self, snapshot: Snapshot) -> None:
        """Draw what changed."""
        raise NotImplementedError

    def heard(self, events: tuple[Event, ...]) -> None:
        """Something happened; most screens need not care."""

    def trouble(self, text: str) -> None:
        """The runner cannot be reached (or can again, when empty)."""

    @property
    def at_rest(self) -> bool:
        """Whether the install is only looked at: nobody works on it, and something is left."""
        seen = self.bridge.snapshot
        return seen is not None and not seen.running and not seen.complete

    def ask_start(self, dataset: str, no: Callable[[], None] | None = None) -> None:
        """Go on with an install that rests, once that was said to be meant."""

        def answered(sure: bool | None) -> None:
            if sure:
                self.app.run_worker(self.wizard.start(dataset), group="start", exclusive=True)
            elif sure is False and no is not None:
                no()

        modal = ConfirmModal("Go on with this install?", _GO_ON, yes="Go on", no=_LOOK, safe=True)
        self.app.push_screen(modal, answered)

    def ask_retry(self) -> None:
        """Try everything that failed again, once that was said to be meant."""
        snapshot = self.bridge.snapshot
        failed = sum(step.state == "failed" for step in snapshot.steps) if snapshot else 0
        if not failed:
            self.say("Nothing failed.")
            return
        ask = f"Try {figures.count(failed, 'failed step')} again? What is done stays."
        modal = ConfirmModal("Retry", ask, yes="Try again", no="Not now", safe=True)
        self.app.push_screen(modal, self._retry)

    def _retry(self, sure: bool | None) -> None:
        if sure:
            self.run_worker(self._send_retry(), group="retry", exclusive=True)

    async def _send_retry(self) -> None:
        self.wizard.tell(await self.bridge.ask(Retry()))

    def _sampled(self, snapshot: Snapshot) -> None:
        # Before a page has its size, rows have no width; it is shown what is new once it has.
        if self.is_current and self.opened:
            self.show(snapshot)


class FirstRunPage(Page):
    """One page of the first run; what is chosen stays in the app's ``Setup``."""

    PLACE: ClassVar[str] = ""
    ASK: ClassVar[str] = ""
    """The question of the page, in one line."""
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("enter", "next", "Next", priority=True, tooltip="Go on to the next page"),
        BACK,
    ]

    def compose(self) -> ComposeResult:
        """Top line, question, body, footer."""
        place = PLACES.index(self.PLACE) + 1
        yield TopLine(f"New install, {self.PLACE.lower()}", f"step {place} of {len(PLACES)}")
        yield Static(self.ASK, classes="ask", markup=False)
        yield from self.body()
        yield Static("", classes="fault", markup=False)
        yield KeyLine()

    def body(self) -> ComposeResult:
        """What the page is about."""
        yield from ()

    def fault(self, error: WizardError | None) -> None:
        """Say why it cannot go on yet, and what to do; None takes it back."""
        line = self.query_one(".fault", Static)
        line.display = error is not None
        if error is not None:
            said = [part.rstrip(".") for part in (error.message, error.hint) if part]
            line.update("".join(f"{part[:1].upper()}{part[1:]}. " for part in said).rstrip())

    @property
    def calm(self) -> bool:
        """Whether nothing stands in the way of going on."""
        return not self.query_one(".fault").display

    def action_next(self) -> None:
        """Keep what is chosen and go on."""
