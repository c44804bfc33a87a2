"""What to read before the start, what the taxonomies mean, and the start itself."""

from __future__ import annotations

from collections.abc import Iterator

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.widgets import Static

from wizard.errors import WizardError
from wizard.recipes.model import Recipe
from wizard.tui import asked
from wizard.tui.crash import in_thread
from wizard.tui.screens.first import FirstRunPage

HELP = """\
# Reading

The people who made the collection ask everybody to read these first. Where it has taxonomies of its
own, what their names stand for comes below.

**Enter** starts. Free downloads begin at once; each licence is shown before its dataset is fetched.
"""


class ReadingPage(FirstRunPage):
    """The last page of the first run."""

    PLACE = "Reading"
    ASK = "Please read this first. Then press Enter to start."
    HELP = HELP
    BINDINGS = [
        Binding("enter", "next", "Start", priority=True, tooltip="Start the run"),
        Binding("y", "copy", "Copy links", tooltip="Copy the addresses to read"),
    ]
    CSS_PATH = ["first.tcss", "reading.tcss"]

    def body(self) -> ComposeResult:
        """One long page."""
        recipe = self.wizard.choices.recipe
        with VerticalScroll(classes="body"):
            yield from pages(recipe) if recipe else ()

    def on_mount(self) -> None:
        """Arrow keys scroll at once."""
        self.query_one(VerticalScroll).focus()

    def action_copy(self) -> None:
        """All addresses, one a line."""
        recipe = self.wizard.choices.recipe
        if recipe is not None:
            self.wizard.copy_text("\n".join(page.url for page in recipe.reading))

    def action_next(self) -> None:
        """Start."""
        self.run_worker(self._start(), group="start", exclusive=True)

    async def _start(self) -> None:
        from wizard.tui.screens.wizard import WizardPage

        recipe, plan = self.wizard.choices.recipe, self.wizard.choices.plan
        if recipe is None or plan is None or self.wizard.session is not None:
            return
        try:
            session = await in_thread(lambda: self.wizard.host.begin(recipe, plan))
        except WizardError as error:
            self.fault(error)
            return
        if self.wizard.choices.asked:
            asked.note(session.dest, self.wizard.choices.asked)
        self.wizard.open(session)
        self.wizard.push_screen(WizardPage())


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
