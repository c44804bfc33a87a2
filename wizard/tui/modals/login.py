"""Entering a login; what is typed leaves this box only as ``Secret``s."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.containers import Vertical
from textual.widgets import Input, Static

from wizard.credentials.secret import Secret
from wizard.tui.modals.base import Modal
from wizard.tui.widgets.field import TextField

Login = dict[str, Secret]
_WORDS = {"user": "user name or mail address", "password": "password", "token": "access token"}


class LoginModal(Modal[Login]):
    """Returns one secret per field."""

    DEFAULT_CSS = """
    LoginModal > .box {
        width: 56;
        & Input { margin-bottom: 1; }
    }
    """

    def __init__(self, site: str, fields: tuple[str, ...]) -> None:
        super().__init__()
        self._site = site
        self._fields = fields

    def compose(self) -> ComposeResult:
        """One input per field, hidden where it is secret."""
        with Vertical(classes="box") as box:
            box.border_title = f"Login at {self._site}"
            box.border_subtitle = "Enter keeps, Esc leaves as is"
            for name in self._fields:
                hidden = name != "user"
                words = f"{_WORDS[name]}, hidden while you type" if hidden else _WORDS[name]
                yield TextField(placeholder=words, password=hidden, id=name)
            yield Static("", id="missing")

    def on_input_submitted(self) -> None:
        """Done, or back to what is empty."""
        empty = [field for field in self.query(Input) if not field.value.strip()]
        if not empty:
            self.dismiss({str(field.id): Secret(field.value) for field in self.query(Input)})
        else:
            self.screen.set_focus(empty[0])
