"""Activity: every job that runs, every one that failed, grouped by cause, and what was noted."""

from __future__ import annotations

from msgspec.structs import replace
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.validation import Number
from textual.widget import Widget
from textual.widgets import Input, Static

from wizard import figures
from wizard.app.outcome import by_cause
from wizard.engine.remote.protocol import LimitRate, Pause, Resume
from wizard.findings import FailureGroup, fatal, notes_among
from wizard.tui.glyphs import glyphs
from wizard.tui.modals import Modal
from wizard.tui.screens.base import BACK, LivePage
from wizard.tui.widgets.failures import NOTES, GroupList
from wizard.tui.widgets.field import TextField
from wizard.tui.widgets.keyline import KeyLine, TopLine
from wizard.tui.widgets.meter import StepList
from wizard.tui.widgets.status import StatusLines
from wizard.tui.widgets.transfers import TransferList, TransferRow
from wizard.views import Snapshot, checked_words

MEGABYTE = 1_000_000
_HELP = """\
# Activity

Everything that runs right now, then what failed, with what to do about it, then notes: things worth
knowing that ask nothing of you.

**Up, Down** choose a download. **Space** holds it and lets others go first; what is here of it
stays, and Space again goes on with it.

**r** tries what failed again. **b** limits the speed of all downloads together, at once.
**p** pauses everything and goes on.
"""
ACTIVE = ("connecting", "running", "retrying", "checking", "paused")
WHERE = 3
"""Places named of a cause; the report holds all of them."""


class Speed(Widget):
    """Total rate now and over the last minutes."""

    DEFAULT_CSS = """
    Speed { height: 1; margin-bottom: 1; }
    """

    def __init__(self) -> None:
        super().__init__()
        self._rates: tuple[float, ...] = ()
        self._limit = 0

    def show(self, rates: tuple[float, ...], limit: int) -> None:
        """Draw the new rates."""
        if (rates, limit) != (self._rates, self._limit):
            self._rates, self._limit = rates, limit
            self.refresh()

    def render(self) -> Content:
        """One line."""
        now = figures.rate(self._rates[-1]) if self._rates else "nothing yet"
        limit = f"limit {figures.rate(self._limit)}" if self._limit else "no limit"
        said = f"{glyphs().down} {now}  "
        room = max(0, self.size.width - len(said) - len(limit) - 4)
        return Content.assemble(
            (said, "bold"),
            (glyphs().spark(self._rates, min(room, 60)), "$text-accent"),
            (f"  {limit}", "$text-muted"),
        )


