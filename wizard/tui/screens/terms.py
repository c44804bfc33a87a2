"""The last pages before the start: terms and one signature below them, and what to read."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from wizard import figures
from wizard.app import machine
from wizard.engine.remote.protocol import Answer, RunnerClient
from wizard.errors import UsageError, WizardError
from wizard.recipes.model import Recipe
from wizard.tui.crash import in_thread
from wizard.tui.screens.base import FirstRunPage
from wizard.tui.shell import Setup
from wizard.tui.widgets.field import TextField

if TYPE_CHECKING:
    from wizard.app.planning import OpenTerms

_TERMS_HELP = """\
# Terms

The terms of every dataset you chose, in our words, with the page that holds the owner's.

Your name accepts all that are ticked, **Space** in the list takes one out or in. What you do not
accept is asked for again at its dataset, and nothing of it is fetched before. Each acceptance is
written down with your name, the account, the time and the text.
"""
_SIGN = "Type your name to accept, or take every dataset out"
_READING_HELP = """\
# Reading

The people who made the collection ask everybody to read these first. Where it has taxonomies of its
own, what their names stand for comes below.

**Enter** starts. Free downloads whose terms you accepted begin at once.
"""


class TermsList(OptionList):
    """All terms in full; the key that refuses one is told in the footer."""

    BINDINGS = [Binding("space", "screen.refuse", "Refuse, or not", tooltip="Take these out or in")]


class TermsPage(FirstRunPage):
    """The sixth page of the first run."""

    PLACE = "Terms"
    ASK = "Read these terms. Your name accepts all that are ticked."
    HELP = _TERMS_HELP
    BINDINGS = [
        Binding("enter", "next", "Accept", priority=True, tooltip="Sign and go on"),
        Binding("up", "read('cursor_up')", "Read", show=False),
        Binding("down", "read('cursor_down')", "Read", tooltip="Read on in the list"),
        Binding("pageup", "read('page_up')", "Read", show=False),
        Binding("pagedown", "read('page_down')", "Read", show=False),
        Binding("tab", "app.focus_next", "Name or list", tooltip="To the field, or to the list"),
    ]

    def body(self) -> ComposeResult:
        """The list, the field for the name, and what it would accept."""
        setup = self.wizard.setup
        yield TermsList(*map(self._row, setup.terms), classes="body framed", markup=False)
        with Horizontal(id="sign"):
            yield Label("Your name")
            yield TextField(setup.signature, placeholder="as it shall be written down", id="name")
        yield Static("", id="count", markup=False)

    def on_mount(self) -> None:
        """The name can be typed at once."""
        listing = self.query_one(TermsList)
        listing.border_title = figures.count(len(self.wizard.setup.terms), "dataset")
        listing.highlighted = 0
        self.query_one(Input).focus()
        self._count()

    def action_read(self, move: str) -> None:
        """Go to the list and move there."""
        listing = self.query_one(TermsList)
        listing.focus()
        moves: dict[str, Callable[[], object]] = {
            "cursor_up": listing.action_cursor_up,
            "cursor_down": listing.action_cursor_down,
            "page_up": listing.action_page_up,
            "page_down": listing.action_page_down,
        }
        moves[move]()

    def action_refuse(self) -> None:
        """Take the highlighted terms out, or in again."""
        setup, listing = self.wizard.setup, self.query_one(TermsList)
        if (place := listing.highlighted) is None:
            return
        setup.refused ^= {setup.terms[place].address}
        listing.replace_option_prompt_at_index(place, self._row(setup.terms[place]).prompt)
        self._count()

    def action_next(self) -> None:
        """Keep the signature; a name is needed unless nothing is accepted."""
        setup, name = self.wizard.setup, self.query_one(Input).value.strip()
        if not name and any(each.address not in setup.refused for each in setup.terms):
            self.query_one(Input).focus()
            self.fault(UsageError("no name stands below the terms", hint=_SIGN))
            return
        self.fault(None)
        setup.signature = name
        self.wizard.go("reading")

    def _count(self) -> None:
        setup = self.wizard.setup
        refused = sum(each.address in setup.refused for each in setup.terms)
        said = f"It accepts {len(setup.terms) - refused} of {len(setup.terms)}."
        later = f" {refused} refused: asked for again at the dataset." if refused else ""
        self.query_one("#count", Static).update(said + later)

    def _row(self, asked: OpenTerms) -> Option:
        setup, terms = self.wizard.setup, asked.terms
        title = setup.recipe.dataset(asked.dataset).title if setup.recipe else asked.dataset
        taken = asked.address not in setup.refused
        use = "Commercial use is allowed." if terms.commercial else "Not for commercial use."
        text = Content.assemble(
            ("[x] " if taken else "[ ] ", "bold $text-success" if taken else "bold $text-warning"),
            (f"{title}  ", "bold"),
            (terms.title, "$text-primary"),
            ("" if taken else "  refused", "$text-warning"),
            f"\n{' '.join(terms.summary.split())} ",
            (use, "$text-muted" if terms.commercial else "$text-warning"),
            (f"\n{terms.url}\n", "$text-muted"),
        )
        return Option(text, id=asked.address)


class ReadingPage(FirstRunPage):
    """The last page of the first run."""

    PLACE = "Reading"
    ASK = "Please read this first. Then press Enter to start."
    HELP = _READING_HELP
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
