"""What screens share: the bridge to the runner, help, and the way back."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, cast

from textual.binding import Binding, BindingType
from textual.screen import Screen

from wizard.engine.link import Event
from wizard.engine.views import Snapshot

if TYPE_CHECKING:
    from wizard.tui.app import WizardApp
    from wizard.tui.bridge import Bridge

BACK = Binding("escape", "app.go_back", "Back", tooltip="Go back; nothing is lost")


class Page(Screen[None]):
    """A full screen with help of its own."""

    HELP: ClassVar[str] = ""
    """Markdown shown by ``?``."""
    BINDINGS: ClassVar[list[BindingType]] = []

    @property
    def wizard(self) -> WizardApp:
        """The app, typed."""
        from wizard.tui.app import WizardApp

        return cast(WizardApp, self.app)


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

    def _sampled(self, snapshot: Snapshot) -> None:
        if self.is_current:
            self.show(snapshot)
