"""Start these requests today: the longest wait first, each with its page and a draft mail."""

from __future__ import annotations

import re
import textwrap
import time
from typing import TYPE_CHECKING

from textual import on
from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, VerticalScroll
from textual.content import Content
from textual.widgets import OptionList, Static
from textual.widgets.option_list import Option

from wizard.credentials.secret import Secret
from wizard.errors import WizardError
from wizard.recipes.model import LicenceRequest, Mail
from wizard.tui import sums
from wizard.tui.crash import in_thread
from wizard.tui.glyphs import glyphs
from wizard.tui.modals import Modal
from wizard.tui.panes.forms import form_for
from wizard.tui.screens.base import FirstRunPage
from wizard.tui.widgets.form import RequestForm
from wizard.views import Request

if TYPE_CHECKING:
    from wizard.app.bringing import OpenRequest

GivenValues = dict[str, Secret]
_HELP = """\
# Requests

Some owners answer requests by hand, so ask for these today; everything else goes on meanwhile. When
an answer comes, open the wizard again and give it to the dataset: the order does not matter.

**o** shows the page to open, **y** copies it, **m** copies the draft mail where one is needed.
**d** notes that you asked today; the wizard keeps the date and reminds you.

Where you have the login, the link or the file already, **h** takes it now, and nobody asks later.
It stays in memory until the start.
"""


class HaveModal(Modal[GivenValues]):
    """Returns what was entered, as secrets; None leaves it for later."""

    DEFAULT_CSS = """
    HaveModal > .box { width: 72; height: auto; max-height: 100%; padding: 0 1; }
    """

    def __init__(self, address: str, request: Request) -> None:
        super().__init__()
        self._address = address
        self._request = request

    def compose(self) -> ComposeResult:
        """The form."""
        with VerticalScroll(classes="box") as box:
            box.border_title = "What you have already"
            box.border_subtitle = "Enter keeps, Esc leaves as is"
            yield form_for(self._address, self._request)

    @on(RequestForm.Ready)
    def _ready(self) -> None:
        """It can be typed at once."""
        self.query_one(RequestForm).focus_first()

    @on(RequestForm.Answered)
    def _answered(self, message: RequestForm.Answered) -> None:
        self.dismiss({name: Secret(value) for name, value in message.values.items()})


