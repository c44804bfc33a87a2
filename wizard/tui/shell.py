"""What every page may rely on: the open install, the choices so far, and the way to other pages.

Pages know this base of the app and never each other; the app knows the pages by name.
"""

from __future__ import annotations

import base64
import contextlib
import sys
import webbrowser
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from rich.color import ColorSystem
from rich.console import RenderableType
from rich.style import Style
from textual._compositor import CompositorUpdate
from textual.app import App
from textual.driver import Driver
from textual.geometry import Offset, Region, Size
from textual.reactive import var
from textual.screen import Screen
from textual.strip import Strip

from wizard import environment
from wizard.app import machine
from wizard.engine.remote.protocol import Reply
from wizard.tui.bridge import Bridge
from wizard.tui.canvas import Canvas, question, understood
from wizard.tui.glyphs import plain_terminal
from wizard.tui.host import Host
from wizard.tui.painting import ShownCells, sequence

if TYPE_CHECKING:
    from wizard.app.bringing import OpenRequest
    from wizard.app.planning import OpenTerms
    from wizard.app.sessions import Session
    from wizard.credentials.secret import Secret
    from wizard.recipes.model import Recipe
    from wizard.steps.planned import Plan

_LONGEST = 74_000
"""Bytes of base64 most terminals take in one sequence; longer text goes to the file only."""
ELSEWHERE = "Open this page on your own computer; it is kept for segwizard show copied:"
"""What to say where no browser opens."""
_TO_READ = 10.0
"""Seconds for what takes a while to read, as an address."""
PageName = Literal[
    "collections",
    "destination",
    "datasets",
    "plan",
    "requests",
    "terms",
    "reading",
    "resume",
    "wizard",
    "activity",
    "log",
    "credentials",
    "preview",
    "finished",
    "sources",
]
"""Every page there is a way to."""


@dataclass(slots=True)
class Setup:
    """What a person chose on the way to a run, page by page; kept while they go back and forth."""

    dest: Path | None = None
    collection: str = ""
    known: tuple[Recipe, ...] = ()
    """Every collection there is to choose from."""
    recipe: Recipe | None = None
    only: tuple[str, ...] = ()
    """Chosen datasets; empty until somebody chose, which means all."""
    plan: Plan | None = None
    asked: dict[str, float] = field(default_factory=dict)
    """When licences were asked for, by dataset, seconds since the epoch."""
    terms: tuple[OpenTerms, ...] = ()
    """Terms of the plan that nobody accepted yet."""
    refused: set[str] = field(default_factory=set)
    """Steps whose terms were not accepted, by address."""
    signature: str = ""
    """Who accepts the others."""
    open_requests: tuple[OpenRequest, ...] = ()
    """What else only a person can give."""
    given: dict[str, dict[str, Secret]] = field(default_factory=dict)
    """What was given of it before the start, by address; kept in memory alone."""

    @property
    def after_requests(self) -> PageName:
        """The page that comes once the licences were shown."""
        return "terms" if self.terms else "reading"

    @property
    def signed(self) -> tuple[OpenTerms, ...]:
        """The terms that were accepted."""
        if not self.signature:
            return ()
        return tuple(each for each in self.terms if each.address not in self.refused)

    def choose(self, recipe: Recipe) -> None:
        """Take a collection; choices made for another one are dropped."""
        if self.recipe is None or self.recipe.id != recipe.id:
            self.only = ()
            self.plan = None
            self.refused = set()
            self.given = {}
        self.recipe = recipe
        self.collection = recipe.id


