"""The wizard: the sidebar of datasets on the left, the chosen one's pane on the right."""

from __future__ import annotations

import time

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Static

from wizard.app import machine
from wizard.engine.remote.protocol import Answer, Pause, Resume
from wizard.tui.panes.kinds import Panes
from wizard.tui.panes.stage import StagePane
from wizard.tui.screens.base import LivePage
from wizard.tui.screens.finished import finished
from wizard.tui.stages import Focus, focus_on, has_labels, stages, steps_of, wants
from wizard.tui.sums import may_leave, presses
from wizard.tui.widgets.failures import GoTo
from wizard.tui.widgets.form import RequestForm
from wizard.tui.widgets.keyline import KeyLine, TopLine
from wizard.tui.widgets.plots import Plots
from wizard.tui.widgets.sidebar import Sidebar
from wizard.tui.widgets.status import StatusLines
from wizard.tui.widgets.track import Overview, Track
from wizard.views import Snapshot

_HELP = """\
# The wizard

On the left are the datasets in their order, on the right what the chosen one does or needs.

* **Up, Down** choose a dataset. **Enter** goes to its pane, **Esc** comes back.
* On screens of 100 columns and more the list shows every **stage**, with its share, or since when
  it waits; below are speed, images, disk (used since you came, still needed) and what comes next.
* **Left, Right** on the line of stages look at an earlier or later stage.
* **n** goes to the next thing that needs you, **g** to any dataset by name.
* **o** shows the page to open, **y** copies it; **d** notes that you asked for a licence today.
* **s** goes on with an install that rests, **p** pauses or goes on, **r** tries failures again.
* **a** is all that runs and failed, **l** the log, **c** your logins, **v** images with labels,
  **u** where archives come from, **e** the sum of a finished install.

Work goes on while you look around. **q** keeps what is finished and asks about the rest.
"""


