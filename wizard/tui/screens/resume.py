"""Coming back: what is finished, what runs, what waits for you, what is broken, in one screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard import figures
from wizard.tui.glyphs import STATE_WORDS, TONES, glyphs
from wizard.tui.screens.base import LivePage
from wizard.tui.screens.finished import finished
from wizard.tui.stages import current, stages, steps_of
from wizard.tui.widgets.keyline import KeyLine, TopLine
from wizard.tui.widgets.status import StatusLines
from wizard.views import DatasetView, Snapshot, StepView, checked_words

_HELP = """\
# Welcome back

Everything was looked at on disk, so this is what is really there. Nothing that is finished is
fetched or made again. **Enter** goes to the highlighted dataset.
"""
GROUPS = (
    ("Waiting for you", ("waiting",)),
    ("Broken", ("failed",)),
    ("Running", ("running", "paused")),
    ("Left to do", ("todo", "partial", "locked")),
    ("Finished", ("done",)),
)
"""What a person should see first comes first."""


class ResumePage(LivePage):
    """The first screen of an install that was begun before."""

    HELP = _HELP
    BINDINGS = [
        Binding("enter", "go", "Go on", priority=True, tooltip="Go to the highlighted dataset"),
        Binding("e", "end", "Summary", tooltip="What was installed and proven, and what to run"),
        Binding("f", "fresh", "New install", tooltip="Set up another collection"),
        Binding("a", "add", "Add datasets", tooltip="Choose datasets that were left out"),
        Binding("c", "app.credentials", "Logins", tooltip="Logins: kept where, test, clear"),
        Binding("l", "app.log", "Log", tooltip="What happened so far"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[tuple[str, str, str], ...] = ()

    def compose(self) -> ComposeResult:
        """A sentence, the groups, the status."""
        session = self.wizard.open_session
        yield TopLine(f"{session.recipe.title}, welcome back", str(session.dest))
        yield Static("", id="said")
        yield OptionList(markup=False)
        yield StatusLines()
        yield KeyLine()

    def on_mount(self) -> None:
        """The list is at hand."""
        self.query_one(OptionList).focus()

    def show(self, snapshot: Snapshot) -> None:
        """Group the datasets."""
        self.query_one(StatusLines).show(snapshot, self.bridge.history.rates)
        self.query_one("#said", Static).update(
            Content("\n").join(filter(None, (standing(snapshot), self._beside(snapshot))))
        )
        rows = tuple((view.id, view.state, _doing(snapshot, view)) for view in snapshot.datasets)
        if rows != self._rows:
            self._rows = rows
            self.refresh_bindings()
            self._fill(snapshot)

    def trouble(self, text: str) -> None:
        """Say it where the figures stand."""
        self.query_one(StatusLines).trouble(text)

    def on_option_list_option_selected(self) -> None:
        """A click goes on as well."""
        self.action_go()

    def action_go(self) -> None:
        """Open the wizard on the highlighted dataset."""
        listing = self.query_one(OptionList)
        place = listing.highlighted
        dataset = listing.get_option_at_index(place).id if place is not None else None
        if self.at_rest:
            self.ask_start(dataset or "", lambda: self.wizard.go("wizard", dataset or ""))
        else:
            self.wizard.go("wizard", dataset or "")

    def action_fresh(self) -> None:
        """Begin with another collection; this install stays as it is."""
        self.wizard.go("collections")

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to add where nothing was left out."""
        if action == "end":
            snapshot = self.bridge.snapshot
            return snapshot is not None and finished(snapshot)
        return bool(self.wizard.open_session.plan.left_out) if action == "add" else True

    def action_end(self) -> None:
        """Sum up what was installed."""
        self.wizard.go("finished")

    def action_add(self) -> None:
        """Choose more datasets for this install; what is there stays as it is."""
        session, setup = self.wizard.open_session, self.wizard.setup
        setup.choose(session.recipe)
        setup.dest = session.dest
        setup.only = tuple(dataset.id for dataset in session.plan.datasets)
        self.wizard.go("datasets")

    def _beside(self, snapshot: Snapshot) -> Content:
        """Who works on it, where that is not this terminal, or how the last run ended."""
        session = self.wizard.open_session
        said = session.note
        if self.at_rest:
            said = "Nothing runs. Enter goes on with it, after asking; looking changes nothing."
        if session.background and snapshot.running:
            said = f"You watch and steer the runner of {snapshot.runner}."
        return Content.styled(said, "$text-muted")

    def _fill(self, snapshot: Snapshot) -> None:
        listing = self.query_one(OptionList)
        chosen = listing.highlighted
        listing.clear_options()
        for title, states in GROUPS:
            views = [view for view in snapshot.datasets if view.chosen and view.state in states]
            if views:
                head = Content.styled(f"{title} ({len(views)})", "bold $text-primary")
                listing.add_option(Option(head, disabled=True))
                rows = [_row(snapshot, view, self.app.size.width - 6) for view in views]
                pairs = zip(views, rows, strict=True)
                listing.add_options([Option(row, id=view.id) for view, row in pairs])
        if chosen is not None and chosen < listing.option_count:
            listing.highlighted = chosen
        else:
            listing.action_first()


def standing(snapshot: Snapshot) -> Content:
    """Where things stand, in a line or two."""
    if snapshot.running and snapshot.looking:
        seen = len(snapshot.steps) - snapshot.looking
        said = f"Looking at the disk… {seen} of {len(snapshot.steps)} steps seen."
        return Content.styled(said, "bold")
    chosen = [view for view in snapshot.datasets if view.chosen]
    done = sum(view.state == "done" for view in chosen)
    total = len(chosen)
    if snapshot.complete:
        checked = checked_words(snapshot.plausible)
        said = f"Everything is in place and {checked}. Enjoy."
        return Content.styled(said, "bold $text-success")
    waiting = sum(view.state == "waiting" for view in snapshot.datasets)
    parts = [f"{done} of {total} finished."]
    if waiting:
        parts.append(
            f"{figures.count(waiting, 'dataset')} need you."
            if waiting > 1
            else "1 dataset needs you."
        )
    if snapshot.partial:
        parts.append("This is a partial install: datasets were left out.")
    return Content.styled(" ".join(parts), "bold")


def _doing(snapshot: Snapshot, view: DatasetView) -> str:
    all_stages = stages(steps_of(snapshot, view.id))
    if not all_stages or view.state == "done":
        return ""
    stage = all_stages[current(all_stages)]
    return _words(stage.name, stage.steps)


def _words(name: str, steps: tuple[StepView, ...]) -> str:
    for step in steps:
        if step.request is not None:
            return f"{name}: {step.request.ask}"
        if step.failures:
            return f"{name}: {step.failures[0].title}"
    return name


def _row(snapshot: Snapshot, view: DatasetView, width: int) -> Content:
    tone = TONES[view.state]
    share = figures.percent(view.fraction)
    titles = max(len(each.title) for each in snapshot.datasets)
    doing = _doing(snapshot, view)
    room = width - titles - 22
    if len(doing) > room:
        doing = doing[: max(0, room - 1)] + "…"
    return Content.assemble(
        (f"  {glyphs().states[view.state]} ", tone),
        f"{view.title:<{titles}} ",
        (f"{STATE_WORDS[view.state]:<9} {share:>4}  ", tone),
        (doing, "$text-muted"),
    )
