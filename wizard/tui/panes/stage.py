"""The pane of any stage: what it needs, what it does, what went wrong, what comes after."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import Vertical, VerticalScroll
from textual.content import Content
from textual.message import Message
from textual.widgets import Static

from wizard.tui.panes.forms import form_for
from wizard.tui.stages import Focus, Stage
from wizard.tui.widgets.failures import FailureList, Waits
from wizard.tui.widgets.form import RequestForm
from wizard.tui.widgets.meter import StepList
from wizard.tui.widgets.transfers import TransferList
from wizard.views import Request


class RequestPanel(Vertical):
    """Mounts a form when a step asks, keeps it while it asks the same, removes it after."""

    DEFAULT_CSS = """
    RequestPanel { height: auto; & > #more { color: $text-muted; display: none; } }
    """

    def __init__(self) -> None:
        super().__init__()
        self._shown: tuple[str, Request] | None = None
        self._asked: dict[str, str] = {}
        """The first question of each step; another one says what was wrong with the answer."""
        self._typed: dict[str, dict[str, str]] = {}
        """What was entered last and is no secret, by login site or step."""

    def compose(self) -> ComposeResult:
        """Only the line that says how many more there are."""
        yield Static("", id="more", markup=False)

    @property
    def form(self) -> RequestForm | None:
        """The form that stands here, if any."""
        return next(iter(self.query(RequestForm)), None)

    @property
    def ready(self) -> bool:
        """Whether the form is there with all its fields."""
        return self.form is not None and self.form.is_mounted

    def show(self, stage: Stage) -> None:
        """Follow the stage's first need; what is typed stays while the question stays."""
        asked = stage.request
        more = self.query_one("#more", Static)
        more.display = stage.dependencies > 1
        if more.display:
            more.update(f"{stage.dependencies - 1} more to answer after this one")
        if asked == self._shown:
            return
        had_focus = self.form is not None and self.form.has_focus_within
        self._put_away()
        self._shown = asked
        if asked is not None:
            form = self._form(*asked)
            self.mount(form, before=0)
            if had_focus:
                self.call_after_refresh(form.focus_first)

    def _put_away(self) -> None:
        """Remove the form, and keep what was entered in case the answer is refused."""
        if self.form is not None and self._shown is not None:
            self._typed[_place(*self._shown)] = self.form.open_values()
            self.form.remove()

    def _form(self, address: str, request: Request) -> RequestForm:
        form = form_for(address, request)
        refused = self._asked.setdefault(address, request.ask) != request.ask
        form.take_over(self._typed.get(_place(address, request), {}), refused=refused)
        return form

    def copyable(self) -> str:
        """What to copy from the form."""
        return self.form.copyable() if self.form else ""

    def page(self) -> str:
        """The page of the need."""
        return self._shown[1].page if self._shown else ""


def _place(address: str, request: Request) -> str:
    """What an answer belongs to: archives of one site share a login."""
    return request.site or address


class StagePane(VerticalScroll):
    """One stage of one dataset, updated in place; what is empty takes no room.

    What it waits for, its request, transfers, steps and failures.
    """

    DEFAULT_CSS = """
    StagePane { height: 1fr; padding: 0 1 0 0; scrollbar-size-vertical: 1; }
    StagePane > .words, StagePane > .after { margin-bottom: 1; display: none; }
    """

    class Settled(Message):
        """All its parts are there."""

    _focus: Focus | None = None
    _eager = False

    def compose(self) -> ComposeResult:
        """Every part; ``show`` decides what is seen."""
        yield Waits()
        yield Static("", classes="words")
        yield RequestPanel()
        yield TransferList()
        yield StepList()
        yield FailureList()
        yield Static("", classes="after")

    def words(self, focus: Focus) -> Content | None:
        """What to say above everything else."""
        return None

    def after(self, focus: Focus) -> Content | None:
        """What to say below everything else."""
        return None

    def show(self, focus: Focus) -> None:
        """Draw what changed, at once or as soon as the parts are there."""
        if self._focus is not None and self._focus.dataset != focus.dataset:
            self.scroll_home(animate=False)
        self._focus = focus
        if self.is_mounted:
            self._draw(focus)

    def on_mount(self) -> None:
        """Draw what came in before the parts were there."""
        if self._focus is not None:
            self._draw(self._focus)
        self.post_message(self.Settled())

    @property
    def ready(self) -> bool:
        """Whether everything it shows is there, so that nobody sees half a pane."""
        return self.is_mounted and (self.form is None or self.form.is_mounted)

    @on(RequestForm.Ready)
    def _form_ready(self) -> None:
        self.post_message(self.Settled())
        if self._eager:
            self._focus_now()

    def focus_soon(self) -> bool:
        """Put the cursor where something can be done, as soon as that is on screen.

        False when there is nothing to do here.
        """
        stage = self._focus.stage if self._focus else None
        wanted = stage is not None and bool(stage.request or stage.waits_for)
        self._eager = wanted
        if wanted and self.is_mounted:
            self._focus_now()
        return wanted

    def _focus_now(self) -> None:
        task, waits = self.query_one(RequestPanel), self.query_one(Waits)
        if task.ready and task.form is not None:
            task.form.focus_first()
        elif waits.display:
            waits.focus_first()
        else:
            return
        self._eager = False

    def _draw(self, focus: Focus) -> None:
        self.query_one(Waits).show(focus.stage.waits_for, focus.snapshot)
        self._say(".words", self.words(focus))
        self.query_one(RequestPanel).show(focus.stage)
        self.query_one(TransferList).show(focus.transfers)
        covered = frozenset(view.address for view in focus.transfers)
        asked = focus.stage.request[0] if focus.stage.request else ""
        steps = tuple(step for step in focus.stage.steps if step.address not in {*covered, asked})
        self.query_one(StepList).show(steps)
        self.query_one(FailureList).show(focus.stage.failures)
        self._say(".after", self.after(focus))
        if self._eager:
            self._focus_now()

    def copyable(self) -> str:
        """From the form."""
        return self.query_one(RequestPanel).copyable()

    def page(self) -> str:
        """From the form."""
        return self.query_one(RequestPanel).page()

    @property
    def form(self) -> RequestForm | None:
        """The form that waits for an answer, if any."""
        return self.query_one(RequestPanel).form

    def _say(self, place: str, words: Content | None) -> None:
        said = self.query_one(place, Static)
        if said.display != (words is not None):
            said.display = words is not None
        if words is not None and said.content != words:
            said.update(words)
