"""The wizard on screen: opens installs, moves between pages, leaves without harm."""

from __future__ import annotations

import asyncio
import contextlib
import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, ClassVar, cast

from textual.app import App
from textual.binding import Binding, BindingType
from textual.events import Event, Key
from textual.screen import Screen
from textual.scrollbar import ScrollBar, ScrollBarRender
from textual.widgets import Input

from wizard import environment
from wizard.errors import LeaseError, UsageError, WizardError
from wizard.harmless import harmless_line
from wizard.tui import crash
from wizard.tui.canvas import Described, listen, understood
from wizard.tui.commands import JumpModal, WizardCommands
from wizard.tui.crash import in_thread
from wizard.tui.departure import Departure
from wizard.tui.glyphs import plain_terminal
from wizard.tui.host import Host
from wizard.tui.modals import HelpModal
from wizard.tui.screens.base import Page
from wizard.tui.screens.opening import HeldPage, OpeningPage
from wizard.tui.shell import PageName, Setup, Shell
from wizard.tui.themes import THEMES, first_theme, no_colours
from wizard.tui.widgets.field import TypingGuard

if TYPE_CHECKING:
    from wizard.app.sessions import Session

_FIRST = 2
"""Screens up to the first page, the opening counted."""
_CATCH_UP = 0.3
"""Seconds a widget may take for the keys before an Enter; it may wait for the app itself."""
SIGNALS = (signal.SIGTERM, signal.SIGHUP)


class PlainBars(ScrollBarRender):
    """Scroll bars without block signs."""

    VERTICAL_BARS: ClassVar[list[str]] = [" "] * 8
    HORIZONTAL_BARS: ClassVar[list[str]] = [" "] * 8


