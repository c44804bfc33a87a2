"""Giving what a person has already, before anything runs: the form its step would show."""

from __future__ import annotations

from textual import on
from textual.app import ComposeResult
from textual.containers import VerticalScroll

from wizard.credentials.secret import Secret
from wizard.tui.modals.base import Modal
from wizard.tui.panes.forms import form_for
from wizard.tui.widgets.form import RequestForm
from wizard.views import Request

GivenValues = dict[str, Secret]


class HaveModal(Modal[GivenValues]):
    """Returns what was entered, as secrets; None leaves it for later."""

    DEFAULT_CSS = """
    HaveModal > .box { width: 72; height: auto; max-height: 100%; padding: 0 1; }
    """

    def __init__(self, address: str, request: Request) -> None:
        super().__init__()
        self._address = address
        self._request = request

    def compose(self) -> ComposeResult:
        """The form."""
        with VerticalScroll(classes="box") as box:
            box.border_title = "What you have already"
            box.border_subtitle = "Enter keeps, Esc leaves as is"
            yield form_for(self._address, self._request)

    @on(RequestForm.Ready)
    def _ready(self) -> None:
        """It can be typed at once."""
        self.query_one(RequestForm).focus_first()

    @on(RequestForm.Answered)
    def _answered(self, message: RequestForm.Answered) -> None:
        self.dismiss({name: Secret(value) for name, value in message.values.items()})