class WizardPage(LivePage):
    """One install, live."""

    HELP = _HELP
    BINDINGS = [
        Binding("n", "next_request", "Next", tooltip="Go to the next request: what needs you"),
        Binding(
            "ctrl+n",
            "next_request",
            "Next",
            priority=True,
            tooltip="The same while you type",
        ),
        Binding("g", "app.jump", "Go to", tooltip="Go to a dataset by name"),
        Binding("a", "app.activity", "Activity", tooltip="Everything that runs and failed"),
        Binding("l", "app.log", "Log", tooltip="What happened so far"),
        Binding("c", "app.credentials", "Logins", tooltip="Logins: kept where, test, clear"),
        Binding("u", "app.sources", "Sources", show=False, tooltip="Addresses; asks them if told"),
        Binding("v", "look", "View", tooltip="Look at an image and its labels"),
        Binding("v", "no_look", show=False, tooltip="Look at an image and its labels"),
        Binding("s", "start", "Go on", tooltip="Go on with an install that rests"),
        Binding("p", "pause", "Pause", tooltip="Pause everything, or go on"),
        Binding("r", "retry", "Retry", tooltip="Try what failed again"),
        Binding("e", "end", "Summary", tooltip="What was installed and proven, and what to run"),
        Binding("y", "copy", "Copy", tooltip="Copy the page or upload line"),
        Binding("ctrl+y", "copy", "Copy", priority=True, tooltip="The same while you type"),
        Binding("d", "asked", "Asked", show=False, tooltip="Note that you asked today, or did not"),
        Binding("o", "open", "Page", show=False, tooltip="Open the page in a browser"),
        Binding("left", "look_at(-1)", "Stage before", show=False),
        Binding("right", "look_at(1)", "Stage after", show=False),
        Binding("escape", "sidebar", "Sidebar", tooltip="Back to the list of datasets"),
    ]

    def __init__(self, start: str = "") -> None:
        super().__init__()
        self._start = start
        self._led_to = "" if not start else None
        """The dataset the cursor was put on because it needs a person; None once a person moved."""
        self._looked: dict[str, int] = {}
        self._next: tuple[StagePane, Focus, int] | None = None
        self._focus: Focus | None = None
        self._asked: dict[str, float] = {}
        self._keys: tuple[bool, ...] = ()
        self._unfinished = False

    def compose(self) -> ComposeResult:
        """Top line, sidebar and pane, status, footer."""
        session = self.wizard.open_session
        yield TopLine(session.recipe.title, str(session.dest))
        with Horizontal(id="middle"):
            with Vertical(id="glance"):
                yield Sidebar()
                yield Plots()
            with Vertical(id="work"):
                yield Static("", id="about", markup=False)
                yield Track()
                yield Panes()
                yield Overview()
        yield Static("", id="leave", markup=False)
        yield StatusLines()
        yield KeyLine()

    def on_mount(self) -> None:
        """Name the sidebar and take the first look."""
        self._asked = machine.asked_dates(self.wizard.open_session.dest)
        self.query_one(Sidebar).focus()

    def show(self, snapshot: Snapshot) -> None:
        """Draw what changed."""
        sidebar = self.query_one(Sidebar)
        sidebar.show(snapshot, self._asked)
        self.query_one(Plots).show(snapshot, self.bridge.history)
        if self._start:
            sidebar.choose(self._start)
            self._start = ""
        self._lead(snapshot)
        self._tell_leave(snapshot)
        self._tell_end(snapshot)
        self.query_one(StatusLines).show(snapshot, self.bridge.history.rates)
        self._show_pane(snapshot)

    def _lead(self, snapshot: Snapshot) -> None:
        """Keep the cursor on the first dataset that needs a person, until one moves it."""
        if self._led_to is None or not snapshot.running:
            return
        needed = {step.dataset for step in snapshot.steps if presses(step, self._asked)}
        first = next((view.id for view in snapshot.datasets if view.id in needed), "")
        if first:
            self.query_one(Sidebar).choose(first)
        self._led_to = self.dataset

    def _tell_end(self, snapshot: Snapshot) -> None:
        """Open the last page when the last step ends before a person's eyes."""
        before, self._unfinished = self._unfinished, not finished(snapshot)
        if before and not self._unfinished:
            self.action_end()

    def _tell_leave(self, snapshot: Snapshot) -> None:
        said, line = may_leave(snapshot, self._asked), self.query_one("#leave", Static)
        if said != str(line.content):
            line.update(said)
            line.display = bool(said)

    def _offer(self, snapshot: Snapshot) -> None:
        """Let the footer follow what there is to do."""
        keys = (
            any(map(wants, snapshot.steps)),
            _any_failed(snapshot),
            self._stage_wants,
            self._has_labels,
            finished(snapshot),
            snapshot.running,
        )
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()

    def on_resize(self) -> None:
        """Fit the rows to the new width."""
        self.call_after_refresh(self.fit)

    def fit(self) -> bool:
        """Fit the rows to the width of their list."""
        if self.bridge.snapshot is not None:
            self.show(self.bridge.snapshot)
        return True

    def trouble(self, text: str) -> None:
        """Say it where the figures stand."""
        self.query_one(StatusLines).trouble(text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what there is nothing of, or leave it out where 80 columns have no room."""
        snapshot = self.bridge.snapshot
        if action == "copy":
            return self._stage_wants
        if action in ("look", "no_look"):
            return self._has_labels == (action == "look")
        if snapshot is None:
            return action not in ("retry", "start", "end")
        if action == "end":
            return finished(snapshot)
        if action == "retry":
            return _any_failed(snapshot)
        if action == "start":
            return self.at_rest
        if action == "pause":
            return snapshot.running
        return True

    @property
    def _stage_wants(self) -> bool:
        """Whether the stage in view waits for a person, so that there is something to copy."""
        return self._focus is not None and self._focus.stage.request is not None

    @property
    def _has_labels(self) -> bool:
        return self._focus is not None and has_labels(self._focus.dataset)

    @property
    def _pane(self) -> StagePane | None:
        """The pane in view."""
        return self.query_one(Panes).shown

    @property
    def dataset(self) -> str:
        """Id of the dataset in view."""
        return self.query_one(Sidebar).dataset

    def go_to(self, address: str) -> None:
        """Show a dataset, or one step of it."""
        self._led_to = None
        dataset, _, step = address.partition("/")
        snapshot = self.bridge.snapshot
        if snapshot is None:
            return
        if step:
            for place, stage in enumerate(stages(steps_of(snapshot, dataset))):
                if address in {own.address for own in stage.steps}:
                    self._looked[dataset] = place
        self.query_one(Sidebar).choose(dataset)
        self._show_pane(snapshot)

    @on(Sidebar.Moved)
    def _moved(self) -> None:
        if self._led_to is not None and self.dataset != self._led_to:
            self._led_to = None
        if self.bridge.snapshot is not None:
            self._show_pane(self.bridge.snapshot)

    @on(Sidebar.OptionSelected)
    def _entered(self) -> None:
        self.action_enter()

    @on(Track.Chosen)
    def _stage_chosen(self, message: Track.Chosen) -> None:
        self._looked[self.dataset] = message.place
        if self.bridge.snapshot is not None:
            self._show_pane(self.bridge.snapshot)

    @on(GoTo)
    def _go(self, message: GoTo) -> None:
        self.go_to(message.address)
        self.query_one(Sidebar).focus()

    @on(RequestForm.Answered)
    def _answered(self, message: RequestForm.Answered) -> None:
        self.run_worker(self._answer(message), group="answers", exclusive=False)

    async def _answer(self, message: RequestForm.Answered) -> None:
        reply = await self.bridge.ask(Answer(address=message.address, values=message.values))
        self._looked.pop(self.dataset, None)
        if message.form.is_attached:
            message.form.told(reply)
        if reply.ok:
            self.query_one(Sidebar).focus()
            self.say(reply.text or "Thank you")

    def action_enter(self) -> None:
        """Go to where something can be done in the pane."""
        self._led_to = None
        pane = self._next[0] if self._next else self._pane
        if pane is None or not pane.focus_soon():
            self.query_one(Track).focus()

    def action_look_at(self, move: int) -> None:
        """Show the stage before or after, from the list of datasets as well."""
        self.query_one(Track).action_look(move)

    def action_sidebar(self) -> None:
        """Come back to the list."""
        if self.query_one(Sidebar).has_focus:
            self.say("You are at the list of datasets; q quits.")
        self.query_one(Sidebar).focus()

    def action_next_request(self) -> None:
        """Go to the next step, in their order after the shown one, that waits for a person."""
        snapshot = self.bridge.snapshot
        waiting = [step for step in snapshot.steps if wants(step)] if snapshot else []
        if not waiting:
            self.say("Nothing needs you now.")
            return
        order = [step.dataset for step in waiting]
        later = order.index(self.dataset) + 1 if self.dataset in order else 0
        later += order[later:].count(self.dataset)
        target = waiting[later % len(waiting)]
        self._looked.pop(target.dataset, None)
        self.go_to(target.address)
        self.action_enter()

    def action_start(self) -> None:
        """Go on with an install that rests, after asking."""
        self.ask_start(self.dataset)

    async def action_pause(self) -> None:
        """Pause everything, or go on."""
        snapshot = self.bridge.snapshot
        paused = snapshot is not None and snapshot.paused
        reply = await self.bridge.ask(Resume() if paused else Pause())
        self.wizard.tell(reply, "Going on" if paused else "Paused; p goes on")

    def action_retry(self) -> None:
        """Try everything that failed again, after asking."""
        self.ask_retry()

    def action_end(self) -> None:
        """Open the last page."""
        self.wizard.go("finished")

    def action_look(self) -> None:
        """Open the label preview on this dataset."""
        self.wizard.go("preview", self.dataset)

    def action_no_look(self) -> None:
        """Say why there is nothing to look at."""
        self.say("No label work here, so nothing to look at.")

    def action_copy(self) -> None:
        """Copy what the pane offers."""
        pane = self._pane
        text = pane.copyable() if pane else ""
        self.wizard.copy_text(text or self._page_of_dataset())

    def action_asked(self) -> None:
        """Note the day a licence was asked for, or take the note back."""
        if self._focus is not None and self._focus.dataset.request is not None:
            dest, dataset = self.wizard.open_session.dest, self._focus.dataset.id
            moment = None if dataset in self._asked else time.time()
            self._asked = machine.note_asked(dest, {dataset: moment})
            self.say(
                "Noted; d takes it back." if moment else "The date is taken back; d notes today."
            )
            self.show(self._focus.snapshot)

    def action_open(self) -> None:
        """Open the page the pane is about."""
        pane = self._pane
        self.wizard.open_page((pane.page() if pane else "") or self._page_of_dataset())

    def _page_of_dataset(self) -> str:
        if self._focus is None:
            return ""
        request = self._focus.dataset.request
        return request.page if request else self._focus.dataset.website

    def _show_pane(self, snapshot: Snapshot) -> None:
        dataset = self.dataset
        if not dataset:
            return
        recipe, asked = self.wizard.open_session.recipe, self._asked.get(dataset)
        focus, place = focus_on(snapshot, recipe, dataset, self._looked.get(dataset), asked)
        pane = self.query_one(Panes).of(dataset, place, focus.stage)
        pane.show(focus)
        self._next = (pane, focus, place)
        self._switch()

    @on(StagePane.Settled)
    def _switch(self) -> None:
        """Show the pane asked for last, once it is whole: until then the one before stays."""
        if self._next is None or not self._next[0].ready:
            return
        pane, focus, place = self._next
        self._next = None
        self.query_one(Panes).switch(pane)
        self._head(focus, place)
        self._focus = focus
        self._offer(focus.snapshot)

    def _head(self, focus: Focus, place: int) -> None:
        work = self.query_one("#work")
        counted = f", {place + 1} of {len(focus.stages)}" if focus.stages else ""
        titles = (focus.dataset.title, f"{focus.stage.name}{counted}")
        if titles != (work.border_title, work.border_subtitle):
            work.border_title, work.border_subtitle = titles
        self.query_one(Track).show(focus.stages, place)
        self.query_one(Overview).show(steps_of(focus.snapshot, focus.dataset.id))
        about = self.query_one("#about", Static)
        about.set_class(focus.stage.request is not None and focus.stage.role != "accept", "-asking")
        if self._focus is None or self._focus.dataset != focus.dataset:
            about.update(focus.dataset.about.strip())


def _any_failed(snapshot: Snapshot) -> bool:
    return any(step.state == "failed" for step in snapshot.steps)
