"""What to read before the start, what the taxonomies mean, and the start itself."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from wizard.app import machine
from wizard.engine.remote.protocol import Answer, RunnerClient
from wizard.errors import WizardError
from wizard.recipes.model import Recipe
from wizard.tui.crash import in_thread
from wizard.tui.screens.base import FirstRunPage
from wizard.tui.shell import Setup

_HELP = """\
# Reading

The people who made the collection ask everybody to read these first. Where it has taxonomies of its
own, what their names stand for comes below.

**Enter** starts. Free downloads whose terms you accepted begin at once.
"""


class ReadingPage(FirstRunPage):
    """The last page of the first run."""

    PLACE = "Reading"
    ASK = "Please read this first. Then press Enter to start."
    HELP = _HELP
    BINDINGS = [
        Binding("enter", "next", "Start", priority=True, tooltip="Start the run"),
        Binding("y", "copy", "Copy links", tooltip="Copy the addresses to read"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._started = False

    def body(self) -> ComposeResult:
        """One long page."""
        recipe = self.wizard.setup.recipe
        with VerticalScroll(classes="body"):
            yield from pages(recipe) if recipe else ()

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one(VerticalScroll).focus()

    def action_copy(self) -> None:
        """All addresses, one a line."""
        recipe = self.wizard.setup.recipe
        if recipe is not None:
            self.wizard.copy_text("\n".join(page.url for page in recipe.reading))

    def action_next(self) -> None:
        """Start."""
        self.run_worker(self._start(), group="start", exclusive=True)

    async def _start(self) -> None:
        recipe, plan = self.wizard.setup.recipe, self.wizard.setup.plan
        if recipe is None or plan is None or self._started:
            return
        self._started = True
        host, before = self.wizard.host, self.wizard.session
        try:
            if before is not None and str(before.dest) == plan.dest:
                session = await in_thread(lambda: host.add(before, recipe, plan))
            else:
                session = await in_thread(lambda: host.begin(recipe, plan))
        except WizardError as error:
            self._started = False
            self.fault(error)
            return
        await in_thread(lambda: hand_in(session.link, self.wizard.setup))
        if self.wizard.setup.asked:
            machine.note_asked(session.dest, self.wizard.setup.asked)
        self.wizard.follow(session)
        self.wizard.go("wizard")


def hand_in(link: RunnerClient, setup: Setup) -> None:
    """Give what was given before the start, each where it is asked for, then the signatures.

    What is not taken is asked for again. Signatures come last: they open the way.
    """
    while setup.given:
        address, secrets = setup.given.popitem()
        values = {name: secret.reveal() for name, secret in secrets.items()}
        link.send(Answer(address=address, values=values))
    for each in setup.signed:
        values = {"accepted_by": setup.signature}
        link.send(Answer(address=each.address, values=values))


def pages(recipe: Recipe) -> Iterator[Static]:
    """The reading list, then the taxonomies."""
    for place, page in enumerate(recipe.reading, 1):
        yield Static(Content.styled(f"{place}. {page.title}", "bold"))
        yield Static(page.why, classes="said", markup=False)
        yield Static(page.url, classes="address", markup=False)
    if recipe.taxonomies:
        yield Static("What the names stand for", classes="title")
    for taxonomy in recipe.taxonomies:
        classes = (f"  {taxonomy.classes} classes", "$text-muted")
        yield Static(Content.assemble((taxonomy.name, "bold"), classes))
        yield Static(taxonomy.about, classes="said", markup=False)
    if not (recipe.reading or recipe.taxonomies):
        yield Static("There is nothing to read for this collection.")
