"""Start these requests today: the longest wait first, each with its page and a draft mail."""

from __future__ import annotations

import re
import textwrap
import time

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.recipes.model import Mail, Request
from wizard.tui import sums
from wizard.tui.glyphs import glyphs
from wizard.tui.screens.first import FirstRunPage

HELP = """\
# Requests

Some owners answer requests by hand, so ask for these today; everything else goes on meanwhile. When
an answer comes, open the wizard again and give it to the dataset: the order does not matter.

**o** shows the page to open, **y** copies it, **m** copies the draft mail where one is needed.
**d** notes that you asked today; the wizard keeps the date and reminds you.
"""


class RequestsPage(FirstRunPage):
    """The fifth page of the first run."""

    PLACE = "Requests"
    ASK = "Start these licence requests today. The rest goes on while you wait."
    HELP = HELP
    BINDINGS = [
        Binding("o", "open", "Page", tooltip="Open the page"),
        Binding("y", "copy", "Copy page", tooltip="Copy the page's address"),
        Binding("d", "asked", "Asked today", tooltip="Note that you asked for it today"),
        Binding("m", "mail", "Copy mail", tooltip="Copy the draft mail"),
    ]
    CSS_PATH = ["first.tcss", "requests.tcss"]

    def __init__(self) -> None:
        super().__init__()
        self._asked: tuple[tuple[str, str, Request], ...] = ()

    def body(self) -> ComposeResult:
        """The list and the details of the highlighted request."""
        with Horizontal(classes="body"):
            yield OptionList(classes="framed", markup=False)
            with VerticalScroll(id="detail", classes="framed"):
                yield Static("", id="said")

    def on_mount(self) -> None:
        """Longest wait first."""
        plan = self.wizard.choices.plan
        asked = [(d.id, d.title, d.request) for d in plan.datasets if d.request] if plan else []
        self._asked = tuple(sorted(asked, key=lambda row: -row[2].wait_days))
        listing = self.query_one(OptionList)
        listing.border_title = "Longest wait first"
        listing.add_options([Option(self._row(*row), id=row[0]) for row in self._asked])
        listing.focus()
        listing.highlighted = 0

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show how to ask."""
        _, title, request = self._asked[event.option_index]
        self.query_one("#detail").border_title = title
        width = max(20, self.query_one("#detail").content_region.width - 3)
        self.query_one("#said", Static).update(detail(request, width))
        self.query_one("#detail").scroll_home(animate=False)
        self.refresh_bindings()

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The mail only where there is one."""
        if action == "mail":
            return True if self._current is not None and self._current.mail else None
        return True

    def action_open(self) -> None:
        """Open the page."""
        if self._current:
            self.wizard.open_page(self._current.page)

    def action_copy(self) -> None:
        """Copy its address."""
        if self._current:
            self.wizard.copy_text(self._current.page)

    def action_asked(self) -> None:
        """Note that the highlighted one was asked for today."""
        listing = self.query_one(OptionList)
        if (place := listing.highlighted) is not None:
            row = self._asked[place]
            self.wizard.choices.asked[row[0]] = time.time()
            listing.replace_option_prompt_at_index(place, self._row(*row))

    def action_mail(self) -> None:
        """Copy the draft."""
        if self._current and self._current.mail:
            self.wizard.copy_text(draft(self._current.mail))

    def action_next(self) -> None:
        """On to the reading."""
        from wizard.tui.screens.reading import ReadingPage

        self.wizard.push_screen(ReadingPage())

    def _row(self, dataset: str, title: str, request: Request) -> Content:
        if dataset in self.wizard.choices.asked:
            said = (f"{glyphs().states['done']} asked today", "$text-success")
        else:
            said = (sums.short(request.wait), "$text-muted")
        return Content.assemble((title, "bold"), "\n  ", said)

    @property
    def _current(self) -> Request | None:
        place = self.query_one(OptionList).highlighted if self.is_mounted else None
        return self._asked[place][2] if place is not None else None


def draft(mail: Mail) -> str:
    """The whole mail as plain text."""
    head = f"To: {mail.to}\nSubject: {mail.subject}\n"
    attach = f"Attach: {mail.attach} (filled in and signed)\n" if mail.attach else ""
    return f"{head}{attach}\n{mail.body.strip()}\n"


def detail(request: Request, width: int) -> Content:
    """Wait, page, what to do there, and the draft, folded to ``width`` cells."""
    steps = [line for line in request.how.strip().splitlines() if line]
    numbered = "\n".join(
        _fold(f"{place}. {line}", width, "   ") for place, line in enumerate(steps, 1)
    )
    parts: list[tuple[str, str] | str] = [
        ("Wait: ", "$text-muted"),
        (request.wait, "$text-warning"),
        "\n",
        ("Page: ", "$text-muted"),
        (request.page, "$text-primary"),
        "\n\n",
        numbered,
    ]
    if request.mail:
        parts += ["\n\n", ("Draft mail, m copies it", "bold"), "\n"]
        parts.append(shown_draft(request.mail, width))
    return Content.assemble(*parts)


def shown_draft(mail: Mail, width: int) -> str:
    """The mail for reading: paragraphs folded anew to ``width`` cells, lines to fill in kept."""
    head, _, body = draft(mail).partition("\n\n")
    flowing = re.sub(r"(?<=[^:\n])\n(?=[^\n])", " ", body)
    return "\n".join(_fold(line, width) for line in f"{head}\n\n{flowing}".splitlines())


def _fold(line: str, width: int, indent: str = "") -> str:
    return textwrap.fill(
        line,
        width,
        subsequent_indent=indent,
        break_long_words=False,
        break_on_hyphens=False,
    )
