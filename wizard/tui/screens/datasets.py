"""Which collection, one card each; then which of its datasets."""

from __future__ import annotations

from rich.segment import Segment
from textual.app import ComposeResult
from textual.binding import Binding
from textual.content import Content
from textual.strip import Strip
from textual.widgets import OptionList, SelectionList, Static
from textual.widgets.option_list import Option
from textual.widgets.selection_list import Selection

from wizard import figures
from wizard.errors import UsageError
from wizard.recipes.model import Dataset, Recipe
from wizard.tui import sums
from wizard.tui.screens.base import FirstRunPage

_COLLECTIONS_HELP = """\
# Choose a collection

A collection is a set of datasets that are prepared together. Nothing is downloaded before you have
seen the plan and pressed Enter on the last page, so look around freely.
"""
_DATASETS_HELP = """\
# Choose datasets

**Space** takes a dataset in or out. **Enter** goes on. Left out, an install is called partial until
the dataset is added later; nothing has to be done twice for that.
"""


class CollectionsPage(FirstRunPage):
    """The first page of the first run."""

    PLACE = "Collection"
    ASK = "What would you like to set up?"
    HELP = _COLLECTIONS_HELP

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


class Checklist(SelectionList[str]):
    """The stock list, with its key told in the footer and boxes that need no colour."""

    BINDINGS = [Binding("space", "select", "In or out", tooltip="Take the dataset in or out")]

    def render_line(self, y: int) -> Strip:
        """A row whose box is ``[x]`` or ``[ ]``: the stock ones differ in colour alone."""
        strip = super().render_line(y)
        place = self.scroll_offset.y + y
        if place >= self.option_count:
            return strip
        row = list(strip)[3:]
        option = self.get_option_at_index(place)
        taken = option.disabled or option.value in self.selected
        return Strip([Segment("[x]" if taken else "[ ]", row[0].style), *row])


class DatasetsPage(FirstRunPage):
    """The third page of the first run."""

    PLACE = "Datasets"
    ASK = "Which datasets? All are needed for the complete collection."
    HELP = _DATASETS_HELP
    BINDINGS = [
        Binding("a", "all", "All", tooltip="Take all datasets in"),
        Binding("x", "clear", "None", tooltip="Take all out that may be left out"),
    ]

    def body(self) -> ComposeResult:
        """The list, what the highlighted one is, and the sum."""
        yield Checklist(classes="body")
        yield Static("", id="about", markup=False)
        yield Static("", id="sum")

    def on_mount(self) -> None:
        """Every dataset, chosen unless it was taken out before."""
        recipe = self.wizard.setup.recipe
        chosen = self.wizard.setup.only
        listing = self.query_one(SelectionList)
        for dataset in recipe.datasets if recipe else ():
            width = max(len(each.title) for each in recipe.datasets) if recipe else 0
            taken = dataset.required or not chosen or dataset.id in chosen
            listing.add_option(
                Selection(dataset_row(dataset, width), dataset.id, taken, disabled=dataset.required)
            )
        listing.focus()
        listing.action_first()
        self._sum()

    def on_selection_list_selection_highlighted(
        self, event: SelectionList.SelectionHighlighted[str]
    ) -> None:
        """Say what it is, and what an install without it lacks."""
        recipe = self.wizard.setup.recipe
        if recipe is not None:
            dataset = recipe.dataset(event.selection.value)
            lacks = f" Without it: {dataset.leaving_out}" if dataset.leaving_out else ""
            self.query_one("#about", Static).update(f"{dataset.about.strip()}{lacks}")

    def on_selection_list_selected_changed(self) -> None:
        """Keep the choice and sum it up."""
        self.wizard.setup.only = self._chosen()
        self._sum()

    def action_all(self) -> None:
        """All in."""
        self.query_one(SelectionList).select_all()

    def action_clear(self) -> None:
        """All out; required ones stay."""
        self.query_one(SelectionList).deselect_all()

    def action_next(self) -> None:
        """Go on with at least one."""
        recipe = self.wizard.setup.recipe
        chosen = self._chosen()
        wanted = [d for d in recipe.datasets if d.id in chosen and not d.required] if recipe else []
        if not wanted:
            self.fault(UsageError("no dataset is chosen", hint="Space takes one in"))
            return
        self.fault(None)
        self.wizard.setup.only = chosen
        self.wizard.go("plan")

    def _chosen(self) -> tuple[str, ...]:
        recipe = self.wizard.setup.recipe
        taken = set(self.query_one(SelectionList).selected)
        return tuple(d.id for d in recipe.datasets if d.id in taken or d.required) if recipe else ()

    def _sum(self) -> None:
        recipe = self.wizard.setup.recipe
        if recipe is None:
            return
        chosen = [recipe.dataset(name) for name in self._chosen()]
        fetch = figures.size(sum(map(sums.fetch_bytes, chosen)))
        disk = figures.size(sum(map(sums.disk_bytes, chosen)))
        free = [dataset for dataset in recipe.datasets if not dataset.required]
        taken = [dataset for dataset in chosen if not dataset.required]
        said = f"{len(taken)} of {len(free)} chosen"
        partial = "  partial install" if len(taken) < len(free) else ""
        self.query_one("#sum", Static).update(
            Content.assemble(
                (said, "bold"), f": {fetch} to download, {disk} on disk", (partial, "$text-warning")
            )
        )


def dataset_row(dataset: Dataset, width: int) -> Content:
    """Title, size, way of access, wait."""
    request = dataset.request
    wait = f", {sums.short(request.wait)}" if request and request.wait_days >= 1 else ""
    fetch = sums.fetch_bytes(dataset)
    how = f"{sums.access(dataset)}{wait}" if fetch else "made from the others"
    how = "always included" if dataset.required else how
    size = figures.size(fetch) if fetch else ""
    return Content.assemble(f"{dataset.title:<{width}} {size:>9}  ", (how, "$text-muted"))
