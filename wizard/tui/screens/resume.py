"""Coming back: what is finished, what runs, what waits for you, what is broken, in one screen."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.widgets import Footer, OptionList, Static
from textual.widgets.option_list import Option

from wizard import figures
from wizard.engine.views import DatasetView, Snapshot, StepView
from wizard.tui.glyphs import TONES, WORDS, glyphs
from wizard.tui.screens.base import LivePage
from wizard.tui.stages import current, stages, steps_of
from wizard.tui.widgets.status import StatusLines
from wizard.tui.widgets.topline import TopLine

HELP = """\
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

    HELP = HELP
    BINDINGS = [
        Binding("enter", "go", "Go on", priority=True, tooltip="Go to the highlighted dataset"),
        Binding("f", "fresh", "New install", tooltip="Set up another collection"),
        Binding("c", "app.credentials", "Logins", tooltip="Logins: kept where, test, clear"),
        Binding("l", "app.log", "Log", tooltip="What happened so far"),
    ]
    CSS_PATH = "resume.tcss"

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
        yield Footer(compact=True)

    def on_mount(self) -> None:
        """The list is at hand."""
        self.query_one(OptionList).focus()

    def show(self, snapshot: Snapshot) -> None:
        """Group the datasets."""
        self.query_one(StatusLines).show(snapshot, tuple(self.bridge.rates))
        self.query_one("#said", Static).update(
            Content("\n").join(filter(None, (sentence(snapshot), self._beside(snapshot))))
        )
        rows = tuple((view.id, view.state, _doing(snapshot, view)) for view in snapshot.datasets)
        if rows != self._rows:
            self._rows = rows
            self._fill(snapshot)

    def trouble(self, text: str) -> None:
        """Say it where the figures stand."""
        self.query_one(StatusLines).trouble(text)

    def on_option_list_option_selected(self) -> None:
        """A click goes on as well."""
        self.action_go()

    def action_go(self) -> None:
        """Open the wizard on the highlighted dataset."""
        from wizard.tui.screens.wizard import WizardPage

        listing = self.query_one(OptionList)
        place = listing.highlighted
        dataset = listing.get_option_at_index(place).id if place is not None else None
        page = WizardPage(start=dataset or "")
        self.wizard.push_screen(page)

    async def action_fresh(self) -> None:
        """Begin with another collection; this install stays as it is."""
        from wizard.tui.screens.collections import CollectionsPage

        collections = self.wizard.host.collections()
        self.wizard.push_screen(CollectionsPage(collections))

    def _beside(self, snapshot: Snapshot) -> Content:
        """Who works on it, where that is not this terminal, or how the last run ended."""
        session = self.wizard.open_session
        said = session.note
        if session.background and snapshot.running:
            said = f"You watch and steer the runner of {snapshot.runner}."
        return Content.styled(said, "$text-muted")

    def _fill(self, snapshot: Snapshot) -> None:
        listing = self.query_one(OptionList)
        chosen = listing.highlighted
        listing.clear_options()
        for title, states in GROUPS:
            views = [view for view in snapshot.datasets if view.state in states]
            if views:
                head = Content.styled(f"{title} ({len(views)})", "bold $text-primary")
                listing.add_option(Option(head, disabled=True))
                rows = [_row(snapshot, view, self.size.width - 6) for view in views]
                pairs = zip(views, rows, strict=True)
                listing.add_options([Option(row, id=view.id) for view, row in pairs])
        if chosen is not None and chosen < listing.option_count:
            listing.highlighted = chosen
        else:
            listing.action_first()


def sentence(snapshot: Snapshot) -> Content:
    """Where things stand, in a line or two."""
    done = sum(view.state == "done" for view in snapshot.datasets)
    total = len(snapshot.datasets)
    if snapshot.complete:
        return Content.styled("Everything is in place and checked. Enjoy.", "bold $text-success")
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
        if step.need is not None:
            return f"{name}: {step.need.ask}"
        if step.failures:
            return f"{name}: {step.failures[0].cause.replace('-', ' ')}"
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
        (f"{WORDS[view.state]:<9} {share:>4}  ", tone),
        (doing, "$text-muted"),
    )