class WizardApp(Shell):
    """Holds the open install and the keys that work everywhere; pages do the rest."""

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
        Binding("ctrl+z", "suspend_process", show=False, priority=True, tooltip="To the shell"),
        Binding("ctrl+l", "redraw", "Redraw", show=False, tooltip="Write the screen anew"),
    ]

    def __init__(
        self, host: Host | None = None, *, dest: Path | None = None, collection: str = ""
    ) -> None:
        # Without colours the toolkit would turn the terminal's own into greys: black on black.
        super().__init__(ansi_color=no_colours() or None)
        for theme in THEMES:
            self.register_theme(theme)
        # Chosen before anything is styled, so that the styles are read once for the first frame.
        self._styled_for = first_theme()
        self.set_reactive(App.theme, self._styled_for)
        self.stylesheet.set_variables(self.get_css_variables())
        self._host = host
        self.setup = Setup(dest=dest, collection=collection)
        self.departure = Departure(self)
        self._guard = TypingGuard()

    @property
    def host(self) -> Host:
        """What opens installs; the first call imports the engine, which takes a moment."""
        if self._host is None:
            # Imported behind the first frame, as ``tests/benchmarks/screen.py`` measures it.
            from wizard.app import app

            self._host = app.App()
        return self._host

    @property
    def _background_screens(self) -> list[Screen[object]]:
        """The screens that shine through: only below a modal.

        The toolkit counts the screen below in any case, and draws all of both at every change.
        """
        return super()._background_screens if self.screen.is_modal else []

    def get_default_screen(self) -> Screen[object]:
        """The opening: the first screen there is."""
        return cast(Screen[object], OpeningPage())

    def refresh_css(self, animate: bool = True) -> None:
        """Read the styles anew for other colours alone; the toolkit asks as it starts as well."""
        if self.theme != self._styled_for:
            self._styled_for = self.theme
            super().refresh_css(animate)

    def on_mount(self) -> None:
        """Signs, signals."""
        if plain_terminal():
            self.add_class("-ascii")
            ScrollBar.renderer = PlainBars
        self._catch_signals()
        self.app_resume_signal.subscribe(self, lambda _: self.action_redraw())

    def follow(self, session: Session) -> None:
        """Follow an install from now on, and notice when its work ends elsewhere.

        One that was opened while the program was ending is only known, for the exit code.
        """
        if not self.is_running:
            self.session = session
            return
        super().follow(session)
        self.departure.forget()
        if self.bridge is not None:
            self.bridge.sampled.subscribe(self, self.departure.watch)

    def go(self, page: PageName, subject: str = "") -> None:
        """Open a page over this one."""
        # Imported behind the first frame, as ``tests/benchmarks/screen.py`` measures it.
        from wizard.tui.pages import PAGES

        if self.is_running:
            self.push_screen(PAGES[page](subject))

    def show_step(self, address: str) -> None:
        """Show a dataset, or one step of it, where the page in front can."""
        if isinstance(self.screen, Page):
            self.screen.go_to(address)

    async def on_event(self, event: Event) -> None:
        """Keep text that was typed ahead from acting as commands."""
        if isinstance(event, Key) and not event.is_forwarded:
            field = isinstance(self.focused, Input)
            if self._guard.takes(event, in_field=field):
                self.say("Dropped what was typed after the field had closed.")
                return
            if event.key == "enter":
                await self._caught_up()
        await super().on_event(event)

    async def _caught_up(self) -> None:
        """Let the focused widget take the keys before an Enter that a page answers itself.

        Keys of a page come first, and would find a text half typed or a list not yet moved.
        """
        taken = asyncio.Event()
        if self.focused is not None and self.focused.call_later(taken.set):
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(taken.wait(), _CATCH_UP)

    def say(self, text: str, tone: str = "$text", seconds: float = 4.0) -> None:
        """Say a sentence on the page in front, for some seconds."""
        pages = [screen for screen in self.screen_stack if isinstance(screen, Page)]
        if pages:
            pages[-1].say(text, tone, seconds)

    async def look_around(self) -> None:
        """Open the install used last, or begin a new one."""
        # The engine is imported only now, behind the first frame.
        host = await in_thread(lambda: self.host)
        await in_thread(_prepare_processes)
        # What was imported stays: looking through it for garbage would cost keys 0.1 s each time.
        gc.freeze()
        self.setup.known = await in_thread(host.collections)
        dest = self.setup.dest or await in_thread(host.last_dest)
        if (
            dest is not None
            and not self.setup.collection
            and await in_thread(lambda: host.find(dest))
        ):
            await self.reopen(dest)
            return
        self._begin()

    async def reopen(self, dest: Path) -> None:
        """Show an install as it is; nothing is started. A fault is said and leads to a new one."""
        if session := await self._opened(dest, self.host.look):
            self.follow(session)
            self.go("resume")

    async def start(self, dataset: str | None = None) -> None:
        """Go on with the open install: pages that look at it as it lay are closed."""
        dest = self.open_session.dest
        self.close_bridge()
        while len(self.screen_stack) > _FIRST - 1:
            await self.pop_screen()
        if session := await self._opened(dest, self.host.reopen):
            self.follow(session)
            self.go("resume")
            if dataset is not None:
                self.go("wizard", dataset)
            if session.note:
                self.say(session.note, seconds=8)

    async def _opened(self, dest: Path, opener: Callable[[Path], Session]) -> Session | None:
        try:
            return await in_thread(lambda: opener(dest))
        except LeaseError as error:
            self.push_screen(HeldPage(dest, error))
        except WizardError as error:
            said = ". ".join(filter(None, (str(error), error.hint)))
            self._begin()
            self.call_after_refresh(self.say, said, "$text-error", 20)
        return None

    def _begin(self) -> None:
        """Ask for a collection, unless one was named."""
        self.go("collections")
        named = [recipe for recipe in self.setup.known if recipe.id == self.setup.collection]
        if named:
            self.setup.choose(named[0])
            self.go("destination")

    def on_resize(self) -> None:
        """Take nothing for shown: terminals move things about."""
        self.forget_cells()

    def action_redraw(self) -> None:
        """Write the whole screen anew, where something else wrote into it."""
        self.forget_cells()
        self.screen.refresh()

    def on_described(self, message: Described) -> None:
        """The terminal answered."""
        self.canvas = understood(message.said)

    def action_go_back(self) -> None:
        """The screen before this one."""
        if len(self.screen_stack) > _FIRST:
            self.pop_screen()
        else:
            self.say("This is the first page; q quits.")

    def action_activity(self) -> None:
        """Everything that runs and failed."""
        self.go("activity")

    def action_log(self) -> None:
        """What happened so far."""
        self.go("log")

    def action_credentials(self) -> None:
        """Logins."""
        self.go("credentials")

    def action_sources(self) -> None:
        """Where every archive comes from."""
        self.go("sources")

    def action_jump(self) -> None:
        """Go to a dataset by name."""
        if self.bridge is not None and self.bridge.snapshot is not None:
            self.push_screen(JumpModal(self.bridge.snapshot.datasets), self._jumped)

    def action_help(self) -> None:
        """Help on the screen in front."""
        if isinstance(self.screen, Page):
            self.push_screen(HelpModal(self.screen.HELP, self.screen.active_bindings))

    def action_help_quit(self) -> None:
        """Ctrl+C never ends anything; this says what does."""
        self.say("Press q to quit. Ctrl+C stops nothing.")

    def action_leave(self) -> None:
        """Leave at once when nothing runs, else ask what should become of the work."""
        self.departure.begin()

    def _jumped(self, dataset: str | None) -> None:
        if dataset:
            self.show_step(dataset)

    def _catch_signals(self) -> None:
        """End cleanly on SIGTERM and SIGHUP: the toolkit alone leaves the terminal in disorder."""
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
            hint="use segwizard --plain, or segwizard --help for single commands",
        )
    if environment.variable("TERM") == "dumb":
        raise UsageError("this terminal cannot draw a screen", hint="use segwizard --plain")
    app = WizardApp(host, dest=dest, collection=collection)
    app.listening = listen()
    code = app.run()
    if app.departure.farewell:
        sys.stderr.write(f"{harmless_line(app.departure.farewell)}\n")
    ended = code if code is not None else (app.return_code or 0)
    return ended or _ended_early(app.session)


def _prepare_processes() -> None:
    """Start what forks the workers, so that a runner can begin at once."""
    # Imported behind the first frame: two processes of Python's own cost as much as half of it.
    from wizard.app.opening import prepare_processes

    prepare_processes()


def _ended_early(session: Session | None) -> int:
    """Return the exit code of a run that a fault of ours or another runner ended, else 0."""
    if session is None:
        return 0
    # A session is there, so the engine behind it is loaded.
    from wizard.app.outcome import ended_early

    return ended_early(session) or 0
