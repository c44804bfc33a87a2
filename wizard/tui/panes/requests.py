"""The place in a pane where the form for the most pressing need stands."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Static

from wizard.tui.panes.forms import form_for
from wizard.tui.stages import Stage
from wizard.tui.widgets.form import RequestForm
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