class Shell(App[int]):
    """The app as pages see it."""

    canvas = var(Canvas())
    """What pictures are drawn with: half blocks until the terminal says more."""
    listening: bool = False
    """Whether the terminal's answers are told from keys, so that it can be asked."""
    setup: Setup
    session: Session | None = None
    bridge: Bridge | None = None
    _cursor_at = Offset(-1, -1)

    @cached_property
    def _painting(self) -> ShownCells:
        return ShownCells(plain=plain_terminal())

    @property
    def host(self) -> Host:
        """What opens installs."""
        raise NotImplementedError

    @property
    def open_session(self) -> Session:
        """The open install."""
        if self.session is None:
            message = "no install is open"
            raise RuntimeError(message)
        return self.session

    def go(self, page: PageName, subject: str = "") -> None:
        """Open a page over this one; ``subject`` is the dataset or step it is about, if any."""
        raise NotImplementedError

    def show_step(self, address: str) -> None:
        """Show a dataset, or one step of it, where the page in front can."""
        raise NotImplementedError

    async def look_around(self) -> None:
        """Open the install used last, or begin a new one."""
        raise NotImplementedError

    async def start(self, dataset: str | None = None) -> None:
        """Go on with the open install, and show one of its datasets, or all."""
        raise NotImplementedError

    async def reopen(self, dest: Path) -> None:
        """Show an install that lives in a folder, or say why that cannot be."""
        raise NotImplementedError

    def follow(self, session: Session) -> None:
        """Follow an install from now on."""
        self.close_bridge()
        self.session = session
        self.bridge = Bridge(self, session.link)
        self.bridge.start()

    def close_bridge(self) -> None:
        """Stop following."""
        if self.bridge is not None:
            self.bridge.close()

    def forget_cells(self, region: Region | None = None) -> None:
        """Write these cells anew when they are drawn next: something else was drawn over them."""
        self._painting.forget(region)

    def _display(self, screen: Screen[object], renderable: RenderableType | None) -> None:
        """Write what changed of an update, and nothing when nothing did."""
        driver: Driver | None = self._driver
        update: object = renderable
        if driver is None or self.is_headless or not isinstance(update, CompositorUpdate):
            super()._display(screen, renderable)
            return
        if self._running and not (self._closed or self._batch_count):
            self._write_changes(driver, update, screen.outer_size)
        self.post_display_hook()

    def _write_changes(self, driver: Driver, update: CompositorUpdate, size: Size) -> None:
        place = size.clamp_offset(self.cursor_position)
        written = self._painting.changes(update, size)
        if not written and place == self._cursor_at:
            return
        self._cursor_at = place
        self._begin_update()
        driver.write(sequence(written, self._in_style) + f"\x1b[{place.y + 1};{place.x + 1}H")
        self._end_update()
        driver.flush()

    def _in_style(self, style: Style | None, text: str) -> str:
        colours = self.console._color_system or ColorSystem.TRUECOLOR
        return text if style is None else Strip.render_style(style, text, colours)

    def finish(self, code: int) -> None:
        """Hang up and end with an exit code."""
        self.close_bridge()
        self.exit(code, return_code=code)

    def say(self, text: str, tone: str = "$text", seconds: float = 4.0) -> None:
        """Say a sentence on the page in front, for some seconds."""
        raise NotImplementedError

    def tell(self, reply: Reply, done: str = "") -> None:
        """Say how a command was taken: ``done``, or what the runner says of it."""
        if reply.ok:
            self.say(done or reply.text)
        else:
            said = ". ".join(part.rstrip(".") for part in (reply.text, reply.hint) if part)
            self.say(said, "$text-warning", _TO_READ)

    def copy_text(self, text: str) -> None:
        """Copy, keep the same text in a file, and say where."""
        if not text:
            self.say("There is nothing to copy here.", "$text-warning")
            return
        self.copy_to_clipboard(text)
        path = machine.keep_copied(text)
        also = f" Also in {path}" if path else ""
        self.say(f"Copied, if your terminal allows it.{also}", seconds=_TO_READ)

    def copy_to_clipboard(self, text: str) -> None:
        """Ask the terminal to take the text, through tmux and screen as well."""
        self._clipboard = text
        driver: Driver | None = self._driver
        sequence = osc52(text)
        if driver is not None and sequence:
            driver.write(sequence)

    def open_page(self, page: str) -> None:
        """Open a page in a browser if this machine has one; show its address in any case."""
        if not page:
            self.say("There is no page to open here.", "$text-warning")
            return
        machine.keep_copied(page)
        said = "Opening" if browsed(page) else ELSEWHERE
        self.say(f"{said} {page}", seconds=_TO_READ)

    def find_canvas(self) -> None:
        """Ask the terminal what it can show; it answers when it likes, among the keys."""
        driver: Driver | None = self._driver
        asked = question(driver) if self.listening else ""
        if driver is not None and asked and self.canvas == Canvas():
            self.canvas = understood("")
            driver.write(asked)


def osc52(text: str) -> str:
    """The sequence that asks the terminal to take ``text``; empty when it is too long."""
    payload = base64.b64encode(text.encode()).decode()
    if len(payload) > _LONGEST:
        return ""
    sequence = f"\x1b]52;c;{payload}\a"
    if environment.variable("TMUX"):
        inner = sequence.replace("\x1b", "\x1b\x1b")
        return f"\x1bPtmux;{inner}\x1b\\"
    if environment.variable("TERM", "").startswith("screen"):
        return f"\x1bP{sequence}\x1b\\"
    return sequence


def browsed(page: str) -> bool:
    """Open a page, unless the person sits elsewhere; tells whether a browser took it."""
    if _far_away():
        return False
    with contextlib.suppress(webbrowser.Error, OSError):
        return webbrowser.open(page)
    return False


def _far_away() -> bool:
    graphical = any(environment.variable(name) for name in ("DISPLAY", "WAYLAND_DISPLAY"))
    return bool(environment.variable("SSH_CONNECTION")) or (
        sys.platform.startswith("linux") and not graphical
    )
