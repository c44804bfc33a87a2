"""The terms of every chosen dataset on one page, and one signature below them."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal
from textual.content import Content
from textual.widgets import Input, Label, OptionList, Static
from textual.widgets.option_list import Option

from wizard import figures
from wizard.errors import UsageError
from wizard.tui.screens.base import FirstRunPage
from wizard.tui.widgets.field import TextField

if TYPE_CHECKING:
    from wizard.app.planning import OpenTerms

_HELP = """\
# Terms

The terms of every dataset you chose, in our words, with the page that holds the owner's.

Your name accepts all that are ticked, **Space** in the list takes one out or in. What you do not
accept is asked for again at its dataset, and nothing of it is fetched before. Each acceptance is
written down with your name, the account, the time and the text.
"""
_SIGN = "Type your name to accept, or take every dataset out"


class TermsList(OptionList):
    """All terms in full; the key that refuses one is told in the footer."""

    BINDINGS = [Binding("space", "screen.refuse", "Refuse, or not", tooltip="Take these out or in")]


class TermsPage(FirstRunPage):
    """The sixth page of the first run."""

    PLACE = "Terms"
    ASK = "Read these terms. Your name accepts all that are ticked."
    HELP = _HELP
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