class RequestsPage(FirstRunPage):
    """The fifth page of the first run."""

    PLACE = "Requests"
    ASK = "Start these licence requests today. The rest goes on while you wait."
    HELP = _HELP
    BINDINGS = [
        Binding("o", "open", "Page", tooltip="Open the page"),
        Binding("y", "copy", "Copy page", tooltip="Copy the page's address"),
        Binding("h", "have", "Have it", tooltip="Give a login, link or file you have already"),
        Binding("d", "asked", "Asked today", tooltip="Note that you asked for it today"),
        Binding("m", "mail", "Copy mail", tooltip="Copy the draft mail"),
    ]

    def __init__(self) -> None:
        super().__init__()
        self._asked: tuple[tuple[str, str, LicenceRequest], ...] = ()
        self._requests_known = False

    def body(self) -> ComposeResult:
        """The list and the details of the highlighted request."""
        with Horizontal(classes="body"):
            yield OptionList(classes="framed", markup=False)
            with VerticalScroll(id="detail", classes="framed"):
                yield Static("", id="said")

    def on_mount(self) -> None:
        """Longest wait first."""
        plan = self.wizard.setup.plan
        asked = [(d.id, d.title, d.request) for d in plan.datasets if d.request] if plan else []
        self._asked = tuple(sorted(asked, key=lambda row: -row[2].wait_days))
        listing = self.query_one(OptionList)
        listing.border_title = "Longest wait first"
        listing.add_options([Option(self._row(*row), id=row[0]) for row in self._asked])
        listing.focus()
        listing.highlighted = 0
        self.run_worker(self._find_requests(), group="open_requests", exclusive=True)

    async def _find_requests(self) -> None:
        """Look for what nobody has to give any more, without holding up the screen."""
        setup, host = self.wizard.setup, self.wizard.host
        plan = setup.plan
        if plan is not None:
            try:
                setup.open_requests = await in_thread(lambda: host.open_requests(plan))
            except WizardError as error:
                self.fault(error)
                return
            self._requests_known = True
            self._redraw()

    def on_option_list_option_highlighted(self, event: OptionList.OptionHighlighted) -> None:
        """Show how to ask."""
        self.query_one("#detail").border_title = self._asked[event.option_index][1]
        self.fit()
        self.query_one("#detail").scroll_home(animate=False)
        self.refresh_bindings()

    def on_resize(self) -> None:
        """Fold anew for the new width."""
        self.call_after_refresh(self.fit)

    def fit(self) -> bool:
        """Fold how to ask to the width there is for it."""
        width = self.query_one("#detail").content_region.width - 3
        if self._current is not None and width > 0:
            self.query_one("#said", Static).update(detail(self._current, width))
        return True

    def check_action(self, action: str, parameters: tuple[object, ...]) -> bool | None:
        """The mail only where there is one."""
        if action == "mail":
            return True if self._current is not None and self._current.mail else None
        if action == "have":
            return True if self._open_requests else None
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
            self.wizard.setup.asked[self._asked[place][0]] = time.time()
            self._redraw()

    def action_have(self) -> None:
        """Take what a person has already of the highlighted one; asked again, the next of it."""
        setup, open_requests = self.wizard.setup, self._open_requests
        left = [asked for asked in open_requests if asked.address not in setup.given] or list(
            open_requests
        )
        if not left:
            self.say("Nothing is left to give for it.")
            return
        asked = left[0]

        def taken(values: GivenValues | None) -> None:
            if values is not None:
                setup.given[asked.address] = values
                self._redraw()

        self.app.push_screen(HaveModal(asked.address, asked.request), taken)

    def action_mail(self) -> None:
        """Copy the draft."""
        if self._current and self._current.mail:
            self.wizard.copy_text(draft(self._current.mail))

    def action_next(self) -> None:
        """On to the terms, or the reading."""
        self.wizard.go(self.wizard.setup.after_requests)

    def _row(self, dataset: str, title: str, request: LicenceRequest) -> Content:
        done = glyphs().states["done"]
        own = [asked for asked in self.wizard.setup.open_requests if asked.dataset == dataset]
        if self._requests_known and not own:
            said = (f"{done} nothing left to give", "$text-success")
        elif own and all(asked.address in self.wizard.setup.given for asked in own):
            said = (f"{done} given, used at the start", "$text-success")
        elif dataset in self.wizard.setup.asked:
            said = (f"{done} asked today", "$text-success")
        else:
            said = (sums.short(request.wait), "$text-muted")
        return Content.assemble((title, "bold"), "\n  ", said)

    def _redraw(self) -> None:
        listing = self.query_one(OptionList)
        for place, row in enumerate(self._asked):
            listing.replace_option_prompt_at_index(place, self._row(*row))
        self.refresh_bindings()

    @property
    def _open_requests(self) -> tuple[OpenRequest, ...]:
        """What the highlighted dataset still needs from a person."""
        place = self.query_one(OptionList).highlighted if self.is_mounted else None
        dataset = self._asked[place][0] if place is not None else ""
        return tuple(asked for asked in self.wizard.setup.open_requests if asked.dataset == dataset)

    @property
    def _current(self) -> LicenceRequest | None:
        place = self.query_one(OptionList).highlighted if self.is_mounted else None
        return self._asked[place][2] if place is not None else None


def draft(mail: Mail) -> str:
    """The whole mail as plain text."""
    head = f"To: {mail.to}\nSubject: {mail.subject}\n"
    attach = f"Attach: {mail.attach} (filled in and signed)\n" if mail.attach else ""
    return f"{head}{attach}\n{mail.body.strip()}\n"


def detail(request: LicenceRequest, width: int) -> Content:
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
