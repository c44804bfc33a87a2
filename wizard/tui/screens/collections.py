"""Which collection: one card each, with size, datasets and waiting time."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard import figures
from wizard.recipes.model import Recipe
from wizard.tui import sums
from wizard.tui.screens.first import FirstRunPage

_HELP = """\
# Choose a collection

A collection is a set of datasets that are prepared together. Nothing is downloaded before you have
seen the plan and pressed Enter on the last page, so look around freely.
"""


class CollectionsPage(FirstRunPage):
    """The first page of the first run."""

    PLACE = "Collection"
    ASK = "What would you like to set up?"
    HELP = _HELP

    def body(self) -> ComposeResult:
        """The cards."""
        cards = [Option(card(recipe), id=recipe.id) for recipe in self.wizard.setup.known]
        yield OptionList(*cards, classes="body", markup=False)
        yield Static("", id="about", markup=False)

    def on_mount(self) -> None:
        """The first card is at hand."""
        self.query_one(OptionList).focus()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Say what the highlighted collection is."""
        about = self.wizard.setup.known[event.option_index].about
        self.query_one("#about", Static).update(" ".join(about.split()))

    def on_option_list_option_selected(self) -> None:
        """A click chooses."""
        self.action_next()

    def action_next(self) -> None:
        """Take the highlighted collection."""
        place = self.query_one(OptionList).highlighted
        if place is not None:
            self.wizard.setup.choose(self.wizard.setup.known[place])
            self.wizard.go("destination")


def card(recipe: Recipe) -> Content:
    """Title and what it costs."""
    fetch = sum(sums.fetch_bytes(dataset) for dataset in recipe.datasets)
    facts = [figures.count(sum(not each.required for each in recipe.datasets), "dataset")]
    facts += [f"{figures.size(fetch)} to download"] if fetch else []
    wait = sums.longest_wait(recipe)
    facts += [f"longest licence wait: {wait}" if wait else "no long wait for licences"]
    return Content.assemble(
        (recipe.title, "bold $text-primary"), "\n", (", ".join(facts), "$text-muted"), "\n"
    )
