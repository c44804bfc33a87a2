"""Sources: every archive and address, when it was last seen, and what it says now if asked."""

from __future__ import annotations

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import VerticalScroll
from textual.content import Content
from textual.timer import Timer
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard import figures
from wizard.app.sources import SourceAddress, SourceRow, standing_words
from wizard.errors import WizardError
from wizard.recipes.model import Recipe
from wizard.tui.crash import in_thread
from wizard.tui.glyphs import TONES, glyphs
from wizard.tui.screens.base import BACK, Page
from wizard.tui.widgets.keyline import KeyLine, TopLine
from wizard.views import State

_HELP = """\
# Sources

Where every archive comes from, and when each address was last reported alive or gone, and by whom.

**Enter** asks every address for the head of its file, a few hosts at a time. Nothing is fetched and
no login is used, so addresses behind one say only that. A dead address is known today, then, and
not in the middle of the night; what no address gives is best brought by hand.
"""
_WIDE = 70
"""Width from which all rows give their last words the same room."""
_WORDS = 25
_STATES: dict[str, State] = {
    "had": "done",
    "lost": "failed",
    "person": "waiting",
    "unasked": "todo",
}


class SourcesPage(Page):
    """The archives of an install, or of a plan."""

    HELP = _HELP
    BINDINGS = [
        Binding("enter", "check", "Check all", priority=True, tooltip="Ask every address"),
        Binding("y", "copy", "Copy", tooltip="Copy the addresses of the highlighted archive"),
        BACK,
    ]

    def __init__(self) -> None:
        super().__init__()
        self._rows: tuple[SourceRow, ...] = ()
        self._asked = 0
        self._timer: Timer | None = None

    def compose(self) -> ComposeResult:
        """The sum, the archives, the addresses of one."""
        yield TopLine(f"{self._recipe.title}, sources")
        yield Static("Looking them up…", id="sum", markup=False)
        yield OptionList(classes="framed", markup=False)
        with VerticalScroll(id="detail", classes="framed"):
            yield Static("", id="said")
        yield KeyLine()

    def on_mount(self) -> None:
        """List them without holding up the screen."""
        self.query_one(OptionList).focus()
        self.run_worker(self._list(), group="list", exclusive=True)

    def fit(self) -> bool:
        """Fit the rows to the width of their list."""
        self._fill()
        return True

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show its addresses."""
        self._show(event.option_index)

    def action_check(self) -> None:
        """Ask every address, once."""
        if self._timer is None and self._rows:
            self._asked = 0
            self._timer = self.set_interval(1.0, self._count)
            self._count()
            self.run_worker(self._check(), group="check", exclusive=True)

    def action_copy(self) -> None:
        """The addresses, one a line."""
        place = self.query_one(OptionList).highlighted
        if place is not None and self._rows:
            self.wizard.copy_text("\n".join(each.url for each in self._rows[place].addresses))

    @property
    def _recipe(self) -> Recipe:
        session, chosen = self.wizard.session, self.wizard.setup.recipe
        recipe = session.recipe if session is not None else chosen
        if recipe is None:
            message = "no collection is chosen"
            raise RuntimeError(message)
        return recipe

    async def _list(self) -> None:
        recipe, host = self._recipe, self.wizard.host
        self._rows = await in_thread(lambda: host.sources(recipe))
        self._fill()

    async def _check(self) -> None:
        rows, host = self._rows, self.wizard.host
        try:
            self._rows = await in_thread(lambda: host.ask_sources(rows, self._told))
        except WizardError as error:
            self.say(str(error), "$text-error")
        finally:
            if self._timer is not None:
                self._timer.stop()
            self._timer = None
        if self.is_attached:
            self._fill()

    def _told(self) -> None:
        """One more answered; called by the threads that ask."""
        self._asked += 1

    def _count(self) -> None:
        total = sum(len(row.addresses) for row in self._rows)
        said = f"Asking: {self._asked} of {figures.count(total, 'address', 'addresses')} answered."
        self.query_one("#sum", Static).update(said)

    def _fill(self) -> None:
        if not self._rows:
            return
        listing = self.query_one(OptionList)
        place = listing.highlighted
        listing.clear_options()
        width = max(20, listing.size.width - 4)
        titles = {dataset.id: dataset.title for dataset in self._recipe.datasets}
        listing.add_options(
            [
                Option(row_line(row, titles.get(row.dataset, row.dataset), width))
                for row in self._rows
            ]
        )
        listing.highlighted = place or 0
        self.query_one("#sum", Static).update(summed(self._rows))

    def _show(self, place: int) -> None:
        if place < len(self._rows):
            row = self._rows[place]
            self.query_one("#detail").border_title = row.name
            lines = [line for address in row.addresses for line in address_lines(address)]
            proofs = f"Proven by {', '.join(row.proven_by) or 'nothing but its kind'}."
            head = [Content.styled(proofs, "$text-muted")]
            notes = [Content.styled(row.note, "$text-muted")] if row.note else []
            self.query_one("#said", Static).update(Content("\n").join([*head, *lines, *notes]))
            self.query_one("#detail").scroll_home(animate=False)


def summed(rows: tuple[SourceRow, ...]) -> str:
    """How many archives there are, and what was learnt of them."""
    count = figures.count(len(rows), "archive")
    lost = [row.name for row in rows if row.standing == "lost"]
    if lost:
        return f"{count}. No address gives {', '.join(lost)}."
    if any(row.standing == "had" for row in rows):
        return f"{count}. Every open archive can be had."
    gone = sum(each.gone for row in rows for each in row.addresses)
    said = f" {figures.count(gone, 'address was', 'addresses were')} reported gone." if gone else ""
    return f"{count}.{said} Enter asks every address; nothing is fetched."


def row_line(row: SourceRow, title: str, width: int) -> Content:
    """One archive: sign, dataset, name, size, how it stands."""
    state = _STATES.get(row.standing, "todo")
    words = standing_words(row)
    if row.standing == "unasked" and row.addresses:
        alive = sum(not each.gone for each in row.addresses)
        words = f"{alive} of {len(row.addresses)} not reported gone" if alive else "reported gone"
    size = figures.size(row.size) if row.size else ""
    size, words = f"{size:>8}", f"{words:<{_WORDS}}" if width >= _WIDE else words
    room = max(8, width - len(words) - len(size) - 6)
    name = f"{title}: {row.name}"
    name = name if len(name) <= room else f"{name[: room - 1]}…"
    return Content.assemble(
        (f"{glyphs().states[state]} ", TONES[state]),
        f"{name:<{room}} ",
        (f"{size}  ", "$text-muted"),
        (words, TONES[state]),
    )


def address_lines(address: SourceAddress) -> list[Content]:
    """One address, whose copy it is, when it was seen, and what it says now."""
    lines = [Content.styled(address.url, "$text-primary")]
    now = address.found
    if now is not None:
        detail = f": {now.detail}" if now.detail else ""
        tone = "$text-success" if address.answers else "$text-warning"
        lines.append(Content.styled(f"  now {now.state}{detail}", tone))
    copy = f"copy of {address.copy}" if address.copy else ""
    said = filter(None, (copy, address.reported, address.note))
    return [*lines, *(Content.styled(f"  {each}", "$text-muted") for each in said)]
