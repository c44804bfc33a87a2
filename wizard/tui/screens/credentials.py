"""Logins: where they are kept and why, entering, testing, clearing, and the proof of it."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Vertical
from textual.content import Content
from textual.widgets import Input, OptionList, Static
from textual.widgets.option_list import Option

from wizard.app.logins import fields_of, keep_login, place_of
from wizard.credentials.secret import Secret
from wizard.engine.remote.protocol import AnyCommand, ClearLogins, KeepLogin
from wizard.errors import WizardError
from wizard.recipes.model import Site
from wizard.tui.crash import in_thread
from wizard.tui.glyphs import glyphs
from wizard.tui.modals import ConfirmModal, Modal
from wizard.tui.screens.base import BACK, Page
from wizard.tui.widgets.field import TextField
from wizard.tui.widgets.keyline import KeyLine, TopLine

Login = dict[str, Secret]
_WORDS = {"user": "user name or mail address", "password": "password", "token": "access token"}
_HELP = """\
# Logins

Passwords are kept in the system's keyring where there is one, and otherwise in memory until the run
ends. They are never written to logs, never shown, and sent only to their own site.

**Enter** sets a login, **t** tests it at the site, **x** clears one, **shift+x** clears everything
and proves it: every place is read again afterwards.
"""


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


class CredentialsPage(Page):
    """One row per site that asks for a login."""

    HELP = _HELP
    BINDINGS = [
        Binding("enter", "set", "Set", priority=True, tooltip="Enter a login"),
        Binding("t", "test", "Test", tooltip="Log in at the site to see whether it works"),
        Binding("x", "clear", "Clear", tooltip="Clear the login of this site"),
        Binding("X", "clear_all", "Clear all", key_display="X", tooltip="Clear everything kept"),
        BACK,
    ]

    def __init__(self) -> None:
        super().__init__()
        self._sites: tuple[Site, ...] = ()

    def compose(self) -> ComposeResult:
        """The store, the sites, what came of the last key."""
        session = self.wizard.open_session
        self._sites = session.recipe.sites
        yield TopLine(f"{session.recipe.title}, logins", str(session.dest))
        yield Static("Looking for a keyring…", id="store", markup=False)
        yield OptionList(markup=False)
        yield Static("", id="said")
        yield KeyLine()

    def on_mount(self) -> None:
        """Look at the store without holding up the screen."""
        self.query_one(OptionList).focus()
        self.run_worker(self._refresh(), group="look", exclusive=True)

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """Nothing to set where no site asks."""
        return True if self._sites or action not in ("set", "test", "clear") else None

    def action_set(self) -> None:
        """Ask for the login of the highlighted site."""
        if site := self._site():
            self.app.push_screen(LoginModal(site.title, fields_of(site)), self._entered)

    def action_test(self) -> None:
        """Try the login at the site."""
        if site := self._site():
            self._say(f"Logging in at {site.title}…", "$text-muted")
            self.run_worker(self._test(site), group="test", exclusive=True)

    def action_clear(self) -> None:
        """Clear one, after asking."""
        if site := self._site():
            ask = f"Clear the login of {site.title}?"
            modal = ConfirmModal("Clear", ask, yes="Clear it")
            self.app.push_screen(modal, lambda sure: self._sure(sure, site.id))

    def action_clear_all(self) -> None:
        """Clear everything, after asking."""
        ask = "Clear every login, link and cookie that is kept?"
        self.app.push_screen(ConfirmModal("Clear all", ask, yes="Clear everything"), self._sure)

    def _site(self) -> Site | None:
        place = self.query_one(OptionList).highlighted
        return self._sites[place] if place is not None and self._sites else None

    def _sure(self, sure: bool | None, site: str | None = None) -> None:
        if sure:
            self.run_worker(self._clear(site), group="clear", exclusive=True)

    def _entered(self, login: Login | None) -> None:
        site = self._site()
        if login is not None and site is not None:
            self.run_worker(self._keep(site, login), group="keep", exclusive=True)

    async def _keep(self, site: Site, login: Login) -> None:
        vault = self.wizard.open_session.vault

        def keep() -> str:
            return keep_login(vault, site.id, login)

        try:
            place = await in_thread(keep)
        except WizardError as error:
            self._fault(error)
            return
        values = {name: secret.reveal() for name, secret in login.items()}
        handed = await self._hand_over(KeepLogin(site=site.id, values=values))
        sign = glyphs().states["done"]
        self._say(f"{sign} Kept in {place}. Press t to test it.{handed}", "$text-success")
        await self._refresh()

    async def _hand_over(self, command: AnyCommand) -> str:
        """Tell a runner in another process, whose vault is its own; returns a sentence."""
        bridge = self.wizard.bridge
        if bridge is None or not self.wizard.open_session.background:
            return ""
        reply = await bridge.ask(command)
        return "\nThe runner has been told." if reply.ok else f"\nBut not the runner: {reply.text}."

    async def _test(self, site: Site) -> None:
        session = self.wizard.open_session
        reply = await in_thread(lambda: self.wizard.host.test_login(session, site))
        sign = glyphs().states["done" if reply.ok else "failed"]
        said = ". ".join(filter(None, (reply.text.rstrip("."), reply.hint)))
        self._say(f"{sign} {said}", "$text-success" if reply.ok else "$text-error")

    async def _clear(self, site: str | None) -> None:
        vault = self.wizard.open_session.vault
        try:
            places = await in_thread(lambda: vault.clear(site))
        except WizardError as error:
            self._fault(error)
            return
        sign = glyphs().states["done"]
        proof = [f"  {sign} {place}" for place in places] or ["  nothing was kept"]
        head = "Cleared, and every place read again to prove it:"
        handed = await self._hand_over(ClearLogins(site=site or ""))
        self._say("\n".join([head, *proof]) + handed, "$text-success")
        await self._refresh()

    async def _refresh(self) -> None:
        vault = self.wizard.open_session.vault
        words = await in_thread(vault.describe)
        where = await in_thread(lambda: [place_of(vault, site) for site in self._sites])
        if not self.is_attached:
            return
        self.query_one("#store", Static).update(words)
        listing = self.query_one(OptionList)
        chosen = listing.highlighted
        listing.clear_options()
        pairs = zip(self._sites, where, strict=True)
        listing.add_options([Option(_row(site, place)) for site, place in pairs])
        if not self._sites:
            self._say("No dataset of this collection asks for a login.", "$text-muted")
        listing.highlighted = chosen if chosen is not None else 0
        self.refresh_bindings()

    def _fault(self, error: WizardError) -> None:
        said = ". ".join(filter(None, (str(error), error.hint)))
        self._say(f"{glyphs().states['failed']} {said}", "$text-error")

    def _say(self, text: str, tone: str) -> None:
        if self.is_attached:
            self.query_one("#said", Static).update(Content.styled(text, tone))


def _row(site: Site, place: str) -> Content:
    signs = glyphs().states
    if place:
        state = (f"{signs['done']} kept in {place}", "$text-success")
    else:
        state = (f"{signs['todo']} nothing kept", "$text-muted")
    return Content.assemble((f"{site.title:<20} ", "bold"), state)
