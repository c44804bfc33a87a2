"""The wizard on screen: opens installs, moves between screens, leaves without harm."""

from __future__ import annotations

import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import ClassVar

from textual.app import App
from textual.binding import Binding, BindingType
from textual.driver import Driver
from textual.reactive import var
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender

from wizard.engine.crews import prepare_processes
from wizard.engine.link import Reply
from wizard.errors import UsageError
from wizard.tui import browser, clipboard, crash
from wizard.tui.bridge import Bridge
from wizard.tui.canvas import Canvas, Described, listen, question, understood
from wizard.tui.choices import Choices
from wizard.tui.commands import WizardCommands
from wizard.tui.departure import Departure
from wizard.tui.glyphs import plain_terminal
from wizard.tui.host import Host, Session
from wizard.tui.modals.jump import JumpModal
from wizard.tui.screens.base import Page
from wizard.tui.themes import THEMES, first_theme, no_colours

SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class PlainBars(ScrollBarRender):
    """Scroll bars without block signs."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


class WizardApp(App[int]):
    """Holds the open install and the keys that work everywhere; screens do the rest."""

    TITLE = "segwizard"
    CSS_PATH = "styles.tcss"
    COMMANDS = {WizardCommands}
    ENABLE_COMMAND_PALETTE = True
    HORIZONTAL_BREAKPOINTS = [
        (0, "-narrow"),
        (100, "-wide"),
    ]
    VERTICAL_BREAKPOINTS = [(0, "-short"), (32, "-tall")]
    BINDINGS: ClassVar[list[BindingType]] = [
        Binding("question_mark", "help", "Help", key_display="?", tooltip="Help on this screen"),
        Binding("q", "leave", "Quit", tooltip="Leave; asks first when work runs"),
        Binding("f1", "help", "Help", show=False),
        Binding("ctrl+q", "leave", "Quit", show=False, priority=True),
    ]
    canvas = var(Canvas())
    """What pictures are drawn with: half blocks until the terminal says more."""
    listening: bool = False
    """Whether the terminal's answers are told from keys, so that it can be asked."""

    def __init__(
        self, host: Host | None = None, *, dest: Path | None = None, collection: str = ""
    ) -> None:
        # Without colours the toolkit would turn the terminal's own into greys: black on black.
        super().__init__(ansi_color=no_colours() or None)
        for theme in THEMES:
            self.register_theme(theme)
        # A theme named by TEXTUAL_THEME is looked up before it is registered; begin from a known
        # one, so that choosing ours is a change.
        self.set_reactive(App.theme, "textual-dark")
        self._host = host
        self.choices = Choices(dest=dest, collection=collection)
        self.session: Session | None = None
        self.bridge: Bridge | None = None
        self.departure = Departure(self)

    @property
    def host(self) -> Host:
        """What opens installs; the first call imports the engine, which takes a moment."""
        if self._host is None:
            from wizard.tui.engine_host import EngineHost

            self._host = EngineHost()
        return self._host

    @property
    def open_session(self) -> Session:
        """The open install."""
        if self.session is None:
            message = "no install is open"
            raise RuntimeError(message)
        return self.session

    @property
    def _background_screens(self) -> list[Screen[object]]:
        """The screens that shine through: only below a modal.

        The toolkit counts the screen below in any case, and draws all of both at every change.
        """
        return super()._background_screens if self.screen.is_modal else []

    def on_mount(self) -> None:
        """Theme, signals, and the first screen."""
        self.theme = first_theme()
        if plain_terminal():
            self.add_class("-ascii")
            ScrollBar.renderer = PlainBars
        self._catch_signals()
        self._first_screen()

    def open(self, session: Session) -> None:
        """Follow an install from now on."""
        self.close_bridge()
        self.session = session
        self.departure.forget()
        self.bridge = Bridge(self, session.link)
        self.bridge.sampled.subscribe(self, self.departure.watch)
        self.bridge.start()

    def close_bridge(self) -> None:
        """Stop following."""
        if self.bridge is not None:
            self.bridge.close()

    def tell(self, reply: Reply, done: str = "") -> None:
        """Say how a command was taken: ``done``, or what the runner says of it."""
        if reply.ok:
            self.notify(done or reply.text, timeout=4)
        else:
            self.notify(". ".join(filter(None, (reply.text, reply.hint))), severity="warning")

    def copy_text(self, text: str) -> None:
        """Copy, keep the same text in a file, and say where."""
        if not text:
            self.notify("There is nothing to copy here.", severity="warning", timeout=4)
            return
        self.copy_to_clipboard(text)
        path = clipboard.keep(text)
        also = f"\nAlso in {path}" if path else ""
        self.notify(f"Copied, if your terminal allows it.{also}", timeout=8)

    def copy_to_clipboard(self, text: str) -> None:
        """Ask the terminal to take the text, through tmux and screen as well."""
        self._clipboard = text
        driver: Driver | None = self._driver
        sequence = clipboard.osc52(text)
        if driver is not None and sequence:
            driver.write(sequence)

    def open_page(self, page: str) -> None:
        """Open a page in a browser if this machine has one; show its address in any case."""
        if not page:
            self.notify("There is no page to open here.", severity="warning", timeout=4)
            return
        clipboard.keep(page)
        said = "Opening" if browser.opened(page) else browser.ELSEWHERE
        self.notify(f"{said}\n{page}", timeout=12)

    def look(self, dataset: str) -> None:
        """Open the label preview."""
        from wizard.tui.screens.preview import PreviewPage

        self.push_screen(PreviewPage(dataset))

    def find_canvas(self) -> None:
        """Ask the terminal what it can show; it answers when it likes, among the keys."""
        driver: Driver | None = self._driver
        asked = question(driver) if self.listening else ""
        if driver is not None and asked and self.canvas == Canvas():
            self.canvas = understood("")
            driver.write(asked)

    def on_described(self, message: Described) -> None:
        """The terminal answered."""
        self.canvas = understood(message.said)

    def action_go_back(self) -> None:
        """The screen before this one."""
        if len(self.screen_stack) > 2:
            self.pop_screen()

    def action_activity(self) -> None:
        """Everything that runs and failed."""
        from wizard.tui.screens.activity import ActivityPage

        self.push_screen(ActivityPage())

    def action_log(self) -> None:
        """What happened so far."""
        from wizard.tui.screens.log import LogPage

        self.push_screen(LogPage())

    def action_credentials(self) -> None:
        """Logins."""
        from wizard.tui.screens.credentials import CredentialsPage

        self.push_screen(CredentialsPage())

    def action_jump(self) -> None:
        """Go to a dataset by name."""
        if self.bridge is not None and self.bridge.snapshot is not None:
            self.push_screen(JumpModal(self.bridge.snapshot.datasets), self._jumped)

    def action_help(self) -> None:
        """Help on the screen in front."""
        from wizard.tui.modals.help import HelpModal

        if isinstance(self.screen, Page):
            self.push_screen(HelpModal(self.screen.HELP, self.screen.active_bindings))

    def action_help_quit(self) -> None:
        """Ctrl+C never ends anything; this says what does."""
        self.notify("Press q to quit. Ctrl+C stops nothing.", timeout=5)

    def action_leave(self) -> None:
        """Leave at once when nothing runs, else ask what should become of the work."""
        self.departure.begin()

    def finish(self, code: int) -> None:
        """Hang up and end with an exit code."""
        self.close_bridge()
        self.exit(code, return_code=code)

    def _jumped(self, dataset: str | None) -> None:
        from wizard.tui.screens.wizard import WizardPage

        if dataset and isinstance(self.screen, WizardPage):
            self.screen.go_to(dataset)

    def _first_screen(self) -> None:
        from wizard.tui.screens.opening import OpeningPage

        self.push_screen(OpeningPage())

    def _catch_signals(self) -> None:
        """End cleanly on SIGTERM and SIGHUP: the toolkit alone leaves the terminal in disorder."""
        import asyncio

        loop = asyncio.get_running_loop()
        for number in SIGNALS:
            with contextlib.suppress(NotImplementedError, RuntimeError, ValueError):
                loop.add_signal_handler(number, self.finish, 128 + number)

    def _fatal_error(self) -> None:
        """Show where it broke, never what the variables held: they may be secrets."""
        self.bell()
        self._exit_renderables.append(crash.report())
        self._close_messages_no_wait()


def run(host: Host | None = None, *, dest: Path | None = None, collection: str = "") -> int:
    """Open the wizard on screen and return the exit code.

    Raises ``UsageError`` without a terminal: the toolkit would draw into a file for ever.
    """
    if not (sys.stdin.isatty() and sys.__stderr__ is not None and sys.__stderr__.isatty()):
        raise UsageError(
            "the wizard on screen needs a terminal",
            hint="use segwizard run --plain, or segwizard --help for single commands",
        )
    if os.environ.get("TERM") == "dumb":
        raise UsageError("this terminal cannot draw a screen", hint="use segwizard run --plain")
    # Helpers of worker processes cannot be started once the toolkit has taken over stderr.
    prepare_processes()
    app = WizardApp(host, dest=dest, collection=collection)
    app.listening = listen()
    code = app.run()
    if app.departure.farewell:
        sys.stderr.write(f"{app.departure.farewell}\n")
    return code if code is not None else (app.return_code or 0)
