"""Activity: every job that runs, and every one that failed, grouped by cause."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Footer, Static

from wizard import figures
from wizard.engine.link import LimitRate, Pause, Resume, Retry
from wizard.engine.views import Snapshot, StepView
from wizard.tui.modals.limit import LimitModal
from wizard.tui.screens.base import BACK, LivePage
from wizard.tui.widgets.failures import lines
from wizard.tui.widgets.speed import Speed
from wizard.tui.widgets.status import StatusLines
from wizard.tui.widgets.steps import StepList
from wizard.tui.widgets.topline import TopLine
from wizard.tui.widgets.transfers import TransferList

HELP = """\
# Activity

Everything that runs right now, then what failed, with what to do about it.

**r** tries what failed again. **b** limits the speed of all downloads together, at once.
**p** pauses everything and goes on.
"""
ACTIVE = ("connecting", "running", "retrying", "checking", "paused")


class ActivityPage(LivePage):
    """Downloads, work, failures."""

    HELP = HELP
    BINDINGS = [
        Binding("r", "retry", "Retry", tooltip="Try what failed again"),
        Binding("b", "limit", "Limit speed", tooltip="Limit the speed of all downloads together"),
        Binding("p", "pause", "Pause", tooltip="Pause everything, or go on"),
        Binding("l", "app.log", "Log", tooltip="What happened so far"),
        BACK,
    ]
    CSS_PATH = "activity.tcss"

    def compose(self) -> ComposeResult:
        """Speed, downloads, steps, failures."""
        session = self.wizard.open_session
        yield TopLine(f"{session.recipe.title}, activity", str(session.dest))
        with VerticalScroll(id="jobs"):
            yield Speed()
            yield Static("Downloads", classes="heading", id="downloads")
            yield TransferList()
            yield Static("Work", classes="heading", id="working")
            yield StepList()
            yield Static("Failed", classes="heading", id="failed")
            yield Static("", id="failures")
            yield Static("Nothing is running and nothing failed.", id="quiet")
        yield StatusLines()
        yield Footer(compact=True, show_command_palette=False)

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one("#jobs").focus()

    def show(self, snapshot: Snapshot) -> None:
        """Draw what changed."""
        self.query_one(StatusLines).show(snapshot, tuple(self.bridge.rates))
        self.query_one(Speed).show(tuple(self.bridge.rates), snapshot.rate_limit)
        moving = tuple(view for view in snapshot.transfers if view.state in ACTIVE)
        working = tuple(
            step for step in snapshot.steps if step.state == "running" and step.kind != "fetch"
        )
        failed = tuple(step for step in snapshot.steps if step.failures)
        self.query_one(TransferList).show(moving)
        self.query_one(StepList).show(working)
        self._show_failures(failed, snapshot)
        for name, present in (("downloads", moving), ("working", working), ("failed", failed)):
            self.query_one(f"#{name}").display = bool(present)
        self.query_one("#quiet").display = not (moving or working or failed)

    async def action_retry(self) -> None:
        """Try everything that failed again."""
        self.wizard.tell(await self.bridge.ask(Retry()), "Trying again")

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

    def _show_failures(self, failed: tuple[StepView, ...], snapshot: Snapshot) -> None:
        titles = {view.id: view.title for view in snapshot.datasets}
        parts: list[Content] = []
        for step in failed:
            head = f"{titles.get(step.dataset, step.dataset)}: {step.title}"
            parts += [Content.styled(head, "bold"), lines(step.failures), Content("")]
        said = Content("\n").join(parts)
        shown = self.query_one("#failures", Static)
        if shown.content != said:
            shown.update(said)
