"""One form per kind of need."""

from __future__ import annotations

import time
from types import MappingProxyType

from textual.app import ComposeResult
from textual.content import Content
from textual.events import Paste
from textual.widgets import Input, Static

from wizard.app.bringing import clean, read_base_address, read_link, validity
from wizard.errors import UsageError
from wizard.tui.widgets.field import TextField
from wizard.tui.widgets.form import RequestForm
from wizard.views import Request, RequestKind


def pasted(text: str) -> str:
    """The link in a pasted text; text without one comes back as one line, nothing lost."""
    try:
        return clean(text)
    except UsageError:
        return "".join(line.strip() for line in text.splitlines())


def link_facts(text: str, now: float) -> tuple[str, bool]:
    """What may be shown of a link, host, file and expiry, and whether it looks usable."""
    try:
        link = read_link(text)
    except UsageError as error:
        return f"{error.message}: {error.hint}", False
    valid = validity(link, size=0, rate=None, now=now)
    return f"{link.shown()}. {valid.words()}", not valid.expired


class UrlInput(TextField):
    """Takes a whole pasted link, where the stock input keeps only its first line."""

    def _on_paste(self, event: Paste) -> None:
        event.stop()
        event.prevent_default()
        text = self.pasted(event.text)
        if "://" in text:
            self.value = text
            self.cursor_position = len(text)
        elif text:
            self.insert_text_at_cursor(text)

    def pasted(self, text: str) -> str:
        """What to keep of a pasted text."""
        return pasted(text)

    def facts(self) -> tuple[str, bool]:
        """What may be shown of what is entered, and whether it looks usable."""
        return link_facts(self.value, time.time()) if self.value.strip() else ("", False)


class BaseUrlInput(UrlInput):
    """Takes a base address, or the whole mailed script; its folder is secret and not repeated."""

    def pasted(self, text: str) -> str:
        """The address, out of a script as well."""
        try:
            return read_base_address(text).address.reveal()
        except UsageError:
            return pasted(text)

    def facts(self) -> tuple[str, bool]:
        """The host alone."""
        if not self.value.strip():
            return "", False
        try:
            return f"An address on {read_base_address(self.value).host}.", True
        except UsageError as error:
            return f"{error.message}: {error.hint}", False


class TermsForm(RequestForm):
    """Accept a licence."""

    TITLE = "Read and accept"
    BUTTON = "I accept these terms"
    READ_FIRST = True

    def values(self) -> dict[str, str]:
        """The account on this machine signs."""
        return {"accepted_by": ""}


class AccountForm(RequestForm):
    """User name and a password nobody sees."""

    TITLE = "Log in"
    BUTTON = "Log in"

    def fields(self) -> ComposeResult:
        """Two inputs, the second hidden."""
        yield TextField(self.before("user"), placeholder="user name or mail address", id="user")
        yield TextField(placeholder="password, hidden while you type", password=True, id="password")

    def values(self) -> dict[str, str] | None:
        """Both, or a word on what is missing."""
        user = self.query_one("#user", Input).value.strip()
        password = self.query_one("#password", Input).value
        if not user or not password:
            self.say("Both the user name and the password are needed.", "$text-warning")
            return None
        return {"user": user, "password": password}


class TokenForm(RequestForm):
    """An access token."""

    TITLE = "Access token"
    BUTTON = "Use this token"

    def fields(self) -> ComposeResult:
        """One hidden input."""
        yield TextField(placeholder="token, hidden while you type", password=True, id="token")

    def values(self) -> dict[str, str] | None:
        """The token."""
        token = self.query_one("#token", Input).value.strip()
        if not token:
            self.say("Paste the token first.", "$text-warning")
            return None
        return {"token": token}


class LinkForm(RequestForm):
    """A link that came by mail or was copied in a browser."""

    TITLE = "Paste the link"
    BUTTON = "Use this link"
    FIELD = "link"
    INPUT: type[UrlInput] = UrlInput
    HINT = "paste the link here"
    HELPS = "Line breaks, quotes and wget are taken off."

    def fields(self) -> ComposeResult:
        """The link, and what it says of itself."""
        yield self.INPUT(placeholder=self.HINT, id="link")
        yield Static(Content.styled(self.HELPS, "$text-muted"), id="facts")

    def on_input_changed(self, event: Input.Changed) -> None:
        """Say host, file and expiry while the link is there to be looked at."""
        event.stop()
        self.hush()
        said, usable = self.query_one(UrlInput).facts()
        tone = "$text-accent" if usable else "$text-warning" if said else "$text-muted"
        self.query_one("#facts", Static).update(Content.styled(said or self.HELPS, tone))

    def values(self) -> dict[str, str] | None:
        """The link, if it is one."""
        field = self.query_one(UrlInput)
        said, usable = field.facts()
        if not usable:
            self.say("Not sent." if said else "Paste it first.", "$text-warning")
            return None
        return {self.FIELD: field.value.strip()}


class BaseUrlForm(LinkForm):
    """The address a mailed script downloads from."""

    TITLE = "Paste the address"
    BUTTON = "Use this address"
    FIELD = "base-url"
    INPUT = BaseUrlInput
    HINT = "paste the address here"
    HELPS = "It stands after BASE_URL= in the script; the whole script will do."


class FileForm(RequestForm):
    """A file fetched by hand: upload it to the inbox, or say where it is."""

    TITLE = "Bring the file"
    BUTTON = "Use this file"

    def fields(self) -> ComposeResult:
        """A path on this machine."""
        yield TextField(placeholder="or the path of the file on this machine", id="path")

    def values(self) -> dict[str, str] | None:
        """The path."""
        path = self.query_one("#path", Input).value.strip().strip("'\"")
        if not path:
            self.say("Upload the file, or type where it is.", "$text-warning")
            return None
        return {"path": path}


class SpaceForm(RequestForm):
    """Too little room: nothing to type, only to go on once there is more."""

    TITLE = "More room is needed"
    BUTTON = "Look again"


class ChoiceForm(RequestForm):
    """A question with a written answer."""

    TITLE = "Your choice"
    BUTTON = "Yes, use it"

    def values(self) -> dict[str, str]:
        """Consent."""
        return {"choice": "yes"}


FORMS: MappingProxyType[RequestKind, type[RequestForm]] = MappingProxyType(
    {
        "terms": TermsForm,
        "login": AccountForm,
        "token": TokenForm,
        "link": LinkForm,
        "base-url": BaseUrlForm,
        "browser": FileForm,
        "space": SpaceForm,
        "choice": ChoiceForm,
    }
)


def form_for(address: str, request: Request) -> RequestForm:
    """The form that answers a need."""
    return FORMS[request.kind](address, request)
