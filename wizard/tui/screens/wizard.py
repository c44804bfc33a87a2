"""The wizard: the rail of datasets on the left, the chosen one's pane on the right."""

from __future__ import annotations

import time

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import ContentSwitcher, Footer, Static

from wizard.engine.link import Answer, Pause, Resume, Retry
from wizard.engine.views import Snapshot
from wizard.tui import asked
from wizard.tui.panes.kinds import pane_for
from wizard.tui.panes.stage import StagePane
from wizard.tui.screens.base import LivePage
from wizard.tui.stages import Focus, current, dataset_of, has_labels, stages, steps_of, wants
from wizard.tui.widgets.form import NeedForm
from wizard.tui.widgets.overview import Overview
from wizard.tui.widgets.rail import Rail
from wizard.tui.widgets.status import StatusLines
from wizard.tui.widgets.topline import TopLine
from wizard.tui.widgets.track import Track
from wizard.tui.widgets.waits import GoTo

HELP = """\
# The wizard

On the left are the datasets, in the order they have to be done. On the right is what the chosen
one is doing, or what it needs from you.

* **Up, Down** choose a dataset. **Enter** goes to its pane, **Esc** comes back.
* **Left, Right** on the line of stages look at an earlier or later stage.
* **n** goes to the next thing that needs you. **g** goes to any dataset by name.
* **o** shows the page to open, **y** copies it, or the upload line.
* **d** notes that you asked for a licence today.
* **p** pauses everything and goes on. **r** tries what failed again.
* **a** lists everything that runs and failed. **l** is the log. **c** are your logins.
* **v** shows an image with its labels, where a dataset has label work.

Work goes on while you look around. Leaving with **q** keeps everything that is finished, and asks
whether to go on in the background.
"""