class LimitModal(Modal[int]):
    """Returns bytes a second, 0 for no limit."""

    DEFAULT_CSS = """
    LimitModal > .box { width: 50;  }
    """

    def __init__(self, limit: int) -> None:
        super().__init__()
        self._limit = limit

    def compose(self) -> ComposeResult:
        """One field."""
        with Vertical(classes="box") as box:
            box.border_title = "Limit speed"
            box.border_subtitle = "Enter sets, Esc leaves as is"
            yield Static(
                "Megabytes a second for all downloads together; 0 or nothing is no limit.\n"
            )
            shown = f"{self._limit / MEGABYTE:g}" if self._limit else ""
            yield TextField(shown, type="number", validators=[Number(minimum=0)], valid_empty=True)

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Take the number."""
        if event.validation_result is None or event.validation_result.is_valid:
            self.dismiss(round(float(event.value or 0) * MEGABYTE))


def calm(snapshot: Snapshot) -> str:
    """Why nothing moves, and what would make it."""
    if snapshot.complete:
        return f"Everything is in place and {checked_words(snapshot.plausible)}."
    waiting = [view.title for view in snapshot.datasets if view.state == "waiting"]
    if not waiting:
        return "Nothing is running and nothing failed."
    return (
        f"All that can be done without you is done. Waiting for you: {', '.join(waiting)}.\n"
        "Esc goes back, n goes to what is needed."
    )


class ActivityPage(LivePage):
    """Downloads, work, failures."""

    HELP = _HELP
    AUTO_FOCUS = ""
    BINDINGS = [
        Binding("r", "retry", "Retry", tooltip="Try what failed again"),
        Binding("b", "limit", "Limit speed", tooltip="Limit the speed of all downloads together"),
        Binding("space", "hold", "Hold one", tooltip="Hold the chosen download, or let it go on"),
        Binding("p", "pause", "Pause all", tooltip="Pause everything, or go on"),
        Binding("l", "app.log", "Log", tooltip="What happened so far"),
        BACK,
    ]

    def compose(self) -> ComposeResult:
        """Speed, downloads, steps, failures."""
        session = self.wizard.open_session
        yield TopLine(f"{session.recipe.title}, activity", str(session.dest))
        with VerticalScroll(id="jobs"):
            yield Speed()
            yield Static("Downloads", classes="heading", id="downloads")
            yield TransferList(choosable=True)
            yield Static("Work", classes="heading", id="working")
            yield StepList()
            yield Static("Failed", classes="heading", id="failed")
            yield GroupList(id="failures")
            yield Static(NOTES, classes="heading", id="noted")
            yield GroupList(id="notes")
            yield Static("", id="quiet", markup=False)
        yield StatusLines()
        yield KeyLine()

    def on_mount(self) -> None:
        """Arrow keys scroll at once, or choose where there is something to choose."""
        if self.bridge.snapshot is not None:
            self.show(self.bridge.snapshot)
        if not self.query_one(TransferList).focus_first():
            self.query_one("#jobs").focus()

    def show(self, snapshot: Snapshot) -> None:
        """Draw what changed."""
        self.query_one(StatusLines).show(snapshot, self.bridge.history.rates)
        self.query_one(Speed).show(self.bridge.history.rates, snapshot.rate_limit)
        moving = tuple(view for view in snapshot.transfers if view.state in ACTIVE)
        titles = {view.id: view.title for view in snapshot.datasets}
        working = tuple(
            replace(step, title=f"{titles.get(step.dataset, step.dataset)}: {step.title}")
            for step in snapshot.steps
            if step.state == "running" and step.role != "fetch"
        )
        groups = by_cause(snapshot.steps)
        failed, noted = fatal(groups), notes_among(groups)
        self.query_one(TransferList).show(moving)
        self.query_one(StepList).show(working)
        self._show_groups("failures", failed, snapshot)
        self._show_groups("notes", noted, snapshot)
        for name, present in (("downloads", moving), ("working", working), ("failed", failed)):
            self.query_one(f"#{name}").display = bool(present)
        self.query_one("#noted").display = bool(noted)
        quiet = self.query_one("#quiet", Static)
        quiet.display = not (moving or working or failed)
        if quiet.display:
            quiet.update(calm(snapshot))

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Hold what is chosen."""
        return None if action == "hold" and not isinstance(self.focused, TransferRow) else True

    async def action_hold(self) -> None:
        """Hold the chosen download, or let it go on."""
        if not isinstance(self.focused, TransferRow):
            return
        view = self.focused.view
        held = view.state == "paused"
        command = Resume(archive=view.address) if held else Pause(archive=view.address)
        said = f"Going on with {view.archive}" if held else f"Holding {view.archive}; Space goes on"
        self.wizard.tell(await self.bridge.ask(command), said)

    def action_retry(self) -> None:
        """Try everything that failed again, after asking."""
        self.ask_retry()

    async def action_pause(self) -> None:
        """Pause everything, or go on."""
        paused = self.bridge.snapshot is not None and self.bridge.snapshot.paused
        reply = await self.bridge.ask(Resume() if paused else Pause())
        self.wizard.tell(reply, "Going on" if paused else "Paused; p goes on")

    def action_limit(self) -> None:
        """Ask for a limit and set it."""
        limit = self.bridge.snapshot.rate_limit if self.bridge.snapshot else 0
        self.app.push_screen(LimitModal(limit), self._limited)

    def _limited(self, rate: int | None) -> None:
        if rate is not None:
            self.run_worker(self._set_limit(rate), group="limit", exclusive=True)

    async def _set_limit(self, rate: int) -> None:
        said = f"Downloads share {figures.rate(rate)}" if rate else "Downloads run free"
        self.wizard.tell(await self.bridge.ask(LimitRate(rate=rate)), said)

    def _show_groups(
        self, place: str, groups: tuple[FailureGroup, ...], snapshot: Snapshot
    ) -> None:
        titles = {view.id: view.title for view in snapshot.datasets}
        steps = {step.address: step for step in snapshot.steps}
        rows: list[tuple[FailureGroup, str]] = []
        for group in groups:
            struck: dict[str, list[str]] = {}
            for step in (steps[address] for address in group.steps):
                struck.setdefault(step.title, []).append(titles.get(step.dataset, step.dataset))
            where = [f"{', '.join(names)}: {title}" for title, names in struck.items()]
            more = [f"and {len(where) - WHERE} more"] if len(where) > WHERE else []
            rows.append((group, "; ".join(where[:WHERE] + more)))
        self.query_one(f"#{place}", GroupList).show(tuple(rows))
