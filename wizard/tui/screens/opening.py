"""The first moment: look at what is there, then go on with it or begin anew."""

from __future__ import annotations

from pathlib import Path

from textual.app import ComposeResult
from textual.containers import Center, Middle
from textual.widgets import Static

from wizard.errors import LeaseError, WizardError
from wizard.recipes.model import Recipe
from wizard.tui.crash import in_thread
from wizard.tui.host import Session
from wizard.tui.screens.base import Page


class OpeningPage(Page):
    """Seen for a blink, or longer when a disk or keyring is slow."""

    HELP = "# Opening\n\nLooking for an install to go on with."
    CSS_PATH = "opening.tcss"

    def compose(self) -> ComposeResult:
        """One line."""
        with Middle(), Center():
            yield Static("Looking at what is there…", id="said", markup=False)

    def on_mount(self) -> None:
        """Look without holding up the screen."""
        self.run_worker(self._open(), group="opening", exclusive=True)

    async def _open(self) -> None:
        # The engine is imported only now, behind the first frame.
        host = await in_thread(lambda: self.wizard.host)
        choices = self.wizard.choices
        collections = await in_thread(host.collections)
        dest = choices.dest or await in_thread(host.last_dest)
        if dest is not None and not choices.collection and await in_thread(lambda: host.find(dest)):
            await self.reopen(dest)
            return
        self.begin(collections)

    async def reopen(self, dest: Path) -> None:
        """Go on with an install; a fault is said and leads to a new one."""
        try:
            session = await in_thread(lambda: self.wizard.host.reopen(dest))
        except LeaseError as error:
            self.push_held(dest, error)
            return
        except WizardError as error:
            said = ". ".join(filter(None, (str(error), error.hint)))
            self.notify(said, severity="error", timeout=20)
            self.begin(await in_thread(self.wizard.host.collections))
            return
        self.resume(session)

    def push_held(self, dest: Path, error: LeaseError) -> None:
        """Show who holds the install."""
        from wizard.tui.screens.held import HeldPage

        self.wizard.push_screen(HeldPage(dest, error))

    def resume(self, session: Session) -> None:
        """Show what is left of an install."""
        from wizard.tui.screens.resume import ResumePage

        self.wizard.open(session)
        self.wizard.push_screen(ResumePage())

    def begin(self, collections: tuple[Recipe, ...]) -> None:
        """Ask for a collection, unless one was named."""
        from wizard.tui.screens.collections import CollectionsPage
        from wizard.tui.screens.destination import DestinationPage

        self.wizard.push_screen(CollectionsPage(collections))
        named = [recipe for recipe in collections if recipe.id == self.wizard.choices.collection]
        if named:
            self.wizard.choices.choose(named[0])
            self.wizard.push_screen(DestinationPage())