class WizardPage(LivePage):
    """One install, live."""

    CSS_PATH = "wizard.tcss"
    HELP = HELP
    BINDINGS = [
        Binding("n", "next_need", "Need", tooltip="Go to the next thing that needs you"),
        Binding("g", "app.jump", "Go", tooltip="Go to a dataset by name"),
        Binding("a", "app.activity", "Active", tooltip="Everything that runs and failed"),
        Binding("l", "app.log", "Log", tooltip="What happened so far"),
        Binding("c", "app.credentials", "Login", tooltip="Logins: kept where, test, clear"),
        Binding("v", "look", "View", tooltip="Look at an image and its labels"),
        Binding("v", "no_look", show=False, tooltip="Look at an image and its labels"),
        Binding("p", "pause", "Pause", tooltip="Pause everything, or go on"),
        Binding("r", "retry", "Retry", tooltip="Try what failed again"),
        Binding("y", "copy", "Copy", tooltip="Copy the page or upload line"),
        Binding("d", "asked", "Asked", show=False, tooltip="Note that you asked for it today"),
        Binding("o", "open", "Page", show=False, tooltip="Open the page in a browser"),
        Binding("left", "look_at(-1)", "Stage before", show=False),
        Binding("right", "look_at(1)", "Stage after", show=False),
        Binding("escape", "rail", "List", tooltip="Back to the list of datasets"),
    ]

    def __init__(self, start: str = "") -> None:
        super().__init__()
        self._start = start
        self._looked: dict[str, int] = {}
        self._panes: dict[str, StagePane] = {}
        self._focus: Focus | None = None
        self._asked: dict[str, float] = {}
        self._keys: tuple[bool, ...] = ()

    def compose(self) -> ComposeResult:
        """Top line, rail and pane, status, footer."""
        session = self.wizard.open_session
        yield TopLine(session.recipe.title, str(session.dest))
        with Horizontal(id="middle"):
            yield Rail()
            with Vertical(id="work"):
                yield Static("", id="about", markup=False)
                yield Track()
                yield ContentSwitcher(id="panes")
                yield Overview()
        yield StatusLines()
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """Name the rail and take the first look."""
        self._asked = asked.read(self.wizard.open_session.dest)
        self.query_one(Rail).border_title = "Datasets"
        self.query_one(Rail).focus()

    def show(self, snapshot: Snapshot) -> None:
        """Draw what changed."""
        rail = self.query_one(Rail)
        rail.show(snapshot.datasets)
        if self._start:
            rail.choose(self._start)
            self._start = ""
        self.query_one(StatusLines).show(snapshot, tuple(self.bridge.rates))
        self._show_pane(snapshot)

    def _offer(self, snapshot: Snapshot) -> None:
        """Let the footer follow what there is to do."""
        keys = (
            any(map(wants, snapshot.steps)),
            _any_failed(snapshot),
            self._stage_wants,
            self._has_labels,
            snapshot.complete,
        )
        if keys != self._keys:
            self._keys = keys
            self.refresh_bindings()

    def trouble(self, text: str) -> None:
        """Say it where the figures stand."""
        self.query_one(StatusLines).trouble(text)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Grey out what there is nothing of, or leave it out where 80 columns have no room."""
        snapshot = self.bridge.snapshot
        if action == "rail":
            return self.is_mounted and not self.query_one(Rail).has_focus
        if action == "copy":
            return self._stage_wants
        if action in ("look", "no_look"):
            return self._has_labels == (action == "look")
        if snapshot is None:
            return None if action in ("next_need", "retry") else True
        if action == "next_need":
            return True if any(map(wants, snapshot.steps)) else None
        if action == "retry":
            return _any_failed(snapshot)
        if action == "pause":
            return None if snapshot.complete else True
        return True

    @property
    def _stage_wants(self) -> bool:
        """Whether the stage in view waits for a person, so that there is something to copy."""
        return self._focus is not None and self._focus.stage.need is not None

    @property
    def _has_labels(self) -> bool:
        return self._focus is not None and has_labels(self._focus.dataset)

    @property
    def dataset(self) -> str:
        """Id of the dataset in view."""
        return self.query_one(Rail).dataset

    def go_to(self, address: str) -> None:
        """Show a dataset, or one step of it."""
        dataset, _, step = address.partition("/")
        snapshot = self.bridge.snapshot
        if snapshot is None:
            return
        if step:
            for place, stage in enumerate(stages(steps_of(snapshot, dataset))):
                if address in {own.address for own in stage.steps}:
                    self._looked[dataset] = place
        self.query_one(Rail).choose(dataset)
        self._show_pane(snapshot)

    @on(Rail.Moved)
    def _moved(self) -> None:
        if self.bridge.snapshot is not None:
            self._show_pane(self.bridge.snapshot)

    @on(Rail.OptionSelected)
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
        self.query_one(Rail).focus()

    @on(NeedForm.Answered)
    def _answered(self, message: NeedForm.Answered) -> None:
        self.run_worker(self._answer(message), group="answers", exclusive=False)

    async def _answer(self, message: NeedForm.Answered) -> None:
        reply = await self.bridge.ask(Answer(address=message.address, values=message.values))
        self._looked.pop(self.dataset, None)
        if message.form.is_attached:
            message.form.told(reply)
        if reply.ok:
            self.query_one(Rail).focus()
            self.query_one(StatusLines).say(reply.text or "Thank you")

    def action_enter(self) -> None:
        """Go to where something can be done in the pane."""
        pane = self._pane()
        if pane is None or not pane.focus_soon():
            self.query_one(Track).focus()

    def action_look_at(self, move: int) -> None:
        """Show the stage before or after, from the list of datasets as well."""
        self.query_one(Track).action_look(move)

    def action_rail(self) -> None:
        """Come back to the list."""
        self.query_one(Rail).focus()

    def action_next_need(self) -> None:
        """Go to the next step, in rail order after the shown one, that waits for a person."""
        snapshot = self.bridge.snapshot
        waiting = [step for step in snapshot.steps if wants(step)] if snapshot else []
        if not waiting:
            return
        order = [step.dataset for step in waiting]
        later = order.index(self.dataset) + 1 if self.dataset in order else 0
        later += order[later:].count(self.dataset)
        target = waiting[later % len(waiting)]
        self._looked.pop(target.dataset, None)
        self.go_to(target.address)
        self.action_enter()

    async def action_pause(self) -> None:
        """Pause everything, or go on."""
        snapshot = self.bridge.snapshot
        paused = snapshot is not None and snapshot.paused
        reply = await self.bridge.ask(Resume() if paused else Pause())
        self.wizard.tell(reply, "Going on" if paused else "Paused; p goes on")

    async def action_retry(self) -> None:
        """Try everything that failed again."""
        self.wizard.tell(await self.bridge.ask(Retry()))

    def action_look(self) -> None:
        """Open the label preview on this dataset."""
        self.wizard.look(self.dataset)

    def action_no_look(self) -> None:
        """Say why there is nothing to look at."""
        self.query_one(StatusLines).say("No label work here, so nothing to look at.")

    def action_copy(self) -> None:
        """Copy what the pane offers."""
        pane = self._pane()
        text = pane.copyable() if pane else ""
        self.wizard.copy_text(text or self._page_of_dataset())

    def action_asked(self) -> None:
        """Note the day a licence was asked for."""
        if self._focus is not None and self._focus.dataset.request is not None:
            dest = self.wizard.open_session.dest
            self._asked = asked.note(dest, {self._focus.dataset.id: time.time()})
            self.query_one(StatusLines).say("Noted. The date shows beside the dataset.")

    def action_open(self) -> None:
        """Open the page the pane is about."""
        pane = self._pane()
        self.wizard.open_page((pane.page() if pane else "") or self._page_of_dataset())

    def _page_of_dataset(self) -> str:
        if self._focus is None:
            return ""
        request = self._focus.dataset.request
        return request.page if request else self._focus.dataset.website

    def _pane(self) -> StagePane | None:
        shown = self.query_one("#panes", ContentSwitcher).current
        return self._panes.get(shown) if shown else None

    def _show_pane(self, snapshot: Snapshot) -> None:
        dataset = self.dataset
        all_stages = stages(steps_of(snapshot, dataset))
        if not all_stages:
            return
        place = min(self._looked.get(dataset, current(all_stages)), len(all_stages) - 1)
        recipe = self.wizard.open_session.recipe
        focus = Focus(
            dataset_of(recipe, dataset),
            all_stages[place],
            all_stages,
            snapshot,
            self._asked.get(dataset),
        )
        self._head(focus, place)
        self._ensure_pane(focus, place).show(focus)
        self._focus = focus
        self._offer(snapshot)

    def _head(self, focus: Focus, place: int) -> None:
        work = self.query_one("#work")
        titles = (focus.dataset.title, f"{focus.stage.name}, {place + 1} of {len(focus.stages)}")
        if titles != (work.border_title, work.border_subtitle):
            work.border_title, work.border_subtitle = titles
        self.query_one(Track).show(focus.stages, place)
        self.query_one(Overview).show(steps_of(focus.snapshot, focus.dataset.id))
        about = self.query_one("#about", Static)
        about.set_class(focus.stage.need is not None and focus.stage.kind != "terms", "-asking")
        if self._focus is None or self._focus.dataset != focus.dataset:
            about.update(focus.dataset.about.strip())

    def _ensure_pane(self, focus: Focus, place: int) -> StagePane:
        """The pane of a stage, mounted on the first visit."""
        name = f"pane-{focus.dataset.id}-{place}"
        switcher = self.query_one("#panes", ContentSwitcher)
        pane = self._panes.get(name)
        if pane is None:
            pane = self._panes[name] = pane_for(focus.stage.kind)(id=name)
            switcher.mount(pane)
        if switcher.current != name:
            switcher.current = name
        return pane


def _any_failed(snapshot: Snapshot) -> bool:
    return any(step.state == "failed" for step in snapshot.steps)
